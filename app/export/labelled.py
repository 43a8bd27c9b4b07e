"""Microdata with their labels inside the file: Stata, Parquet and a spreadsheet; for SPSS see app.export.sav.

A category of context is a word in the CSV and in Parquet, and a number from 1 with that word's label in SPSS
and Stata, which label numbers alone. Each kind of missing stays apart: as a declared code in SPSS, as a
letter in Stata (`STATA_LETTERS`), as a code named in the field's description in Parquet.
"""

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from analysis.files.shortening import shortened
from app.csv_cells import Cell
from app.export.rows import Cells, DoesNotFit, Microdata, note
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
WIDTHS: Final[Mapping[str, int]] = {"A": 20, "B": 80, "C": 12, "D": 10, "E": 22, "F": 45}
"""Of the columns of the sheet that says what they mean, in letters."""
STATA_118: Final = 14  # pyreadstat's name for the format that Stata 14 and later write by default


@dataclass(frozen=True, kw_only=True)
class Coded:
    """A column as statistics packages hold it: numbers with labels, or text."""

    column: Column
    cells: Cells
    values: dict[int, str]
    """The label of each code of an answer."""

    @property
    def is_text(self) -> bool:
        return any(isinstance(cell, str) for cell in self.cells.values)


def coded(data: Microdata) -> tuple[Coded, ...]:
    """Number the categories of context in the order in which the questionnaire offers them, from 1."""
    found = []
    for column, cells in zip(data.columns, data.cells, strict=True):
        words = {code: label for code, label in column.values.items() if isinstance(code, str)}
        numbers = {code: number for number, code in enumerate(words, start=1)}
        values = {number: words[code] for code, number in numbers.items()} or {
            code: label for code, label in column.values.items() if isinstance(code, int)
        }
        found.append(Coded(column=column, cells=_numbered(cells, numbers), values=values))
    return tuple(found)


def _numbered(cells: Cells, numbers: Mapping[str, int]) -> Cells:
    given = [numbers.get(cell, cell) if isinstance(cell, str) else cell for cell in cells.values]
    return Cells(given, cells.places) if numbers else cells


def as_dta(data: Microdata) -> bytes:
    """Write a Stata file (release 118): labels, and each kind of missing as a letter of its own."""
    import pandas as pd  # noqa: PLC0415 - as long to load as a whole page takes
    import pyreadstat  # noqa: PLC0415

    columns = coded(data)
    check_fit(columns, STATA_VALUE_LABEL, "Stata")
    numbers = [each for each in columns if not each.is_text]
    frame = pd.DataFrame({each.column.name: as_series(each, _letters(each)) for each in columns})
    labels: dict[str, Any] = {
        each.column.name: {
            **each.values,
            **{_letters(each)[code]: label for code, label in each.column.missing.items()},
        }
        for each in numbers
        if each.values or each.column.missing
    }
    return written_by(
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
                each.column.name: [*_letters(each).values()] for each in numbers if each.column.missing
            },
        )
    )


def _letters(each: Coded) -> dict[Cell, str]:
    return {code: STATA_LETTERS[code] for code in each.column.missing}


