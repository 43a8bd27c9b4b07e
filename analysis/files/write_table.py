"""Tables written to files: CSV, spreadsheets, Parquet, SPSS, Stata, with labels where a file holds them.

The libraries that write them are imported when a file needs them.
"""

import csv
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.files.shortening import shortened
from analysis.files.table import Column, Table, TableError

_SPSS_NAME: Final = 64
_STATA_NAME: Final = 32
_SPSS_LABEL: Final = 256
_STATA_LABEL: Final = 80
_VALUE_LABEL: Final = 120
_SPSS_DECLARED: Final = 3  # missing codes, or one range
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_RESERVED: Final = frozenset(
    (
        *("all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"),
        *("byte", "double", "float", "if", "in", "int", "long", "using", "strl"),
    )
)


def write_table(table: Table, file: Path) -> None:
    """Write a table by the ending of the file's name; whole numbers are written without a point.

    Names and labels that SPSS or Stata cannot hold are shortened; the full name then stands in the label.

    Parameters
    ----------
    table
        The table.
    file
        Where to: .csv, .xlsx, .parquet, .sav or .dta.

    Raises
    ------
    TableError
        The ending is not known, or the format cannot hold the table.
    OSError
        The file cannot be written.
    """
    writer = WRITERS.get(file.suffix.lower())
    if writer is None:
        ending = file.suffix or "no ending"
        raise TableError(f"{file}: {ending} is not written; name it {', '.join(WRITERS)}")
    writer(table, file)


def _write_csv(table: Table, file: Path) -> None:
    columns = [_cells(column) for column in table.columns.values()]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(zip(*columns, strict=True))


def _write_xlsx(table: Table, file: Path) -> None:
    from openpyxl import Workbook  # noqa: PLC0415 - only where a file needs it
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    with file.open(
        "wb"
    ) as stream:  # checked before the workbook is begun, since it cannot be left half written
        book = Workbook(write_only=True)
        sheet = book.create_sheet("answers")

        def shown(cell: Any) -> Any:
            if not isinstance(cell, str):
                return cell
            text = WriteOnlyCell(sheet, value=_CONTROL.sub("\ufffd", cell)[:32_767])
            text.data_type = "s"  # a text that begins like a formula is none
            return text

        sheet.append([shown(name) for name in table.columns])
        columns = [_cells(column) for column in table.columns.values()]
        for row in zip(*columns, strict=True):
            sheet.append([shown(cell) for cell in row])
        book.save(stream)


def _write_parquet(table: Table, file: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it
    from pyarrow import parquet  # noqa: PLC0415

    arrays = [pa.array(_cells(column)) for column in table.columns.values()]
    with file.open("wb") as stream:
        parquet.write_table(pa.Table.from_arrays(arrays, names=[*table.columns]), stream)


def _write_sav(table: Table, file: Path) -> None:
    import pyreadstat  # noqa: PLC0415 - only where a file needs it

    names = _names(table, _SPSS_NAME)
    declared = {
        names[name]: [{"lo": low, "hi": high} for low, high in ranges[:_SPSS_DECLARED]]
        for name, ranges in table.missing.items()
        if name in names and table.columns[name].dtype.kind == "f"
    }
    _readstat(
        file,
        pyreadstat.write_sav,
        _frame(table, names),
        column_labels=_labels(table, names, _SPSS_LABEL),
        variable_value_labels=_value_labels(table, names),
        missing_ranges=declared,
    )


def _write_dta(table: Table, file: Path) -> None:
    import pyreadstat  # noqa: PLC0415 - only where a file needs it

    names = _names(table, _STATA_NAME)
    whole = {
        name: labels
        for name, labels in _value_labels(table, names).items()
        if all(float(code).is_integer() for code in labels)
    }
    _readstat(
        file,
        pyreadstat.write_dta,
        _frame(table, names),
        column_labels=_labels(table, names, _STATA_LABEL),
        variable_value_labels={
            name: {int(code): word for code, word in labels.items()} for name, labels in whole.items()
        },
        version=14,
    )


def _readstat(file: Path, write: Callable[..., None], frame: Any, **options: Any) -> None:
    from pyreadstat import PyreadstatError, ReadstatError  # noqa: PLC0415 - only where a file needs it

    file.open("wb").close()  # an error of the disk is one of Python, and names the file
    try:
        write(frame, str(file), **options)
    except (PyreadstatError, ReadstatError) as error:
        raise TableError(f"{file} cannot hold this table: {error}; write it as .csv or .parquet") from error


def _frame(table: Table, names: Mapping[str, str]) -> Any:
    import pandas as pd  # noqa: PLC0415 - only where a file needs it

    columns: dict[str, Any] = {}
    for name, column in table.columns.items():
        cells = _cells(column)
        text = column.dtype.kind != "f"
        columns[names[name]] = (
            pd.Series(["" if cell is None else str(cell)[:8_000] for cell in cells], dtype=object)
            if text
            else column
        )
    return pd.DataFrame(columns)


def _names(table: Table, longest: int) -> dict[str, str]:
    """Return a name for each column that the format can hold, no two alike whatever the case."""
    taken: set[str] = set()
    names = {}
    for name in table.columns:
        plain = re.sub(r"\W+", "_", name).strip("_") or "column"
        if not plain[0].isalpha() or plain.lower() in _RESERVED:
            plain = f"v_{plain}"
        fitted = _cut(plain, longest)
        number = 1
        while fitted.lower() in taken:
            number += 1
            fitted = f"{_cut(plain, longest - 1 - len(str(number)))}_{number}"
        taken.add(fitted.lower())
        names[name] = fitted
    return names


def _labels(table: Table, names: Mapping[str, str], longest: int) -> dict[str, str]:
    """Return the label of each column: its question, or its name where that had to be changed."""
    said = {name: table.labels.get(name) or ("" if names[name] == name else name) for name in names}
    bytes_ = longest == _SPSS_LABEL
    return {names[name]: shortened(label, longest, bytes_=bytes_) for name, label in said.items()}


def _value_labels(table: Table, names: Mapping[str, str]) -> dict[str, dict[float, str]]:
    return {
        names[name]: {float(code): shortened(word, _VALUE_LABEL) for code, word in words.items()}
        for name, words in table.words.items()
        if name in names and words and table.columns[name].dtype.kind == "f"
    }


def _cut(text: str, longest: int) -> str:
    """Return a text of at most so many bytes, with no letter cut in two."""
    return text.encode()[:longest].decode(errors="ignore").rstrip("_")


def _cells(column: Column) -> list[float | int | str | None]:
    """Return cells as Python has them: None where there is none, whole numbers without a point."""
    if column.dtype.kind != "f":
        return [*column.tolist()]
    whole = bool((np.isnan(column) | ((column == np.round(column)) & (np.abs(column) < 2**53))).all())
    return [
        None if cell != cell else int(cell) if whole else cell  # noqa: PLR0124 - NaN
        for cell in column.tolist()
    ]


WRITERS: Final[dict[str, Callable[[Table, Path], None]]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".parquet": _write_parquet,
    ".sav": _write_sav,
    ".dta": _write_dta,
}
