"""The definition of a survey beside its file of answers: LimeSurvey's .lss, REDCap's dictionary, an XLSForm.

It gives the questions of the columns and the words of their codes.
"""

import csv
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Final, TypeVar
from xml.etree.ElementTree import Element, ParseError, fromstring
from zipfile import BadZipFile, ZipFile

from analysis.files.answer_cells import number
from analysis.files.spreadsheet import sheets_of
from analysis.files.table import Table, TableError
from analysis.files.text_encoding import decoded

_TAG: Final = re.compile(r"<[^>]*>")
_CODE_OF_LETTERS: Final = re.compile(r"[A-Za-z]{1,3}0*(\d{1,3})", re.ASCII)
_CHOICES: Final = "Choices, Calculations, OR Slider Labels"
_FIELD: Final = "Variable / Field Name"
_LIST_OF_SHEETS: Final = 2**20  # bytes that the list of a workbook's sheets may take
_SELECT_ONE: Final = re.compile(r"select[_ ]one\s+(\S+)")
_GROUP: Final = re.compile(r"begin[_ ](group|repeat)\b")
_END: Final = re.compile(r"end[_ ](group|repeat)\b")
_LABEL: Final = re.compile(r"label(::.*)?", re.DOTALL)
_Said = TypeVar("_Said")


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What a survey's definition says of columns, by their names, in the form of the fields of a Table."""

    labels: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[float, str]] = field(default_factory=dict)
    ordered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def with_survey(table: Table) -> Table:
    """Return a table with what the one definition beside its file says of its columns, if there is one."""
    for find, read in SURVEYS:
        files = find(table.file)
        if len(files) != 1:
            continue
        survey = read(files[0])
        named = {name for name in table.columns if name in survey.words or name in survey.labels}
        if not named:
            continue
        return replace(
            table,
            labels={**_of(survey.labels, named), **table.labels},
            words={**_of(survey.words, named), **table.words},
            ordered={**_of(survey.ordered, named), **table.ordered},
            notes=(*table.notes, f"Words of codes come from {files[0].name}.", *_orders(survey, named)),
        )
    return table


def _orders(survey: Survey, names: set[str]) -> list[str]:
    """Say in which order choices count that are no numbers, so that one out of order can be seen."""
    orders = dict.fromkeys(order for name, order in survey.ordered.items() if name in names)
    told = [", ".join(f"{code}={place}" for place, code in enumerate(order, start=1)) for order in orders]
    return [f"Choices that are no numbers count in their order: {each}." for each in told]


def _of(said: Mapping[str, _Said], names: set[str]) -> dict[str, _Said]:
    return {name: said[name] for name in names if name in said}


def _lss_beside(file: Path) -> list[Path]:
    own = file.with_suffix(".lss")
    return [own] if own.exists() else sorted(file.parent.glob("*.lss"))


def _dictionary_beside(file: Path) -> list[Path]:
    found = [
        other
        for other in file.parent.glob("*.csv")
        if "datadictionary" in other.name.lower().replace("_", "").replace(" ", "") and other != file
    ]
    # Several projects in one folder: the dictionary whose name begins like that of the answers.
    own = [other for other in found if other.name.partition("_")[0] == file.name.partition("_")[0]]
    return sorted(own or found)


def _xlsform_beside(file: Path) -> list[Path]:
    return [other for other in sorted(file.parent.glob("*.xlsx")) if other != file and _is_xlsform(other)]


def _is_xlsform(file: Path) -> bool:
    """Return whether a spreadsheet has the sheets of an XLSForm, by its list of sheets alone."""
    try:
        with ZipFile(file) as packed, packed.open("xl/workbook.xml") as book:
            listed = book.read(_LIST_OF_SHEETS).decode(errors="replace").lower()
    except (BadZipFile, KeyError, OSError, NotImplementedError, RuntimeError, zlib.error):
        return False
    return all(f'name="{sheet}"' in listed for sheet in ("survey", "choices"))


def read_xlsform(file: Path) -> Survey:
    """Read an XLSForm, as ODK and Kobo have it: labels of questions, and the words of their choices.

    A column is named as its question, alone or after its groups, or as the question's label.
    """
    sheets = {name.strip().lower(): rows for name, rows in sheets_of(file).items()}
    answers: dict[str, list[tuple[float, str, str]]] = {}
    for place, row in enumerate(_records(sheets.get("choices", []))):
        listed = answers.setdefault(row.get("list_name") or row.get("list name") or "", [])
        listed.append((float(place), row.get("name") or row.get("value") or "", _label(row)))
    columns: list[tuple[tuple[str, ...], str, str]] = []
    groups: list[str] = []
    for row in _records(sheets.get("survey", [])):
        kind, name = row.get("type", ""), row.get("name", "")
        if _GROUP.match(kind):
            groups.append(name)
        elif _END.match(kind):
            groups = groups[:-1]
        elif name:
            chosen = _SELECT_ONE.match(kind)
            paths = (mark.join((*groups, name)) for mark in "/-:.")
            columns.append((tuple(dict.fromkeys((name, *paths))), chosen[1] if chosen else "", _label(row)))
    times = Counter(label for _, _, label in columns)
    titled = [
        ((*names, label) if label and times[label] == 1 else names, listed, label)
        for names, listed, label in columns
    ]
    return _survey(titled, {listed: rows for listed, rows in answers.items() if listed})


