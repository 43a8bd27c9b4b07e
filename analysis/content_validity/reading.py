"""Reads filled sheets of a panel: spreadsheets, or the tables that the page saves."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from analysis.content_validity.sheet import BACKGROUND, DEGREES, NEED, NONE_OF_THESE, Sheet
from analysis.content_validity.workbook import ABOUT, BEGIN, CODE, MISSING, RATE, SORT
from analysis.files.spreadsheet import sheets_of
from instrument.nodes import shown

MOST_COMPLAINTS: Final = 12
MOST_BYTES: Final = 2**22
LONGEST: Final = 2_000


class SheetError(ValueError):
    """A sheet cannot be used; the message says which, where in it, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one rater said of one statement; None where nothing was said. `sorted` is a facet or "none"."""

    sorted: str | None = None
    relevance: int | None = None
    clarity: int | None = None
    need: str | None = None
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Rater:
    """One filled sheet: background by question, judgements by item, and what was missed."""

    name: str
    background: Mapping[str, str]
    judgements: Mapping[str, Judgement]
    missing: tuple[str, ...]
    made_up: bool


@dataclass
class _Said:
    """The answers of a file by their keys, such as ``3.relevance``, each with its place for complaints."""

    file: Path
    answers: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def put(self, key: str, value: str, place: str) -> None:
        if value.strip():
            if key in self.answers:
                raise SheetError(f"{self.file}, {place}: {key} stands twice; leave one of the two")
            self.answers[key] = value.strip()
            self.places[key] = place


def read_sheets(files: Sequence[Path], sheet: Sheet) -> tuple[Rater, ...]:
    """Read the filled sheets of a panel, in the order given.

    Raises
    ------
    SheetError
        A file is no sheet of this panel, holds an answer that was not offered, or two are of one rater.
    """
    raters = tuple(_rater(file, sheet) for file in files)
    seen: dict[str, Path] = {}
    for file, rater in zip(files, raters, strict=True):
        first = seen.setdefault(rater.name.casefold(), file)
        if first is not file:
            raise SheetError(
                f"{file} and {first} are both of {rater.name}: leave one out, or give each rater a letter"
            )
    for place, one in enumerate(raters):
        for at, other in enumerate(raters[:place]):
            if one.judgements == other.judgements and any(j != Judgement() for j in one.judgements.values()):
                raise SheetError(
                    f"{files[place]} says what {files[at]} says, to the letter: is one a copy? Leave it out"
                )
    return raters


def _rater(file: Path, sheet: Sheet) -> Rater:
    reader = READERS.get(file.suffix.lower())
    if reader is None:
        raise SheetError(f"{file} is no sheet: give .xlsx, or the .csv that the page saves")
    said = reader(file)
    code = said.answers.get(CODE)
    if code != sheet.code:
        found = f"sheet {shown(code)}" if code else "no sheet's code"
        raise SheetError(
            f"{file} holds {found}, and the sheets of form {sheet.form} as it is now are {sheet.code}: its "
            "sentences may have changed since. Name the form that was judged (--form), with --pool if the "
            "pool was, and the folder as it was then"
        )
    complaints: list[str] = []
    background = {}
    for key, (_, offered) in BACKGROUND.items():
        answer = _offered(said, f"about.{key}", {each: each for each in offered}, complaints)
        if answer is not None:
            background[key] = answer
    made_up = _offered(said, "about.made_up", {"yes": "yes", "no": "no"}, complaints)
    titles = {each.title: each.id for each in sheet.facets.values()} | {NONE_OF_THESE: "none"}
    judgements = {each.item: _judgement(said, each.number, titles, complaints) for each in sheet.statements}
    known = {str(each.number) for each in sheet.statements}
    complaints += [
        f"{said.places[key]}: there is no sentence {shown(key.split('.')[0])}"
        for key in said.answers
        if key.split(".")[0] not in known | {"about", CODE}
    ]
    if complaints:
        more = [f"and {len(complaints) - MOST_COMPLAINTS} more"] * (len(complaints) > MOST_COMPLAINTS)
        raise SheetError("\n".join(f"{file}, {each}" for each in [*complaints[:MOST_COMPLAINTS], *more]))
    return Rater(
        name=said.answers.get("about.rater", file.stem),
        background=background,
        judgements=judgements,
        missing=tuple(said.missing),
        made_up=made_up == "yes",
    )


def _judgement(said: _Said, number: int, titles: Mapping[str, str], complaints: list[str]) -> Judgement:
    degrees = {str(degree): str(degree) for degree in DEGREES}
    relevance = _offered(said, f"{number}.relevance", degrees, complaints)
    clarity = _offered(said, f"{number}.clarity", degrees, complaints)
    return Judgement(
        sorted=_offered(said, f"{number}.sorted", titles, complaints),
        relevance=None if relevance is None else int(relevance),
        clarity=None if clarity is None else int(clarity),
        need=_offered(said, f"{number}.need", {each: each for each in NEED}, complaints),
        comment=said.answers.get(f"{number}.comment", "")[:LONGEST],
    )


def _offered(said: _Said, key: str, offered: Mapping[str, str], complaints: list[str]) -> str | None:
    """Return what an answer means, None where there is none; note one that was not offered."""
    answer = said.answers.get(key)
    if answer is None:
        return None
    meant = {each.casefold(): meaning for each, meaning in offered.items()}.get(answer.casefold())
    if meant is None:
        complaints.append(
            f"{said.places[key]}: {shown(answer)} is no answer; give {', '.join(offered)}, or nothing"
        )
    return meant


def _workbook(file: Path) -> _Said:
    sheets, said = sheets_of(file), _Said(file)
    for row in sheets.get(BEGIN, ()):
        if row[:1] == [CODE] and len(row) > 1:
            said.put(CODE, row[1], f"{BEGIN}, {CODE}")
    for place, row in enumerate(sheets.get(ABOUT, [])[1:], 2):
        key, _, answer = (*row, "", "", "")[:3]
        if key:
            said.put(f"about.{key}", answer, f"{ABOUT}, row {place}")
    columns = {"belongs to": "sorted", "relevance": "relevance", "clarity": "clarity"}
    columns |= {"need": "need", "comment": "comment"}
    for name in (SORT, RATE):
        heads, *rows = sheets.get(name) or [[]]
        for place, row in enumerate(rows, 2):
            cells = dict(zip(heads, row, strict=False))
            for head, key in columns.items():
                if cells.get(head, "").strip() and cells.get("number", "").strip():
                    said.put(f"{cells['number']}.{key}", cells[head], f"{name}, row {place}, {head}")
    said.missing = _thoughts(row[0] for row in sheets.get(MISSING, [])[1:] if row)
    return said


def _saved(file: Path) -> _Said:
    said = _Said(file)
    if file.stat().st_size > MOST_BYTES:
        raise SheetError(f"{file} is larger than a sheet: give the file that the page saved")
    try:
        rows = [*csv.reader(file.read_text(encoding="utf-8-sig").splitlines())]
    except (UnicodeDecodeError, csv.Error) as error:
        raise SheetError(f"{file} is no table that the page saved: {error}") from error
    if not rows or rows[0] != ["question", "answer"]:
        raise SheetError(f"{file} does not begin with question,answer: give the file that the page saved")
    for place, row in enumerate(rows[1:], 2):
        key, answer = (*row, "", "")[:2]
        if key == "missing":
            said.missing += _thoughts(answer.split(" / "))
        elif key:
            said.put(key, answer, f"row {place}")
    return said


def _thoughts(cells: Iterable[str]) -> list[str]:
    return [cell.strip()[:LONGEST] for cell in cells if cell.strip()]


READERS: Final[dict[str, Callable[[Path], _Said]]] = {".xlsx": _workbook, ".csv": _saved}
