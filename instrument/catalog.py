"""Instrument folders: reading one whole, with every problem at once, and its LOCK."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from instrument import consistency
from instrument.model import (
    Actions,
    Claims,
    Context,
    ContextWords,
    Form,
    FormWords,
    Header,
    Instrument,
    Key,
)
from instrument.nodes import Document, Problem, read
from instrument.wording import words_of

PPIQ: Final = Path(__file__).parent / "ppiq"
MAX_FILES: Final = 100

M = TypeVar("M", bound=BaseModel)


class InstrumentError(ValueError):
    """The folder does not describe an instrument; `problems` has everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def load(folder: Path | str) -> Instrument:
    """Read the instrument in `folder`; InstrumentError if anything in it is wrong or unlocked."""
    instrument, problems = _read(Path(folder))
    if instrument is not None:
        problems = lock_problems(instrument)
    if instrument is None or problems:
        raise InstrumentError(tuple(sorted(set(problems), key=_by_place)))
    return instrument


def load_unlocked(folder: Path | str) -> Instrument:
    """Read the instrument without asking its LOCK; for the command that writes one."""
    instrument, problems = _read(Path(folder))
    if instrument is None:
        raise InstrumentError(tuple(sorted(set(problems), key=_by_place)))
    return instrument


@cache
def ppiq() -> Instrument:
    return load(PPIQ)


def digests(instrument: Instrument) -> dict[str, Any]:
    """What LOCK holds: the hash of every form, of the key's revision, and of all words."""
    return {
        "forms": {
            form.id: {"sha256": form.hash, "published": form.published} for form in instrument.forms.values()
        },
        "key": {str(instrument.key.revision): instrument.key.hash},
        "words": {f"{form}.{language}": words.hash for (form, language), words in instrument.words.items()},
    }


def locked(folder: Path) -> dict[str, Any]:
    """What the folder's LOCK holds; nothing where there is no LOCK."""
    file = folder / "LOCK"
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def lock_problems(instrument: Instrument) -> list[Problem]:
    """Compare the instrument with its LOCK; a folder without one is not locked."""
    if not (instrument.folder / "LOCK").exists():
        return []
    try:
        lock = locked(instrument.folder)
        forms, key, words = lock["forms"], lock["key"], lock["words"]
    except (ValueError, KeyError, TypeError):
        return [
            Problem("LOCK", None, "this is not a LOCK file: write it anew with `python -m instrument lock`")
        ]
    now = digests(instrument)
    problems = list(refusals(instrument, lock))
    advice = "if the change is meant, run `python -m instrument lock`"
    if not problems:
        same = forms == now["forms"] and words == now["words"] and now["key"].items() <= key.items()
        if not same:
            problems.append(Problem("LOCK", None, f"forms, key or words differ from LOCK: {advice}"))
    return problems


def refusals(instrument: Instrument, lock: Mapping[str, Any]) -> Iterator[Problem]:
    """What must never change: a published form, and a key revision once locked."""
    for form_id, then in lock.get("forms", {}).items():
        form = instrument.forms.get(form_id)
        if then["published"] and (form is None or form.hash != then["sha256"] or not form.published):
            yield Problem(
                f"forms/{form_id}.yaml", None, "a published form may not change: make a new form instead"
            )
    revision = str(instrument.key.revision)
    if lock.get("key", {}).get(revision, instrument.key.hash) != instrument.key.hash:
        yield Problem("key.yaml", None, f"revision {revision} is locked: a changed key needs a new revision")


def _by_place(problem: Problem) -> tuple[str, int, str]:
    return problem.file, problem.line or 0, problem.message


def _read(folder: Path) -> tuple[Instrument | None, list[Problem]]:
    if not folder.is_dir():
        return None, [Problem(str(folder), None, "there is no such folder")]
    names = sorted(
        str(p.relative_to(folder)) for p in (*folder.glob("forms/*.yaml"), *folder.glob("words/*.yaml"))
    )
    if len(names) > MAX_FILES:
        return None, [Problem(str(folder), None, f"the folder has more than {MAX_FILES} forms and words")]
    problems: list[Problem] = []
    source = consistency.Source(
        files=tuple(names),
        header=_parse(folder, "instrument.yaml", Header, problems),
        key=_parse(folder, "key.yaml", Key, problems),
        context=_optional(folder, "context.yaml", Context, problems),
        actions=_optional(folder, "actions.yaml", Actions, problems),
        claims=_optional(folder, "claims.yaml", Claims, problems),
        forms=_several(folder, [n for n in names if n.startswith("forms")], Form, problems),
        words=_several(
            folder, [n for n in names if not n.startswith(("forms", "words/context."))], FormWords, problems
        ),
        context_words=_several(
            folder, [n for n in names if n.startswith("words/context.")], ContextWords, problems
        ),
    )
    if not any(name.startswith("forms") for name in names):
        problems.append(Problem("forms", None, "the folder has no form"))
    problems += consistency.problems(source)
    return (None if problems else _built(folder, source)), problems


def _several(
    folder: Path, names: list[str], model: type[M], problems: list[Problem]
) -> tuple[consistency.Part[M], ...]:
    parts = (_parse(folder, name, model, problems) for name in names)
    return tuple(part for part in parts if part)


def _optional(folder: Path, name: str, model: type[M], problems: list[Problem]) -> consistency.Part[M] | None:
    return _parse(folder, name, model, problems) if (folder / name).exists() else None


def _parse(folder: Path, name: str, model: type[M], problems: list[Problem]) -> consistency.Part[M] | None:
    document = read(folder / name, name)
    problems += document.problems
    if not document.readable:
        return None
    try:
        return consistency.Part(document, model.model_validate(document.data))
    except ValidationError as error:
        told = {problem.line for problem in document.problems}
        found = (_problem(document, dict(e)) for e in error.errors(include_url=False, include_input=False))
        problems += [problem for problem in found if problem.line not in told]
        return None


def _problem(document: Document, error: dict[str, Any]) -> Problem:
    *_, last = error["loc"] or ("the file",)
    said = {
        "missing": f"`{last}` is missing",
        "extra_forbidden": f"`{last}` is not known here",
        "model_type": "names with values are wanted here",
        "dict_type": "names with values are wanted here",
        "mapping_type": "names with values are wanted here",
        "tuple_type": "a list is wanted here",
        "string_type": "text is wanted here",
        "int_type": "a whole number is wanted here",
        "bool_type": "true or false is wanted here",
    }.get(error["type"], error["msg"].removeprefix("Value error, "))
    return document.problem(said, *error["loc"])


def _built(folder: Path, source: consistency.Source) -> Instrument:
    assert source.header
    assert source.key
    context = source.context.model.questions if source.context else MappingProxyType({})
    forms = {part.model.id: part.model for part in source.forms}
    spoken = {part.model.language: part.model for part in source.context_words}
    words = (
        words_of(forms[w.model.form], w.model, context, spoken.get(w.model.language)) for w in source.words
    )
    return Instrument(
        id=source.header.model.id,
        title=source.header.model.title,
        licence=source.header.model.licence,
        folder=folder,
        forms=MappingProxyType(forms),
        key=source.key.model,
        context=context,
        words=MappingProxyType({(w.form, w.language): w for w in words}),
        actions=source.actions.model.actions if source.actions else (),
        safety=source.actions.model.safety if source.actions else None,
        claims=source.claims.model if source.claims else None,
    )