def _records(rows: Sequence[Sequence[str]]) -> Iterator[dict[str, str]]:
    header, *below = rows or [[]]
    names = [name.strip().lower() for name in header]
    for row in below:
        yield {name: cell.strip() for name, cell in zip(names, row, strict=False) if name and cell.strip()}


def _label(row: Mapping[str, str]) -> str:
    """Return the label in the first language that the form has."""
    return _plain(next((cell for name, cell in row.items() if _LABEL.fullmatch(name)), ""))


def read_lss(file: Path) -> Survey:
    """Read a LimeSurvey definition: questions, subquestions, and the words of answers."""
    content = file.read_bytes()
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise TableError(f"{file} declares a DTD, which no survey's definition does; export it again")
    try:
        root = fromstring(content)  # noqa: S314 - entities are refused above
    except ParseError as error:
        raise TableError(f"{file} is not a LimeSurvey definition ({error}); export it again") from error
    said = {row.get("qid"): row.get("question") for row in _rows(root, "question_l10ns")}
    texts = {row.get("aid"): row.get("answer") for row in _rows(root, "answer_l10ns")}
    answers: dict[str, dict[str, tuple[float, str, str]]] = {}
    for row in _rows(root, "answers"):  # in older files once for each language, the survey's own first
        code, word = row.get("code", ""), _plain(row.get("answer") or texts.get(row.get("aid")) or "")
        place = number(row.get("sortorder", "")) or 0.0
        answers.setdefault(row.get("qid", ""), {}).setdefault(code, (place, code, word))
    questions = {row["qid"]: row for row in _rows(root, "questions") if "qid" in row}
    columns: list[tuple[tuple[str, ...], str, str]] = [
        ((row.get("title", ""),), qid, row.get("question") or said.get(qid) or "")
        for qid, row in questions.items()
    ]
    for row in _rows(root, "subquestions"):
        above = questions.get(row.get("parent_qid", ""))
        if above is not None:
            title, part = above.get("title", ""), row.get("title", "")
            names = (f"{title}[{part}]", f"{title}_{part}")
            columns.append((names, above["qid"], row.get("question") or said.get(row.get("qid")) or ""))
    return _survey(columns, {qid: sorted(rows.values()) for qid, rows in answers.items()})


def _survey(
    columns: Iterable[tuple[tuple[str, ...], str, str]],
    answers: Mapping[str, list[tuple[float, str, str]]],
) -> Survey:
    labels, words, ordered = dict[str, str](), dict[str, dict[float, str]](), dict[str, tuple[str, ...]]()
    for names, qid, label in columns:
        offered = answers.get(qid, [])
        codes = [code for _, code, _ in offered]
        values = [_value(code) for code in codes]
        numbered = [value for value in values if value is not None]
        by_place = [float(place) for place in range(1, len(codes) + 1)]
        own = numbered if len({*numbered}) == len(codes) else by_place
        for name in names:
            labels[name] = _plain(label)
            if offered:
                words[name] = {code: word for code, (_, _, word) in zip(own, offered, strict=True)}
                if own is by_place:
                    ordered[name] = tuple(codes)
    return Survey(labels=labels, words=words, ordered=ordered)


def _value(code: str) -> float | None:
    lettered = _CODE_OF_LETTERS.fullmatch(code)
    return float(lettered[1]) if lettered else number(code)


def _rows(root: Element, part: str) -> Iterator[dict[str, str]]:
    for row in root.iterfind(f"./{part}/rows/row"):
        yield {cell.tag: (cell.text or "").strip() for cell in row}


def _plain(text: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", text)).split())


def read_dictionary(file: Path) -> Survey:
    """Read a REDCap data dictionary: labels of fields, and the words of their choices."""
    text, _ = decoded(file.read_bytes(), str(file))
    rows = list(csv.DictReader(StringIO(text, newline="")))
    labels, words = dict[str, str](), dict[str, dict[float, str]]()
    for row in rows:
        name, label = (row.get(_FIELD) or "").strip(), _plain(row.get("Field Label") or "")
        if not name:
            continue
        choices = _choices(row.get(_CHOICES) or "")
        if row.get("Field Type") == "checkbox":
            for code, word in choices.items():
                column = f"{name}___{code.lower().replace('-', '_')}"
                labels[column], words[column] = f"{label}: {word}", {0.0: "Unchecked", 1.0: "Checked"}
            continue
        labels[name] = label
        if row.get("Field Type") in {"radio", "dropdown"}:
            coded = {number(code): word for code, word in choices.items()}
            words[name] = {code: word for code, word in coded.items() if code is not None}
    return Survey(labels=labels, words={name: found for name, found in words.items() if found})


def _choices(said: str) -> dict[str, str]:
    """Return `1, Never | 2, Often` as words by codes."""
    pairs = (choice.partition(",") for choice in said.split("|"))
    return {code.strip(): _plain(word) for code, comma, word in pairs if comma}


SURVEYS: Final[tuple[tuple[Callable[[Path], list[Path]], Callable[[Path], Survey]], ...]] = (
    (_lss_beside, read_lss),
    (_dictionary_beside, read_dictionary),
    (_xlsform_beside, read_xlsform),
)
