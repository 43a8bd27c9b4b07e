"""One form as a spreadsheet: questionnaire, words, items, answers, subscales. Problems name their cell.

A form with questions on the person, or with actions and claims beside it, is more than the sheets can hold.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from instrument.catalog import InstrumentError, read_documents
from instrument.exchange.folder_files import Files
from instrument.model import Instrument
from instrument.nodes import Document, Problem, shown

Row = Sequence[str]
Sheets = Mapping[str, Sequence[Row]]
"""The name of each sheet -> its rows, of which the first names the columns."""

QUESTIONNAIRE: Final = (
    *("id", "title", "licence", "language", "form", "about", "window", "per_page", "published"),
    "key_revision",
    *("private", "audience"),
)
WORDS: Final = (
    *("language", "direction", "status", "title", "stem", "before", "after"),
    *("reading", "least", "most"),
)
ITEMS: Final = ("item", "scale", "does_not_apply", "cell", "text", "help")
ANSWERS: Final = ("scale", "code", "kind", "measure", "text")
SUBSCALES: Final = ("subscale", "items", "of", "method", "min_answered", "min_items", "shown", "name")
SHEETS: Final = {
    "questionnaire": QUESTIONNAIRE,
    "words": WORDS,
    "items": ITEMS,
    "answers": ANSWERS,
    "subscales": SUBSCALES,
}
LINES: Final = frozenset({"before", "after"})
SPOKEN: Final = frozenset({"text", "help", "name"})
"""Columns that there are once for each language: `text_en`."""

NOT_SAID_YET: Final = "Not said yet"
"""What a draft from a file of answers has in place of a text."""
_NO_WINDOW: Final = "No window of time"
_USUAL_STEM: Final = "How far do you agree?"
"""What stands in for what nobody needs before people are asked."""

_KINDS: Final = ("do_not_know", "does_not_apply", "left_blank", "rather_not_say")
_DEFAULTS: Final = {"left_blank": (-88, "Left blank"), "rather_not_say": (-99, "Rather not say")}
_WHOLE: Final = re.compile(r"[+-]?\d+(\.0+)?", re.ASCII)
_TRUE: Final = frozenset({"true", "yes", "1", "x"})
_FALSE: Final = frozenset({"", "false", "no", "0"})


class CellDocument(Document):
    """A file of an instrument, read from sheets: a problem names a cell instead of a line."""

    def __init__(self, file: str, sheet: str) -> None:
        super().__init__(file, data={})
        self.cells: dict[tuple[str | int, ...], str] = {(): sheet}
        self.empty: set[str] = set()

    def problem(self, message: str, *place: str | int) -> Problem:
        """Return a problem at the cell that says this, or the nearest around it."""
        while place and place not in self.cells:
            place = place[:-1]
        return Problem(self.cells[place], None, message)

    def put(self, value: Any, cell: str, *place: str | int) -> None:
        """Set a value at a place, and remember the cell that it came from."""
        *within, last = place
        at = self.data
        for name in within:
            at = at.setdefault(name, {})
        at[last] = value
        self.cells[place] = cell
        for length in range(1, len(place)):
            self.cells.setdefault(place[:length], cell)

    def put_text(self, written: str, stand_in: str, cell: str, name: str) -> None:
        """Set a text, or what stands in for it, and remember that the cell is empty."""
        if not written:
            self.empty.add(name)
        self.put(written or stand_in, cell, name)


@dataclass
class _Reader:
    """Turns the sheets into documents, and collects what is wrong with them."""

    sheets: Sheets
    problems: list[Problem] = field(default_factory=list)
    documents: dict[str, CellDocument] = field(default_factory=dict)

    def document(self, name: str, sheet: str) -> CellDocument:
        if name not in self.documents:
            self.documents[name] = CellDocument(name, sheet)
        return self.documents[name]

    def rows(self, sheet: str) -> Iterator[tuple[int, dict[str, str], Callable[[str], str]]]:
        """Yield each filled row: its number, its cells by column, and the address of a column's cell."""
        header, *rows = self.sheets.get(sheet) or [()]
        names = [_plain(name).lower() if "_" not in name else _column(_plain(name)) for name in header]
        known = {*SHEETS[sheet]}
        for place, name in enumerate(names):
            if name and name not in known and name.partition("_")[0] not in SPOKEN & known:
                self.problems.append(
                    Problem(
                        f"{sheet}!{_address(place, 1)}",
                        None,
                        f"`{shown(name)}` is no column here; columns are {', '.join(SHEETS[sheet])}",
                    )
                )
        for number, row in enumerate(rows, start=2):
            written = {name: cell for name, cell in zip(names, row, strict=False) if name}
            cells = {name: _lines(cell) if name in LINES else _plain(cell) for name, cell in written.items()}
            places = {name: _address(place, number) for place, name in enumerate(names)}
            if any(cells.values()):
                yield number, cells, _addresses(sheet, places, number)

    def whole(self, written: str, cell: str) -> int:
        if _WHOLE.fullmatch(written):
            return int(float(written))
        self.problems.append(Problem(cell, None, f"`{shown(written)}` is no whole number"))
        return 0

    def flag(self, written: str, cell: str) -> bool:
        if written.lower() not in _TRUE | _FALSE:
            self.problems.append(Problem(cell, None, f"`{shown(written)}` should be yes or no"))
        return written.lower() in _TRUE


