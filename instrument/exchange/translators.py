"""Translators' files: a table with a row for every sentence, written and read back without loss."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from instrument.catalog import InstrumentError
from instrument.exchange.translation import (
    Original,
    joined,
    original,
    remarks,
    spelled_remarks,
    translated,
)
from instrument.nodes import Problem, shown
from instrument.translations import Remark, Sentences
from instrument.values import Language, Text

COLUMNS: Final = ("key", "role", "source", "translation", "back_translation", "comment")
WORDS: Final = "words"  # the row that says which words these are, in the two languages
MAX_BYTES: Final = 1024 * 1024
MAX_ROWS: Final = 5_000

_FORMULA: Final = re.compile(r"'*[=+\-@]")  # characters with which a spreadsheet begins a formula
_NAMES: Final = re.compile(r"([a-z0-9_]{1,40})\.([A-Za-z-]{2,8})")
_TEXT: Final = TypeAdapter[str](Text)
_LANGUAGE: Final = TypeAdapter[str](Language)


@dataclass(frozen=True)
class Row:
    """A row of a translator's file, with its line."""

    line: int
    key: str
    role: str
    source: str
    translation: str
    back_translation: str
    comment: str

    @property
    def place(self) -> str:
        return f"{self.key} {self.role}".rstrip()


def export_table(folder: Path, name: str, language: str) -> str:
    """Lay out the words called `name` for translating into `language`, with what there is already."""
    source = original(folder, name)
    if _language(language, "--language") == source.language:
        raise InstrumentError((Problem(source.file(language).name, None, "this is what is translated from"),))
    said, told = translated(source, language), remarks(source, language)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    writer.writerow([WORDS, "", f"{name}.{source.language}", f"{name}.{language}", "", ""])
    for key, by_role in source.sentences.items():
        own = said.get(key, {})
        for role in ("",) if {*own, *by_role} == {""} else source.roles:
            remark = told.get(f"{key} {role}".rstrip(), Remark())
            texts = (
                by_role.get(role, by_role.get("", "")),
                own.get(role, own.get("", "")),
                remark.back_translation,
                remark.comment,
            )
            writer.writerow([key, role, *map(_guarded, texts)])
    return table.getvalue()


def import_table(folder: Path, file: Path) -> Path:
    """Write the words that a translator's file holds: all of them or, with InstrumentError, none."""
    rows, name, language = _rows_of(file)
    source = original(folder, name)
    if language == source.language:
        raise _refused(file, 2, "this is the language that is translated from")
    problems = [Problem(file.name, row.line, said) for row in rows for said in _refusals(row, source)]
    problems += _gaps(file.name, rows, source)
    if problems:
        raise InstrumentError(tuple(problems))
    texts: Sentences = {}
    for row in rows:
        texts.setdefault(row.key, {})[row.role] = row.translation
    told = {
        row.place: Remark(back_translation=row.back_translation, comment=row.comment)
        for row in rows
        if row.back_translation or row.comment
    }
    written = joined(source, language, texts), spelled_remarks(source, language, told)
    _replace(source.file(language), written[0])
    if told:
        _replace(source.remarks_file(language), written[1])
    else:
        source.remarks_file(language).unlink(missing_ok=True)
    return source.file(language)


def _refusals(row: Row, source: Original) -> Iterator[str]:
    by_role = source.sentences.get(row.key)
    if by_role is None:
        yield f"`{shown(row.key)}` is not asked (any more)"
        return
    if row.role and row.role not in source.roles:
        yield f"`{row.key}` has no role `{shown(row.role)}`"
        return
    wanted = by_role.get(row.role, by_role.get(""))
    if wanted is None:
        yield f"`{row.key}` has a sentence for each role: {', '.join(by_role)}"
    elif row.source != wanted:
        yield f"the source of `{row.place}` has changed; it is now: {wanted}"
    if not row.translation:
        yield f"`{row.place}` has no translation"
        return
    for text in filter(None, (row.translation, row.back_translation, row.comment)):
        try:
            _TEXT.validate_python(text)
        except ValidationError as error:
            yield f"`{row.place}`: {_said(error)}"


def _gaps(file: str, rows: list[Row], source: Original) -> Iterator[Problem]:
    """Find sentences that have no row, or more than one."""
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        if (row.key, row.role) in first:
            yield Problem(
                file, row.line, f"`{row.place}` has a row already, on line {first[row.key, row.role]}"
            )
        first.setdefault((row.key, row.role), row.line)
    for key, by_role in source.sentences.items():
        roles = {role for said, role in first if said == key}
        wanted = set(source.roles) if roles - {""} or "" not in by_role else {""}
        for role in sorted(wanted - roles):
            yield Problem(file, None, f"`{f'{key} {role}'.rstrip()}` has no row")
        if roles and "" in roles and roles != {""}:
            yield Problem(file, first[key, ""], f"`{key}` has rows for roles and one for everybody")


def _rows_of(file: Path) -> tuple[list[Row], str, str]:
    """Read the rows of a file, and which words they are; the file may come from a stranger."""
    rows: list[Row] = []
    for line, cells in _lines(file):
        if line == 1 and tuple(cells) != COLUMNS:
            raise _refused(file, 1, f"the first line should be: {','.join(COLUMNS)}")
        if len(cells) != len(COLUMNS):
            raise _refused(file, line, f"there are {len(cells)} cells here, not {len(COLUMNS)}")
        if len(rows) > MAX_ROWS:
            raise _refused(file, line, f"there are more than {MAX_ROWS} rows")
        rows.append(Row(line, *map(_plain, cells)))
    names = _NAMES.fullmatch(rows[1].translation) if len(rows) > 1 and rows[1].key == WORDS else None
    if names is None:
        raise _refused(
            file, 2, f"the second line should say `{WORDS}`, and of which name and language, as a.cy"
        )
    return rows[2:], names[1], _language(names[2], file.name)


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(_content(file), newline=""), strict=True)
    try:
        yield from ((reader.line_num, cells) for cells in reader if cells)
    except csv.Error as error:
        raise _refused(file, reader.line_num, f"this is not a table: {error}") from None


def _refused(file: Path, line: int | None, message: str) -> InstrumentError:
    return InstrumentError((Problem(file.name, line, message),))


def _language(language: str, file: str) -> str:
    try:
        return _LANGUAGE.validate_python(language)
    except ValidationError as error:
        raise InstrumentError((Problem(file, None, _said(error)),)) from None


def _said(error: ValidationError) -> str:
    return error.errors()[0]["msg"].removeprefix("Value error, ")


def _content(file: Path) -> str:
    if not file.is_file():
        raise _refused(file, None, "there is no such file")
    with file.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _refused(file, None, f"the file is larger than {MAX_BYTES // 1024} KiB")
    try:
        return content.decode("utf-8-sig")  # spreadsheets mark their UTF-8
    except UnicodeDecodeError:
        raise _refused(file, None, "the file is not UTF-8 text") from None


def _guarded(text: str) -> str:
    """Keep a spreadsheet from running a text as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _plain(cell: str) -> str:
    text = unicodedata.normalize("NFC", cell.strip())
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _replace(file: Path, text: str) -> None:
    """Write a file whole or not at all, in the place of the one there."""
    beside = file.with_suffix(".new")
    beside.write_text(text, "utf-8")
    beside.replace(file)
