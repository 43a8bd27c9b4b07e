"""Definitions of other systems as spreadsheet forms: XLSForm, REDCap's dictionary, LimeSurvey's text file."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from instrument.catalog import InstrumentError
from instrument.exchange.other_systems import Choice, Question, plain, sheets_from
from instrument.exchange.sheet_files import MOST_BYTES, read_sheets, sheets_in
from instrument.exchange.spreadsheet_form import Row, Sheets
from instrument.nodes import Problem

_FIELD: Final = "Variable / Field Name"
_CHOICES: Final = "Choices, Calculations, OR Slider Labels"
_NAMED_LANGUAGE: Final = re.compile(r"label(?:::\s*(?:.*\((?P<code>[A-Za-z-]+)\)|(?P<name>[A-Za-z-]+)))?\s*")


def read_definition(path: Path) -> Sheets:
    """Read a spreadsheet form, or what another system calls its definition, as the sheets of a form.

    Raises
    ------
    InstrumentError
        The file is none of these, or asks nothing that has an order of answers.
    """
    if path.is_dir():
        return read_sheets(path)
    if path.suffix.lower() == ".xlsx":
        sheets = sheets_in(path)
        return _xlsform(sheets, path) if {"survey", "choices"} <= sheets.keys() else read_sheets(path)
    for ending, column, read in _TEXTS:
        if path.suffix.lower() in ending:
            rows = _text_rows(path, "\t" if column == "class" else ",")
            if column in (rows[0] if rows else {}):
                return read(rows, path)
    raise _refused(
        path, "give a spreadsheet form, an XLSForm (.xlsx), a REDCap dictionary (.csv) or LimeSurvey's .txt"
    )


def _xlsform(sheets: Mapping[str, Sequence[Row]], path: Path) -> Sheets:
    survey, choices = _named(sheets["survey"]), _named(sheets["choices"])
    settings = next(iter(_named(sheets.get("settings", ()))), {})
    default = settings.get("default_language", "")
    language = (re.search(r"\(([A-Za-z-]+)\)", default) or [None, ""])[1] or "en"
    lists: dict[str, list[Choice]] = {}
    for row in choices:
        name = row.get("list_name") or row.get("list name", "")
        lists.setdefault(name, []).append(
            Choice(code=row.get("name", ""), text=tuple(_labels(row, language)))
        )
    questions = [
        Question(name=row.get("name", ""), text=tuple(_labels(row, language)), choices=tuple(lists[kind[1]]))
        for row in survey
        if (kind := row.get("type", "").split())[:1] == ["select_one"] and len(kind) > 1 and kind[1] in lists
    ]
    name = settings.get("form_id") or path.stem
    return _sheets(path, name, {language: settings.get("form_title") or name}, questions)


def _labels(row: Mapping[str, str], language: str) -> Iterator[tuple[str, str]]:
    for column, text in row.items():
        match = _NAMED_LANGUAGE.fullmatch(column)
        if match and text:
            yield match["code"] or (match["name"] or language)[:2].lower(), text


def _redcap(rows: Sequence[Mapping[str, str]], path: Path) -> Sheets:
    questions = []
    for row in rows:
        if (row.get("Field Type") or "") in {"radio", "dropdown"}:
            pairs = (choice.partition(",") for choice in (row.get(_CHOICES) or "").split("|"))
            offered = tuple(Choice(code=code.strip(), text=(("en", word),)) for code, _, word in pairs)
            questions.append(
                Question(name=row[_FIELD], text=(("en", row.get("Field Label") or ""),), choices=offered)
            )
    return _sheets(path, path.stem, {}, questions)


def _limesurvey(rows: Sequence[Mapping[str, str]], path: Path) -> Sheets:
    title = {
        row["language"]: plain(row["text"])
        for row in rows
        if row.get("class") == "SL" and row.get("name") == "surveyls_title"
    }
    asked: dict[str, dict[str, str]] = {}
    choices: dict[str, dict[str, dict[str, str]]] = {}
    of_question: dict[str, str] = {}
    question = ""
    for row in rows:
        kind, name, language = row.get("class", ""), row.get("name", ""), row.get("language", "") or "en"
        if kind == "Q":
            question = name
            if row.get("type/scale") in {"L", "!", "5"}:
                asked.setdefault(name, {})[language] = row.get("text", "")
                of_question[name] = name
        elif kind == "SQ" and question:
            asked.setdefault(f"{question}_{name}", {})[language] = row.get("text", "")
            of_question[f"{question}_{name}"] = question
        elif kind == "A" and question:
            choices.setdefault(question, {}).setdefault(name, {})[language] = row.get("text", "")
    questions = [
        Question(
            name=name,
            text=tuple(text.items()),
            choices=tuple(
                Choice(code=c, text=tuple(t.items())) for c, t in choices[of_question[name]].items()
            ),
        )
        for name, text in asked.items()
        if of_question[name] in choices
    ]
    return _sheets(path, path.stem, title, questions)


def _sheets(path: Path, name: str, title: Mapping[str, str], questions: Sequence[Question]) -> Sheets:
    asked = [question for question in questions if question.name and len(question.choices) > 1]
    if not asked:
        raise _refused(path, "no question of it offers one answer of several, in an order")
    return sheets_from(name, title, asked)


def _named(rows: Sequence[Row]) -> list[dict[str, str]]:
    header, *below = rows or ((),)
    return [dict(zip(map(str.strip, header), map(str.strip, row), strict=False)) for row in below if any(row)]


def _text_rows(path: Path, delimiter: str) -> list[dict[str, Any]]:
    if not path.is_file():
        raise _refused(path, "there is no such file")
    if path.stat().st_size > MOST_BYTES:
        raise _refused(path, f"the file is larger than {MOST_BYTES >> 20} MB")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return [*csv.DictReader(stream, delimiter=delimiter, restval="")]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(path, f"the file is not text in UTF-8 with delimiters ({error})") from None


def _refused(path: Path, message: str) -> InstrumentError:
    return InstrumentError((Problem(path.name, None, message),))


# Ending of the name, a column that tells what it is, and its reader.
_TEXTS: Final[tuple[tuple[frozenset[str], str, Callable[..., Sheets]], ...]] = (
    (frozenset({".csv"}), _FIELD, _redcap),
    (frozenset({".txt", ".tsv"}), "class", _limesurvey),
)