def instrument_of(sheets: Sheets) -> Instrument:
    """Return the instrument that sheets describe; InstrumentError has every problem, each at its cell."""
    instrument, _, problems = read_form(sheets)
    if problems or instrument is None:
        raise InstrumentError(problems)
    return instrument


def read_form(
    sheets: Sheets,
) -> tuple[Instrument | None, Mapping[str, CellDocument], tuple[Problem, ...]]:
    """Return the instrument, its files as the sheets say them, and every complaint, each at its cell.

    InstrumentError where a sheet is missing.
    """
    reader = _documents(sheets)
    instrument, problems = read_documents([*reader.documents], reader.documents.__getitem__, Path())
    return instrument, reader.documents, tuple(dict.fromkeys([*reader.problems, *problems]))


def files_of(sheets: Sheets) -> Files:
    """Return the files of the folder that sheets describe; InstrumentError as `instrument_of`."""
    _, documents, problems = read_form(sheets)
    if problems:
        raise InstrumentError(problems)
    return {name: document.data for name, document in documents.items()}


def _documents(sheets: Sheets) -> _Reader:
    reader = _Reader(sheets)
    lacking = [name for name in ("questionnaire", "items", "answers") if not sheets.get(name)]
    if lacking:
        raise InstrumentError(tuple(Problem(name, None, "this sheet is missing") for name in lacking))
    form_id, languages = _questionnaire(reader)
    _words(reader, form_id, languages)
    _items(reader, form_id, languages)
    _answers(reader, form_id, languages)
    _subscales(reader, form_id, languages)
    return reader


def _questionnaire(reader: _Reader) -> tuple[str, list[str]]:
    """Read the first sheet into the head of the form; return the form's id and the languages."""
    _, cells, at = next(reader.rows("questionnaire"), (2, {}, _addresses("questionnaire", {}, 2)))
    header = reader.document("instrument.yaml", "questionnaire")
    for name in ("id", "title", "licence"):
        header.put(cells.get(name, ""), at(name), name)
    language = cells.get("language") or "en"
    header.put(language, at("language"), "language")
    if cells.get("private"):
        header.put(reader.flag(cells["private"], at("private")), at("private"), "private")
    form_id = cells.get("form") or cells.get("id", "")
    form = reader.document(f"forms/{form_id}.yaml", "questionnaire")
    form.put(form_id, at("form"), "form")
    form.put(reader.flag(cells.get("published", ""), at("published")), at("published"), "published")
    form.put_text(cells.get("about", ""), cells.get("title", ""), at("about"), "about")
    form.put_text(cells.get("window", ""), _NO_WINDOW, at("window"), "window")
    form.cells["audience",] = at("audience")
    if cells.get("audience"):
        form.put(cells["audience"], at("audience"), "audience")
    form.put(reader.whole(cells.get("per_page") or "5", at("per_page")), at("per_page"), "per_page")
    columns = [_plain(name).partition("_") for name in reader.sheets["items"][0]]
    spoken = [named for column, _, named in columns if column.lower() in SPOKEN]
    said = [cells.get("language", "") for _, cells, _ in reader.rows("words")]
    return form_id, list(dict.fromkeys(each for each in (language, *said, *spoken) if each)) or [language]


