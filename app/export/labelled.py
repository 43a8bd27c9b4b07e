"""Microdata with their labels inside the file: SPSS, Stata, Parquet and a spreadsheet.

A category of context is a word in the CSV and in Parquet, and a number from 1 with that word's label in SPSS
and Stata, which label numbers alone. Each kind of missing stays apart: as a declared code in SPSS, as a
letter in Stata (`STATA_LETTERS`), as a code named in the field's description in Parquet.
"""

import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.files.shortening import shortened
from app.csv_cells import Cell
from app.errors import Refused
from app.export.rows import Microdata, note
from instrument import (
    DO_NOT_KNOW,
    DOES_NOT_APPLY,
    LEFT_BLANK,
    RATHER_NOT_SAY,
    WITHHELD,
    Column,
)

STATA_LETTERS: Final[Mapping[int, str]] = {
    DOES_NOT_APPLY: "a",
    LEFT_BLANK: "b",
    RATHER_NOT_SAY: "c",
    WITHHELD: "d",
    DO_NOT_KNOW: "e",
}
SPSS_MISSING: Final = 3
SPSS_LABEL, STATA_LABEL, STATA_FILE_LABEL = 256, 80, 80
"""The longest label of a variable: in bytes in SPSS, in characters in Stata."""
SPSS_VALUE_LABEL: Final = 120
STATA_VALUE_LABEL: Final = 32_000
STATA_118: Final = 14  # pyreadstat's name for the format that Stata 14 and later write by default


@dataclass(frozen=True, kw_only=True)
class Coded:
    """A column as statistics packages hold it: numbers with labels, or text."""

    column: Column
    cells: tuple[Cell, ...]
    values: dict[int, str]
    """The label of each code of an answer."""

    @property
    def is_text(self) -> bool:
        return any(isinstance(cell, str) for cell in self.cells)


def coded(data: Microdata) -> tuple[Coded, ...]:
    """Number the categories of context in the order in which the questionnaire offers them, from 1."""
    found = []
    for place, column in enumerate(data.columns):
        cells = tuple(row[place] for row in data.rows)
        words = {code: label for code, label in column.values.items() if isinstance(code, str)}
        numbers = {code: number for number, code in enumerate(words, start=1)}
        values = {number: words[code] for code, number in numbers.items()} or {
            code: label for code, label in column.values.items() if isinstance(code, int)
        }
        if numbers:
            cells = tuple(numbers.get(cell, cell) if isinstance(cell, str) else cell for cell in cells)
        found.append(Coded(column=column, cells=cells, values=values))
    return tuple(found)


def as_sav(data: Microdata) -> bytes:
    """Write an SPSS file: labels, measure levels, and the kinds of missing as declared codes."""
    import pandas as pd  # noqa: PLC0415 - as long to load as a whole page takes
    import pyreadstat  # noqa: PLC0415

    columns = coded(data)
    _fit(columns, SPSS_VALUE_LABEL, "SPSS")
    numbers = [each for each in columns if not each.is_text]
    frame = pd.DataFrame({each.column.name: _series(each, each.cells) for each in columns})
    labels: dict[str, Any] = {
        each.column.name: {**each.values, **each.column.missing}
        for each in numbers
        if each.values or each.column.missing
    }
    return _written(
        lambda path: pyreadstat.write_sav(
            frame,
            path,
            file_label=shortened(data.titled, 60),
            column_labels={each.column.name: shortened(each.column.label, SPSS_LABEL) for each in columns},
            note=_notes(data, columns),
            variable_value_labels=labels,
            missing_ranges={
                each.column.name: [*each.column.missing] for each in numbers if each.column.missing
            },
            variable_measure={each.column.name: each.column.measure for each in columns},
            variable_format={each.column.name: _spss_format(each) for each in numbers},
        )
    )


def as_dta(data: Microdata) -> bytes:
    """Write a Stata file (release 118): labels, and each kind of missing as a letter of its own."""
    import pandas as pd  # noqa: PLC0415 - as long to load as a whole page takes
    import pyreadstat  # noqa: PLC0415

    columns = coded(data)
    _fit(columns, STATA_VALUE_LABEL, "Stata")
    numbers = [each for each in columns if not each.is_text]
    frame = pd.DataFrame({each.column.name: _series(each, _lettered(each)) for each in columns})
    labels: dict[str, Any] = {
        each.column.name: {
            **each.values,
            **{STATA_LETTERS[code]: label for code, label in each.column.missing.items()},
        }
        for each in numbers
        if each.values or each.column.missing
    }
    return _written(
        lambda path: pyreadstat.write_dta(
            frame,
            path,
            version=STATA_118,
            file_label=shortened(data.titled, STATA_FILE_LABEL, bytes_=False),
            column_labels={
                each.column.name: shortened(each.column.label, STATA_LABEL, bytes_=False) for each in columns
            },
            variable_value_labels=labels,
            missing_user_values={
                each.column.name: [STATA_LETTERS[code] for code in each.column.missing]
                for each in numbers
                if each.column.missing
            },
        )
    )


