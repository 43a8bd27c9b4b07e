"""A battery: forms of several questionnaires composed into one form, which passes through every door.

Items keep their ids, words and scoring; scales get the name of their block before their own. Each block says
which form it was taken from, by its hash, and under which licence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from instrument.catalog import InstrumentError, of_texts
from instrument.exchange.folder_files import Files, as_written, read_files
from instrument.model import Form, Instrument, ShownIn
from instrument.nodes import Problem, read
from instrument.reading import Reading
from instrument.values import Identifier, Model, Named, Text
from instrument.words import Answerers

FRAMES: Final = ("before", "after")
BESIDE: Final = ("claims", "actions")


class Part(Model):
    """One part of a battery: `form` as INSTRUMENT/FORM."""

    id: Identifier
    form: Text
    item_order: ShownIn = "fixed"


class Battery(Model):
    """What a battery is composed of, in the order of its blocks."""

    battery: Identifier
    title: Text
    block_order: ShownIn = "fixed"
    blocks: Named[Part]


@dataclass(frozen=True)
class _Taken:
    """A part with the files that it comes from."""

    part: Part
    form: Form
    licence: str
    said: Mapping[Any, Any]
    """The file of the form."""
    subscales: Mapping[Any, Any]
    words: Mapping[str, Mapping[Any, Any]]
    """By language."""
    files: Files

    def scale(self, name: str) -> str:
        return f"{self.part.id}_{name}"


def read_battery(file: Path) -> Battery:
    """Read what a battery is composed of; InstrumentError with every problem."""
    reading = Reading([file.name], lambda name: read(file, name))
    found = reading.one(file.name, Battery)
    if found is None or reading.problems:
        raise InstrumentError(tuple(reading.problems))
    return found.model


def compose(battery: Battery, instruments: Mapping[str, Instrument]) -> dict[str, str]:
    """Return the text of every file of a battery.

    Parameters
    ----------
    battery : its parts
    instruments : the questionnaires that they are taken from, by id

    Returns
    -------
    dict of str
        By the name of the file; together they load as one instrument with one form.

    Raises
    ------
    InstrumentError
        A part is not there, the parts have no language in common, or they cannot stand beside each other.
    """
    taken = [_take(part, instruments) for part in battery.blocks.values()]
    problems = [*_clashes(taken)]
    languages = [each for each in taken[0].words if all(each in of.words for of in taken)] if taken else []
    if not taken:
        problems.append(Problem("blocks", None, "name a part at the least"))
    elif not languages:
        problems.append(Problem("blocks", None, "the parts have no language in common"))
    if problems:
        raise InstrumentError(tuple(problems))
    names = _names_of_subscales(taken)
    files = as_written(_files(battery, taken, languages, names))
    of_texts(files)
    return files


def _take(part: Part, instruments: Mapping[str, Instrument]) -> _Taken:
    of, _, name = part.form.partition("/")
    found = instruments.get(of)
    if found is None or name not in found.forms:
        said = f"there is no form `{part.form}`: write it as INSTRUMENT/FORM of what is installed"
        raise InstrumentError((Problem("blocks", None, said),))
    form, files = found.forms[name], read_files(found.folder)
    if form.blocks:
        said = f"`{part.form}` is a battery itself: name its parts"
        raise InstrumentError((Problem("blocks", None, said),))
    begin = f"words/{form.words or name}."
    words = {said["language"]: said for path, said in files.items() if path.startswith(begin)}
    return _Taken(
        part,
        form,
        found.licence,
        files[f"forms/{name}.yaml"],
        files["key.yaml"]["forms"].get(name, {}).get("subscales", {}),
        {each: words[each] for each in sorted(words, key=lambda each: each != found.language)},
        files,
    )


def _clashes(taken: list[_Taken]) -> Iterator[Problem]:
    """Find what would have two meanings: an item of two parts, a question or a role that differs."""
    items: dict[str, str] = {}
    questions: dict[str, Any] = {}
    roles: set[str] = set()
    for each in taken:
        for item in each.form.by_id:
            if item in items:
                said = f"item `{item}` is in `{items[item]}` and in `{each.part.form}`"
                yield Problem("blocks", None, f"{said}: bring the questionnaire again with another id for it")
            items[item] = each.part.form
        for name in each.form.context:
            asked = [
                dict(each.files["context.yaml"]["questions"][name]),
                *(said["questions"][name] for said in _beside(each, "context").values()),
            ]
            if questions.setdefault(name, asked) != asked:
                yield Problem("blocks", None, f"the parts ask `{name}` of the person in different ways")
        roles |= {each.form.role} & {*each.form.context}
    if len(roles) > 1:
        said = f"sentences would depend on several questions ({', '.join(sorted(roles))})"
        yield Problem("blocks", None, said)


def _names_of_subscales(taken: list[_Taken]) -> dict[tuple[str, str], str]:
    """Give each score its own name or, where that is taken, one with its block before it."""
    used = {name for each in taken for name in (*each.form.by_id, *each.form.context)}
    names: dict[tuple[str, str], str] = {}
    for each in taken:
        for name in each.subscales:
            names[each.part.id, name] = f"{each.part.id}_{name}" if name in used else name
            used.add(names[each.part.id, name])
    return names


def _files(
    battery: Battery, taken: list[_Taken], languages: list[str], names: Mapping[tuple[str, str], str]
) -> Files:
    first = taken[0]
    questions = _questions(taken)
    header = {
        "id": battery.battery,
        "title": battery.title,
        "licence": "; ".join(f"{each.part.id}: {each.licence}" for each in taken),
        "language": languages[0],
    }
    key = {"revision": 1, "forms": {battery.battery: {"subscales": _subscales(taken, names)}}}
    files: dict[str, Mapping[Any, Any]] = {
        "instrument.yaml": header,
        "key.yaml": key,
        f"forms/{battery.battery}.yaml": _form(battery, taken, questions),
    }
    files |= {
        f"words/{battery.battery}.{each}.yaml": _words(battery, taken, each, names) for each in languages
    }
    if questions:
        files["context.yaml"] = {
            "questions": {name: of.files["context.yaml"]["questions"][name] for name, of in questions.items()}
        }
        for language in languages:
            said = {
                name: _beside(of, "context")[language]["questions"][name] for name, of in questions.items()
            }
            spoken = _beside(first if first.form.context else next(iter(questions.values())), "context")
            files[f"words/context.{language}.yaml"] = {**spoken[language], "questions": said}
    shown = {
        names[each.part.id, name]
        for each in taken
        for name, said in each.subscales.items()
        if said.get("shown", True)
    }
    for name in BESIDE:
        files |= _of_first(name, taken, languages, shown)
    return files


def _questions(taken: list[_Taken]) -> dict[str, _Taken]:
    """Every question about the person that a part asks, the one that chooses the sentences first."""
    asked: dict[str, _Taken] = {}
    for each in taken:
        for name in each.form.context:
            asked.setdefault(name, each)
    roles = {each.form.role for each in taken}
    return {name: asked[name] for name in sorted(asked, key=lambda name: name not in roles)}


def _audience(taken: list[_Taken]) -> Answerers:
    """Return who answers every part: people who use services, where one part is theirs alone."""
    said = {each.form.audience for each in taken}
    return "service_users" if "service_users" in said else "staff" if "staff" in said else "both"


def _form(battery: Battery, taken: list[_Taken], questions: Mapping[str, _Taken]) -> Mapping[Any, Any]:
    role = next((each.form.role for each in taken if each.form.role in each.form.context), None)
    return {
        "form": battery.battery,
        "published": True,
        "about": taken[0].form.about,
        "window": "; ".join(dict.fromkeys(each.form.window for each in taken)),
        "per_page": max(each.form.per_page for each in taken),
        **({"context": [*questions]} if questions else {}),
        **({"role": role} if role else {}),
        "audience": _audience(taken),
        "result": "areas",
        "block_order": battery.block_order,
        "blocks": {
            each.part.id: {
                "items": [*each.form.by_id],
                "item_order": each.part.item_order,
                "form": each.part.form,
                "form_hash": each.form.hash,
                "licence": each.licence,
            }
            for each in taken
        },
        "scales": {
            each.scale(name): said
            for each in taken
            for name, said in each.said["scales"].items()
            if any(item.scale == name for item in each.form.items)
        },
        "items": [
            {**item, "scale": each.scale(item["scale"])} for each in taken for item in each.said["items"]
        ],
    }


def _subscales(taken: list[_Taken], names: Mapping[tuple[str, str], str]) -> Mapping[Any, Any]:
    return {
        names[each.part.id, name]: {
            **said,
            **({"of": [names[each.part.id, part] for part in said["of"]]} if "of" in said else {}),
        }
        for each in taken
        for name, said in each.subscales.items()
    }


def _words(
    battery: Battery, taken: list[_Taken], language: str, names: Mapping[tuple[str, str], str]
) -> Mapping[Any, Any]:
    spoken = [(each, each.words[language]) for each in taken]
    (_, first), *_rest = spoken
    # Nobody has translated or tested the parts together: every language of a battery begins as a draft.
    roles = next((said["roles"] for _, said in spoken if said.get("roles")), None)
    frames = {
        name: [*dict.fromkeys(line for _, said in spoken for line in said.get(name, ()))] for name in FRAMES
    }
    helps = {
        item: text
        for of, said in spoken
        for item, text in said.get("help", {}).items()
        if item in of.form.by_id
    }
    facets = {
        names[of.part.id, name]: text
        for of, said in spoken
        for name, text in said.get("facets", said.get("subscales", {})).items()
        if of.subscales.get(name, {"shown": False}).get("shown", True)
    }
    missing = {kind: text for _, said in reversed(spoken) for kind, text in said["missing"].items()}
    return {
        "form": battery.battery,
        "language": language,
        "direction": first["direction"],
        "status": "draft",
        "title": first["title"],
        **({"before": frames["before"]} if frames["before"] else {}),
        "stem": first["stem"],
        **({"roles": roles} if roles else {}),
        "items": {item: said["items"][item] for of, said in spoken for item in of.form.by_id},
        **({"help": helps} if helps else {}),
        "scales": {
            of.scale(name): labels
            for of, said in spoken
            for name, labels in said["scales"].items()
            if any(item.scale == name for item in of.form.items)
        },
        "missing": missing,
        "blocks": {
            of.part.id: {"title": said["title"], "stem": said["stem"], "missing": said["missing"]}
            for of, said in spoken
        },
        **({"facets": facets} if facets else {}),
        **({"after": frames["after"]} if frames["after"] else {}),
    }


def _beside(taken: _Taken, name: str) -> Mapping[str, Mapping[Any, Any]]:
    begin = f"words/{name}."
    return {said["language"]: said for path, said in taken.files.items() if path.startswith(begin)}


def _of_first(name: str, taken: list[_Taken], languages: list[str], shown: set[str]) -> Files:
    """Take the claims, or the actions on scores that are here, of the first part that has any."""
    of = next((each for each in taken if f"{name}.yaml" in each.files), None)
    if of is None:
        return {}
    spoken, said = _beside(of, name), of.files[f"{name}.yaml"]
    if name != "actions":
        return {f"{name}.yaml": said, **{f"words/{name}.{each}.yaml": spoken[each] for each in languages}}
    kept = {action: about for action, about in said["actions"].items() if about["facet"] in shown}
    if not kept:
        return {}
    return {
        "actions.yaml": {**said, "actions": kept},
        **{
            f"words/actions.{each}.yaml": {
                **spoken[each],
                "actions": {action: spoken[each]["actions"][action] for action in kept},
            }
            for each in languages
        },
    }
