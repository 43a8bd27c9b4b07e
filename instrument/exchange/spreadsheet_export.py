"""A form of an instrument's folder as the sheets of a spreadsheet form."""

from collections.abc import Mapping
from typing import Any

from instrument.catalog import InstrumentError
from instrument.exchange.folder_files import Files
from instrument.exchange.spreadsheet_form import QUESTIONNAIRE, WORDS
from instrument.nodes import Problem


def sheets_of(files: Files, form_id: str | None = None) -> dict[str, list[list[str]]]:
    """Return a form as sheets.

    Parameters
    ----------
    files
        The files of its folder, which are whole.
    form_id
        The form; may be left out where there is one.

    Raises
    ------
    InstrumentError
        There is no such form, or it is more than sheets hold.
    """
    forms = {said["form"]: said for name, said in files.items() if name.startswith("forms/")}
    if form_id is None and len(forms) != 1:
        raise InstrumentError((Problem("forms", None, f"choose one of {', '.join(forms)} with --form"),))
    chosen = form_id or next(iter(forms))
    if chosen not in forms:
        raise InstrumentError((Problem("forms", None, f"there is no form `{chosen}`"),))
    form, header = forms[chosen], files["instrument.yaml"]
    _refuse_more(form, files)
    words = {said["language"]: said for name, said in files.items() if name.startswith(f"words/{chosen}.")}
    written = header.get("language", "en")
    words = {language: words[language] for language in sorted(words, key=lambda each: each != written)}
    subscales = files["key.yaml"]["forms"].get(chosen, {}).get("subscales", {})
    head = {
        **{name: header.get(name, "") for name in ("id", "title", "licence", "private")},
        **form,
        "language": written,
        "key_revision": files["key.yaml"]["revision"],
    }
    return {
        "questionnaire": [[*QUESTIONNAIRE], [_cell(head.get(name, "")) for name in QUESTIONNAIRE]],
        "words": [[*WORDS], *([_line(said.get(name, "")) for name in WORDS] for said in words.values())],
        "items": _item_rows(form, words),
        "answers": _answer_rows(form, words),
        "subscales": _subscale_rows(subscales, words),
    }


def _refuse_more(form: Mapping[Any, Any], files: Files) -> None:
    more = [what for what in ("context", "role", "result", "words", "blocks") if form.get(what)]
    more += [name for name in ("actions.yaml", "claims.yaml") if name in files]
    if more:
        said = f"this form has {', '.join(more)}, which a spreadsheet form does not hold"
        raise InstrumentError((Problem(f"forms/{form['form']}.yaml", None, said),))


def _item_rows(form: Mapping[Any, Any], words: Files) -> list[list[str]]:
    plain = ("item", "scale", "does_not_apply", "cell")
    rows = [[*plain, *(f"text_{each}" for each in words), *(f"help_{each}" for each in words)]]
    for item in form["items"]:
        said = {**item, "item": item["id"]}
        texts = [
            words[each].get(part, {}).get(item["id"], "") for part in ("items", "help") for each in words
        ]
        rows.append([*(_cell(said.get(name, "")) for name in plain), *map(_sentence, texts)])
    return rows


def _answer_rows(form: Mapping[Any, Any], words: Files) -> list[list[str]]:
    rows = [["scale", "code", "kind", "measure", *(f"text_{each}" for each in words)]]
    for scale, said in form["scales"].items():
        measure = said.get("measure", "")
        for code in said["codes"]:
            texts = [words[each]["scales"][scale].get(code, "") for each in words]
            rows.append([scale, str(code), "", measure, *texts])
        for kind, code in said["missing"].items():
            texts = [words[each]["missing"].get(kind, "") for each in words]
            rows.append([scale, str(code), kind, measure, *texts])
    return rows


def _subscale_rows(subscales: Mapping[Any, Any], words: Files) -> list[list[str]]:
    plain = ("items", "of", "method", "min_answered", "min_items", "shown")
    rows = [["subscale", *plain, *(f"name_{each}" for each in words)]]
    for name, said in subscales.items():
        names = [words[each].get("facets", {}).get(name, "") for each in words]
        rows.append([name, *(_cell(said.get(column, "")) for column in plain), *names])
    return rows


def _sentence(said: Any) -> str:
    if isinstance(said, Mapping):
        raise InstrumentError((Problem("words", None, "sentences by role do not fit a spreadsheet form"),))
    return str(said)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_keyed, value))
    return str(value)


def _keyed(item: Any) -> str:
    return f"{'-' if item['reversed'] else ''}{item['id']}" if isinstance(item, Mapping) else str(item)


def _line(value: Any) -> str:
    return "\n".join(value) if isinstance(value, list | tuple) else _sentence(value)
