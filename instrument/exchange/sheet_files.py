"""Sheets in files: one spreadsheet (.xlsx), or a folder of CSV files."""

import csv
import io
import warnings
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any, Final

from instrument.catalog import InstrumentError
from instrument.exchange.spreadsheet_form import SHEETS, Sheets
from instrument.nodes import Problem

MOST_BYTES: Final = 2**20
MOST_UNPACKED: Final = 10 * 2**20
MOST_ROWS: Final = 5_000
MOST_COLUMNS: Final = 200
_DECLARES: Final = tuple(
    mark.encode(coding)
    for mark in ("<!DOCTYPE", "<!ENTITY")
    for coding in ("utf-8", "utf-16-le", "utf-16-be")
)
"""What begins a DTD, in every coding that a reader of XML guesses by itself."""


def read_sheets(path: Path) -> Sheets:
    """Read the sheets of a spreadsheet, or of a folder of CSV files called like sheets.

    Raises
    ------
    InstrumentError
        The file is no spreadsheet, or is larger than a form can be.
    """
    if path.is_dir():
        return {name: _csv_rows(path / f"{name}.csv") for name in SHEETS if (path / f"{name}.csv").is_file()}
    return {name: rows for name, rows in sheets_in(path).items() if name in SHEETS}


def sheets_in(path: Path) -> Sheets:
    """Return every sheet of a spreadsheet; InstrumentError as `read_sheets`."""
    if path.suffix.lower() != ".xlsx":
        raise _refused(path, "give an .xlsx file, or a folder of CSV files")
    if not path.is_file():
        raise _refused(path, "there is no such file")
    if path.stat().st_size > MOST_BYTES:
        raise _refused(path, f"the file is larger than {MOST_BYTES >> 20} MB")
    return sheets_of_xlsx(path.read_bytes(), path)


def write_sheets(sheets: Sheets, path: Path) -> None:
    """Write sheets as a spreadsheet or, where the path has no ending, as a folder of CSV files."""
    if path.suffix.lower() == ".xlsx":
        with path.open("wb") as stream:  # before the book is begun, which cannot be left half written
            xlsx_of_sheets(sheets, stream)
        return
    if path.suffix:
        raise _refused(path, "name an .xlsx file, or a folder for CSV files")
    path.mkdir(parents=True)
    for name, rows in sheets.items():
        with (path / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows(rows)


def _csv_rows(path: Path) -> list[list[str]]:
    if path.stat().st_size > MOST_BYTES:
        raise _refused(path, f"the file is larger than {MOST_BYTES >> 20} MB")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return [*csv.reader(stream, strict=True)]
    except UnicodeDecodeError:
        raise _refused(path, "the file is not in UTF-8; save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise _refused(path, f"the file is not CSV: {error}") from None


def sheets_of_xlsx(content: bytes, path: Path, only: Collection[str] = ()) -> Sheets:
    """Return the sheets of what a spreadsheet file holds, all or those of these names.

    Problems call it by `path`.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - only where a file needs it

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            _refuse_hostile(packed, path)
        with warnings.catch_warnings():  # about styles and extensions, which are not used
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            named = {sheet.title.strip().lower(): sheet for sheet in book.worksheets}
            sheets = {
                name: _laid_out(sheet, path) for name, sheet in named.items() if name in (only or named)
            }
            book.close()
    except InstrumentError:
        raise
    except Exception as error:  # a damaged file may raise any error in the reader
        raise _refused(path, "the file is not a spreadsheet that can be read; save it again") from error
    return sheets


def _laid_out(sheet: Any, path: Path) -> list[list[str]]:
    """Return the rows of a sheet, whatever size the file states."""
    sheet.reset_dimensions()
    rows = []
    for cells in sheet.iter_rows(values_only=True, max_row=MOST_ROWS, max_col=MOST_COLUMNS + 1):
        if len(cells) > MOST_COLUMNS and cells[-1] is not None:
            raise _refused(path, f"the sheet {sheet.title} has more than {MOST_COLUMNS} columns")
        rows.append([_written(cell) for cell in cells[:MOST_COLUMNS]])
    return rows


def _refuse_hostile(packed: zipfile.ZipFile, path: Path) -> None:
    """Raise InstrumentError where a file would unpack to more than a form can be, or declares a DTD."""
    if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
        raise _refused(path, f"the file unpacks to more than {MOST_UNPACKED >> 20} MB")
    for part in packed.namelist():
        content = packed.read(part)
        if any(mark in content for mark in _DECLARES):
            raise _refused(path, "the file declares a DTD, which no spreadsheet needs")


def _written(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def xlsx_of_sheets(sheets: Sheets, stream: IO[bytes]) -> None:
    """Write sheets into a stream, as a spreadsheet."""
    from openpyxl import Workbook  # noqa: PLC0415 - only where a file needs it
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([_text_cell(WriteOnlyCell(sheet, value=text)) for text in row])
    book.save(stream)


def _text_cell(cell: Any) -> Any:
    """Return a cell as text, also where it begins like a formula."""
    cell.data_type = "s"
    return cell


def _refused(path: Path, message: str) -> InstrumentError:
    return InstrumentError((Problem(path.name, None, message),))