def _words(reader: _Reader, form_id: str, languages: Sequence[str]) -> None:
    title = reader.documents["instrument.yaml"].data["title"]
    said = {cells.get("language", ""): (cells, at) for _, cells, at in reader.rows("words")}
    for language in languages:
        cells, at = said.get(language, ({}, _addresses("words", {}, 1)))
        words = reader.document(f"words/{form_id}.{language}.yaml", "words")
        words.put(form_id, at("language"), "form")
        words.put(language, at("language"), "language")
        words.put(cells.get("direction") or "ltr", at("direction"), "direction")
        words.put(cells.get("status") or "draft", at("status"), "status")
        words.put(cells.get("title") or title, at("title"), "title")
        words.put_text(cells.get("stem", ""), _USUAL_STEM, at("stem"), "stem")
        for name in ("before", "after"):
            if cells.get(name):
                words.put(cells[name].split("\n"), at(name), name)
        for name in ("reading", "least", "most"):
            if cells.get(name):
                words.put(cells[name], at(name), name)


def _items(reader: _Reader, form_id: str, languages: Sequence[str]) -> None:
    form = reader.documents[f"forms/{form_id}.yaml"]
    items: list[dict[str, Any]] = []
    for _, cells, at in reader.rows("items"):
        place, name = len(items), cells.get("item", "")
        item: dict[str, Any] = {"id": name, "scale": cells.get("scale") or "answers"}
        if cells.get("cell"):
            item["cell"] = cells["cell"]
        if reader.flag(cells.get("does_not_apply", ""), at("does_not_apply")):
            item["does_not_apply"] = True
        items.append(item)
        form.cells[("items", place)] = form.cells[("items", place, "id")] = at("item")
        form.cells[("items", place, "scale")] = at("scale")
        for language in languages:
            words = reader.documents[f"words/{form_id}.{language}.yaml"]
            cell = words.cells["items", name] = at(_column_of("text", language, cells))
            if text := _spoken(cells, "text", language, languages):
                words.put(text, cell, "items", name)
            if text := _spoken(cells, "help", language, languages):
                words.put(text, at(_column_of("help", language, cells)), "help", name)
    form.put(items, "items", "items")
    for language in languages:
        reader.documents[f"words/{form_id}.{language}.yaml"].data.setdefault("items", {})


def _answers(reader: _Reader, form_id: str, languages: Sequence[str]) -> None:
    form = reader.documents[f"forms/{form_id}.yaml"]
    form.put({}, "answers", "scales")
    for _, cells, at in reader.rows("answers"):
        scale, kind = cells.get("scale") or "answers", cells.get("kind", "")
        code = reader.whole(cells.get("code", ""), at("code"))
        form.data["scales"].setdefault(scale, {})
        form.cells.setdefault(("scales", scale), at("scale"))
        if cells.get("measure"):
            form.put(cells["measure"], at("measure"), "scales", scale, "measure")
        if kind and kind not in _KINDS:
            problem = f"`{shown(kind)}` is no kind of answer not given; kinds are {', '.join(_KINDS)}"
            reader.problems.append(Problem(at("kind"), None, problem))
        elif kind:
            form.put(code, at("code"), "scales", scale, "missing", kind)
        else:
            _code(reader, form, scale, code, at("code"))
        where: tuple[str | int, ...] = ("missing", kind) if kind else ("scales", scale, code)
        for language in languages:
            words = reader.documents[f"words/{form_id}.{language}.yaml"]
            if not kind:
                words.data.setdefault("scales", {}).setdefault(scale, {})
            cell = words.cells[where] = at(_column_of("text", language, cells))
            if text := _spoken(cells, "text", language, languages):
                words.put(text, cell, *where)
    _may_be_skipped(reader, form_id, languages)


