"""Spreadsheets (.xlsx): the first sheet as rows of cells."""

import warnings
import zipfile
import zlib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from analysis.files.columns import table_of_rows
from analysis.files.table import Table, TableError

MOST_BYTES: Final = 2**30  # of a sheet once unpacked
MOST_CELLS: Final = 2**25  # of a sheet once laid out: a file of 5 kB can have 17 billion, all but two empty


def read_xlsx(file: Path) -> Table:
    """Read the first sheet that has cells; of a formula, the value that was saved with it."""
    sheets = sheets_of(file)
    filled = [name for name, cells in sheets.items() if any(map(any, cells))]
    sheet, *others = filled or [*sheets][:1] or [""]
    rows = sheets.get(sheet, [])
    while rows and not any(rows[-1]):
        rows.pop()
    first = next((place for place, row in enumerate(rows) if any(row)), None)
    if first is None:
        raise TableError(f"{file} has no cells; its first row must name the columns")
    wide = max(len(row) for row in rows)
    header, *below = ([*row, *[""] * (wide - len(row))] for row in rows[first:])
    notes = (f"Read from the sheet {sheet}; left aside: {', '.join(others)}.",) if others else ()
    return table_of_rows(file, header, below, notes=notes)


def sheets_of(file: Path) -> dict[str, list[list[str]]]:
    """Return the rows of each sheet as text, by the sheets' names.

    Raises
    ------
    TableError
        The file is no spreadsheet, or lays out more than a table of answers has.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - only where a file needs it
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with zipfile.ZipFile(file) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_BYTES:
                raise TableError(f"{file} unpacks to more than {MOST_BYTES >> 20} MB; save it as CSV")
        with warnings.catch_warnings():  # of styles and extensions, which answers do not need
            warnings.simplefilter("ignore")
            book = load_workbook(file, read_only=True, data_only=True)
            sheets = {sheet.title: _laid_out(sheet, file) for sheet in book.worksheets}
            book.close()
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        EOFError,
        NotImplementedError,
        zlib.error,
        OSError,
    ) as error:
        if isinstance(error, TableError | FileNotFoundError | PermissionError):
            raise
        raise TableError(f"{file} is not a spreadsheet that can be read; save it again, or as CSV") from error
    return sheets


def _laid_out(sheet: Any, file: Path) -> list[list[str]]:
    """Return the rows without the empty cells at their ends; refuse more than any table of answers has."""
    sheet.reset_dimensions()  # a stated size may be false, and every row would be filled up to it
    rows, wide = list[list[str]](), 0
    for cells in sheet.iter_rows(values_only=True):
        row = [_cell(cell) for cell in cells]
        while row and not row[-1]:
            row.pop()
        rows.append(row)
        wide = max(wide, len(row))
        if wide * len(rows) > MOST_CELLS:
            raise TableError(
                f"{file} lays out more than {MOST_CELLS:,} cells in the sheet {sheet.title}; delete the "
                "empty rows and columns around the answers, or save it as CSV"
            )
    return rows


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