def as_parquet(data: Microdata) -> Iterator[bytes]:
    """Write a Parquet file: the cells of the CSV, typed, each field described in its metadata."""
    import pyarrow as pa  # noqa: PLC0415 - as long to load as a whole page takes
    from pyarrow import parquet  # noqa: PLC0415

    fields = []
    for column, cells in zip(data.columns, data.cells, strict=True):
        about = {
            "label": column.label,
            "measure": column.measure,
            "value_labels": _json(column.values),
            "missing": _json(column.missing),
        }
        fields.append(pa.field(column.name, _type(cells.values), metadata=about))
    schema = pa.schema(fields, metadata={"title": data.titled, "note": note(data)})
    written = Drained()
    with parquet.ParquetWriter(written, schema) as writer:
        for block in data.blocks():
            arrays = [_array(each, field.type) for each, field in zip(block, fields, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield written.drain()
    yield written.drain()


def _type(values: Sequence[Cell]) -> Any:
    """Return the type that holds every cell: text, numbers, whole numbers, or none where there is no cell."""
    import pyarrow as pa  # noqa: PLC0415

    kinds = {type(cell) for cell in values if cell is not None}
    by_kind = ((str, pa.string()), (float, pa.float64()), (int, pa.int64()))
    return next((type_ for kind, type_ in by_kind if kind in kinds), pa.null())


def _array(cells: Cells, type_: Any) -> Any:
    """Lay cells out as Arrow does. Its own function would load pandas, which takes 40 MB."""
    import pyarrow as pa  # noqa: PLC0415

    values = cells.values
    held: list[Any] = [pa.py_buffer(np.packbits([cell is not None for cell in values], bitorder="little"))]
    if type_ == pa.string():
        texts = [as_text(cell).encode() for cell in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        held += [pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    elif type_ == pa.null():
        held = [None]
    else:
        numbers = [0 if cell is None else cell for cell in values]
        held.append(pa.py_buffer(np.array(numbers, float if type_ == pa.float64() else np.int64)))
    array = pa.Array.from_buffers(type_, len(values), held)
    if cells.places is None:
        return array
    places = pa.Array.from_buffers(
        pa.uint32(), len(cells.places), [None, pa.py_buffer(cells.places.astype(np.uint32))]
    )
    return array.take(places)


class Drained(io.RawIOBase):
    """A file that is written from its beginning to its end, and taken away as it grows."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._held.append(bytes(content))
        self._size += len(self._held[-1])
        return len(self._held[-1])

    def tell(self) -> int:
        return self._size

    def drain(self) -> bytes:
        held, self._held = b"".join(self._held), []
        return held


def as_xlsx(data: Microdata) -> bytes:
    """Write a spreadsheet: the rows, and a second sheet that says what each column and code means."""
    from openpyxl import Workbook  # noqa: PLC0415 - only where a file needs it

    book = Workbook(write_only=True)
    book.properties.title, book.properties.creator = data.titled, "Counterpoise"
    answers, about = book.create_sheet("answers"), book.create_sheet("columns")
    answers.freeze_panes = "A2"
    for name, width in WIDTHS.items():
        about.column_dimensions[name].width = width
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


def check_fit(columns: Sequence[Coded], longest: int, program: str) -> None:
    """Refuse, before a file is opened, a label of an answer that the program would cut."""
    for each in columns:
        for code, label in {**each.values, **each.column.missing}.items():
            if len(label.encode()) > longest:
                raise DoesNotFit(
                    f"the words of code {code} of {each.column.name} take {len(label.encode())} bytes, and "
                    f"{program} holds {longest}: take the answers out as CSV or Parquet"
                )
        if not each.is_text and len(each.column.missing) > SPSS_MISSING:
            raise DoesNotFit(f"{each.column.name} has more than {SPSS_MISSING} kinds of missing")


def as_series(each: Coded, letters: Mapping[Cell, str] = MappingProxyType({})) -> Any:
    """Return a column as pyreadstat takes it: text, or numbers, some of which are written as letters."""
    import pandas as pd  # noqa: PLC0415 - as long to load as a whole page takes

    values = each.cells.values
    if each.is_text:
        said = np.array([as_text(cell) for cell in values], dtype=object)
        return pd.Series(each.cells.spread(said), dtype=object)
    given = [letters.get(cell, cell) for cell in values] if letters else values
    dtype = object if any(isinstance(cell, str) for cell in given) else float
    return pd.Series(each.cells.spread(np.array(given, dtype=dtype)), dtype=dtype)


def as_text(cell: Cell) -> str:
    return "" if cell is None else str(cell)


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


def written_by(write: Callable[[str], None]) -> bytes:
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