def as_parquet(data: Microdata) -> bytes:
    """Write a Parquet file: the cells of the CSV, typed, each field described in its metadata."""
    import pyarrow as pa  # noqa: PLC0415 - as long to load as a whole page takes
    from pyarrow import parquet  # noqa: PLC0415

    fields, arrays = [], []
    for place, column in enumerate(data.columns):
        cells = [row[place] for row in data.rows]
        text = any(isinstance(cell, str) for cell in cells)
        array = pa.array([None if cell is None else str(cell) for cell in cells]) if text else pa.array(cells)
        about = {
            "label": column.label,
            "measure": column.measure,
            "value_labels": _json(column.values),
            "missing": _json(column.missing),
        }
        fields.append(pa.field(column.name, array.type, metadata=about))
        arrays.append(array)
    about_all = {"title": data.titled, "note": note(data)}
    written = io.BytesIO()
    parquet.write_table(pa.table(arrays, schema=pa.schema(fields, metadata=about_all)), written)
    return written.getvalue()


def as_xlsx(data: Microdata) -> bytes:
    """Write a spreadsheet: the rows, and a second sheet that says what each column and code means."""
    from openpyxl import Workbook  # noqa: PLC0415 - only where a file needs it

    book = Workbook(write_only=True)
    answers, about = book.create_sheet("answers"), book.create_sheet("columns")
    answers.append([_text(answers, column.name) for column in data.columns])
    for row in data.rows:
        answers.append([_text(answers, each) for each in row])
    for line in (("simulated", int(data.simulated)), ("note", note(data)), ()):
        about.append([_text(about, each) for each in line])
    about.append([_text(about, each) for each in ("name", "label", "kind", "measure", "code", "meaning")])
    for column in data.columns:
        known = (column.name, column.label, column.kind, column.measure)
        for code, meaning in [*column.values.items(), *column.missing.items()] or [(None, None)]:
            about.append([_text(about, each) for each in (*known, code, meaning)])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _fit(columns: tuple[Coded, ...], longest: int, program: str) -> None:
    """Refuse, before a file is opened, a label of an answer that the program would cut."""
    for each in columns:
        for code, label in {**each.values, **each.column.missing}.items():
            if len(label.encode()) > longest:
                raise Refused(
                    f"the words of code {code} of {each.column.name} take {len(label.encode())} bytes, and "
                    f"{program} holds {longest}: take the answers out as CSV or Parquet"
                )
        if not each.is_text and len(each.column.missing) > SPSS_MISSING:
            raise Refused(f"{each.column.name} has more than {SPSS_MISSING} kinds of missing")


def _series(each: Coded, cells: tuple[Cell, ...]) -> Any:
    import pandas as pd  # noqa: PLC0415 - as long to load as a whole page takes

    if each.is_text:
        return pd.Series(["" if cell is None else str(cell) for cell in cells], dtype=object)
    mixed = any(isinstance(cell, str) for cell in cells)
    return pd.Series(cells, dtype=object if mixed else float)


def _lettered(each: Coded) -> tuple[Cell, ...]:
    if each.is_text:
        return each.cells
    letters = {code: STATA_LETTERS[code] for code in each.column.missing}
    return tuple(letters.get(cell, cell) if isinstance(cell, int) else cell for cell in each.cells)


def _spss_format(each: Coded) -> str:
    if each.column.kind == "score":
        return "F8.2"
    return "F3.0" if each.values or each.column.missing else "F10.0"


def _notes(data: Microdata, columns: tuple[Coded, ...]) -> list[str]:
    """Return the notes of the file: what its reader has to know, and whole labels that SPSS would cut."""
    cut = [
        f"{each.column.name}: {each.column.label}"
        for each in columns
        if len(each.column.label.encode()) > SPSS_LABEL
    ]
    return [*_lines(note(data)), *(line for label in cut for line in _lines(label))]


def _lines(text: str, most: int = 80) -> list[str]:
    """Split a text into lines of at most so many bytes, the unit of which a note of SPSS is made."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer.encode()) > most and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _json(words: Mapping[Any, str]) -> str:
    return json.dumps({str(code): label for code, label in words.items()}, ensure_ascii=False)


def _text(sheet: Any, value: Cell) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - only where a file needs it

    if not isinstance(value, str):
        return value
    made = WriteOnlyCell(sheet, value=value)
    made.data_type = "s"
    return made


def _written(write: Callable[[str], None]) -> bytes:
    """Return what a library writes to a named file: in memory where the system can, so no disk keeps it."""
    if hasattr(os, "memfd_create"):
        held = os.memfd_create("export")
        try:
            write(f"/proc/self/fd/{held}")
            return Path(f"/proc/self/fd/{held}").read_bytes()
        finally:
            os.close(held)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "export")
        write(str(path))
        return path.read_bytes()