def _code(reader: _Reader, form: CellDocument, scale: str, code: int, cell: str) -> None:
    codes = form.data["scales"][scale].setdefault("codes", [])
    form.cells.setdefault(("scales", scale, "codes"), cell)
    form.cells["scales", scale, "codes", len(codes)] = cell
    if code in codes:
        reader.problems.append(Problem(cell, None, f"code {code} stands above already"))
    else:
        codes.append(code)


def _may_be_skipped(reader: _Reader, form_id: str, languages: Sequence[str]) -> None:
    """Give a scale without codes for no answer the two usual ones: left blank, and rather not say."""
    for scale, said in reader.documents[f"forms/{form_id}.yaml"].data["scales"].items():
        given = said.setdefault("missing", {})
        lacking = [kind for kind in _DEFAULTS if kind not in given and (kind == "left_blank" or not given)]
        given.update({kind: _DEFAULTS[kind][0] for kind in lacking})
        reader.documents[f"forms/{form_id}.yaml"].cells.setdefault(("scales", scale, "missing"), "answers")
        for language in languages:
            words = reader.documents[f"words/{form_id}.{language}.yaml"].data.setdefault("missing", {})
            for kind in lacking:
                words.setdefault(kind, _DEFAULTS[kind][1])


def _subscales(reader: _Reader, form_id: str, languages: Sequence[str]) -> None:
    key = reader.document("key.yaml", "subscales")
    _, head, head_at = next(reader.rows("questionnaire"), (2, {}, _addresses("questionnaire", {}, 2)))
    revision = reader.whole(head.get("key_revision") or "1", head_at("key_revision"))
    key.put(revision, head_at("key_revision"), "revision")
    key.put({}, "subscales", "forms", form_id, "subscales")
    for _, cells, at in reader.rows("subscales"):
        name, items = cells.get("subscale", ""), _listed(cells.get("items", ""))
        place = ("forms", form_id, "subscales", name)
        key.put({}, at("subscale"), *place)
        if items:
            key.put(items, at("items"), *place, "items")
        if parts := _listed(cells.get("of", "")):
            key.put(parts, at("of"), *place, "of")
        key.put(cells.get("method") or "mean", at("method"), *place, "method")
        least = cells.get("min_answered") or str(len(items) or len(parts))
        key.put(reader.whole(least, at("min_answered")), at("min_answered"), *place, "min_answered")
        if cells.get("min_items"):
            key.put(reader.whole(cells["min_items"], at("min_items")), at("min_items"), *place, "min_items")
        if cells.get("shown"):
            key.put(reader.flag(cells["shown"], at("shown")), at("shown"), *place, "shown")
        for language in languages:
            words = reader.documents[f"words/{form_id}.{language}.yaml"]
            cell = words.cells["facets", name] = at(_column_of("name", language, cells))
            if text := _spoken(cells, "name", language, languages):
                words.put(text, cell, "facets", name)


def _spoken(cells: Mapping[str, str], column: str, language: str, languages: Sequence[str]) -> str:
    """Return the words of a language: of its own column or, in the first language, of one without a name."""
    own = cells.get(f"{column}_{language}", "")
    return own or (cells.get(column, "") if language == languages[0] else "")


def _column_of(column: str, language: str, cells: Mapping[str, str]) -> str:
    own = f"{column}_{language}"
    return own if own in cells else column


def _column(name: str) -> str:
    """Return a column's name: the part before a language in small letters, the language as it stands."""
    before, _, language = name.partition("_")
    return f"{before.lower()}_{language}" if before.lower() in SPOKEN else name.lower()


def _listed(cell: str) -> list[str]:
    return [part for part in re.split(r"[,;\s]+", cell) if part]


def _plain(cell: str) -> str:
    """Return a cell without blanks around it, single blanks within, in Unicode normal form C."""
    return unicodedata.normalize("NFC", " ".join(str(cell).split()))


def _lines(cell: str) -> str:
    """Return a cell of several lines, each plain, none empty."""
    return "\n".join(line for written in str(cell).splitlines() if (line := _plain(written)))


def _address(place: int, row: int) -> str:
    """Return a cell's address, as B3."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def _addresses(sheet: str, places: Mapping[str, str], row: int) -> Callable[[str], str]:
    """Return what gives the address of a column's cell in a row; of the row where there is no such column."""
    return lambda name: f"{sheet}!{places.get(name, f'row {row}')}"
