"""An SPSS file, written a block of rows after the other.

pyreadstat writes whole tables alone. So it writes the file of a table of one row, with every name, label,
level, format and declared code; that row is taken off, the number of rows is put where it stands, and the
rows follow as the format has them, uncompressed: a number as a float of eight bytes, a text with spaces up to
a multiple of eight. What pyreadstat writes of the whole table is the same, byte by byte; a test holds that.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.files.shortening import shortened
from app.csv_cells import Cell
from app.export.labelled import (
    SPSS_LABEL,
    SPSS_VALUE_LABEL,
    Coded,
    as_series,
    as_text,
    check_fit,
    coded,
    written_by,
)
from app.export.rows import Cells, DoesNotFit, Microdata, blocks, note

FILE_LABEL: Final = 60
TEXT: Final = 255
"""The longest text, in bytes, that the format keeps in one piece."""
UNIT: Final = 8
NO_NUMBER: Final = -np.finfo(float).max
COUNT_AT: Final = 80
LONG_COUNT_IS: Final = struct.pack("<6i", 7, 16, 8, 2, 1, 0)
"""What stands before the number of rows in eight bytes: a record's kind and size, and a 1 in eight bytes."""


def as_sav(data: Microdata) -> Iterable[bytes]:
    """Write an SPSS file: labels, measure levels, and the kinds of missing as declared codes."""
    columns = coded(data)
    check_fit(columns, SPSS_VALUE_LABEL, "SPSS")
    row = np.dtype([(each.column.name, _kept_as(each)) for each in columns])
    head = _head(data, columns, row.itemsize)
    return chain((head,), (_rows(block, row) for block in blocks([each.cells for each in columns])))


def _kept_as(each: Coded) -> str:
    """How a column is kept: a number, or a text with room for the longest."""
    if not each.is_text:
        return "<f8"
    longest = max(len(as_text(cell).encode()) for cell in each.cells.values)
    if longest > TEXT:
        raise DoesNotFit(
            f"a text of {each.column.name} takes {longest} bytes, and the SPSS file holds {TEXT}: take the "
            "answers out as CSV or Parquet"
        )
    return f"S{max(1, -(-longest // UNIT)) * UNIT}"


def _head(data: Microdata, columns: Sequence[Coded], row: int) -> bytes:
    """What stands before the rows: of a file of one row, whose texts are the longest there are."""
    first = [replace(each, cells=Cells([_widest(each)])) for each in columns]
    written = bytearray(written_by(lambda path: write_sav(data, first, path))[:-row])
    again = written.index(LONG_COUNT_IS) + len(LONG_COUNT_IS)
    written[COUNT_AT : COUNT_AT + 4] = struct.pack("<i", data.count)
    written[again : again + 8] = struct.pack("<q", data.count)
    return bytes(written)


def write_sav(data: Microdata, columns: Sequence[Coded], path: str) -> None:
    """Have pyreadstat write the rows of some columns."""
    import pandas as pd  # noqa: PLC0415 - as long to load as a whole page takes
    import pyreadstat  # noqa: PLC0415

    numbers = [each for each in columns if not each.is_text]
    labels: dict[str, Any] = {
        each.column.name: {**each.values, **each.column.missing}
        for each in numbers
        if each.values or each.column.missing
    }
    pyreadstat.write_sav(
        pd.DataFrame({each.column.name: as_series(each) for each in columns}),
        path,
        file_label=shortened(data.titled, FILE_LABEL),
        column_labels={each.column.name: shortened(each.column.label, SPSS_LABEL) for each in columns},
        note=_notes(data, columns),
        variable_value_labels=labels,
        missing_ranges={each.column.name: [*each.column.missing] for each in numbers if each.column.missing},
        variable_measure={each.column.name: each.column.measure for each in columns},
        variable_format={each.column.name: _spss_format(each) for each in numbers},
    )


def _widest(each: Coded) -> Cell:
    return max(map(as_text, each.cells.values), key=lambda text: len(text.encode())) if each.is_text else 0


def _rows(block: Sequence[Cells], row: np.dtype[Any]) -> bytes:
    rows = np.empty(len(block[0]), row)
    for cells, name in zip(block, row.names or (), strict=True):
        rows[name] = cells.spread(_kept(cells.values, row[name]))
    return rows.tobytes()


def _kept(values: Sequence[Cell], as_: np.dtype[Any]) -> NDArray[Any]:
    if as_.kind == "f":
        return np.array([NO_NUMBER if cell is None else cell for cell in values], as_)
    return np.array([as_text(cell).encode().ljust(as_.itemsize) for cell in values], as_)


def _spss_format(each: Coded) -> str:
    if each.column.kind == "score":
        return "F8.2"
    return "F3.0" if each.values or each.column.missing else "F10.0"


def _notes(data: Microdata, columns: Sequence[Coded]) -> list[str]:
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
