"""Tables of answers from files: CSV, Parquet, SPSS and Stata, with their labels and missing values.

The libraries that read them are imported when a file needs them.
"""

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix

Column = NDArray[np.float64] | NDArray[np.object_]
Range = tuple[float, float]

NULLS: Final = ("", "NA", "NaN", "nan", "na")
DELIMITERS: Final = ",;\t"


class TableError(ValueError):
    """A file cannot be read as a table of answers: says which file, row and column, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Columns of a file, by name: numbers (NaN where there is none) or text (None where there is none).

    `labels` are the columns' questions, `words` those of their codes, and `missing` the ranges of codes
    that the file itself declares to be no answers; the codes are in the columns.
    """

    file: Path
    columns: Mapping[str, Column]
    labels: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[float, str]] = field(default_factory=dict)
    missing: Mapping[str, tuple[Range, ...]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))

    def matrix(self, items: Sequence[str] | None = None, *, missing: Sequence[float] = ()) -> Matrix:
        """Return columns as an n x k array, NaN for missing.

        Parameters
        ----------
        items
            Names of the columns; by default all that hold numbers.
        missing
            Codes that are no answers, besides those that the file declares.

        Raises
        ------
        TableError
            There is no such column, or one holds text.
        """
        chosen = [n for n, c in self.columns.items() if c.dtype.kind == "f"] if items is None else items
        answers = np.empty((self.n, len(chosen)))
        for j, name in enumerate(chosen):
            answers[:, j] = self._numbers(name)
            for low, high in (*self.missing.get(name, ()), *((code, code) for code in missing)):
                answers[(answers[:, j] >= low) & (answers[:, j] <= high), j] = np.nan
        return answers

    def _numbers(self, name: str) -> NDArray[np.float64]:
        if name not in self.columns:
            raise TableError(f"{self.file} has no column {name}; it has {', '.join(self.columns)}")
        column = self.columns[name]
        if column.dtype.kind == "f":
            return column.astype(np.float64)
        for row, cell in enumerate(column, start=1):
            if cell is not None and not is_number(str(cell)):
                raise TableError(
                    f"{self.file}, row {row}, {name}: {cell!r} is not a number; give answers as codes"
                )
        return np.array([np.nan if cell is None else float(cell) for cell in column])


def read_table(file: Path | str) -> Table:
    r"""Read a table by the ending of its name: .csv, .tsv, .parquet, .sav, .zsav or .dta.

    CSV is UTF-8 with a line of names, separated by commas, semicolons or tabs; empty cells, NA and NaN are
    missing. Rows are numbered from 1 below the names.

    Parameters
    ----------
    file : its path

    Returns
    -------
    Table
        The columns as they are in the file, by name.

    Raises
    ------
    TableError
        The ending is not known, or the content is not what it says.
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "answers.csv"
    ...     _ = file.write_text("ec1,ec2\n0,4\n-99,3\n")
    ...     read_table(file).matrix(missing=[-99])
    array([[ 0.,  4.],
           [nan,  3.]])
    """
    path = Path(file)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise TableError(f"{path}: {path.suffix or 'no ending'} is not read; save it as {', '.join(READERS)}")
    with path.open("rb") as content:
        if not content.read(1):
            raise TableError(f"{path} is empty; its first line must name the columns")
    return reader(path)


def delimiter_of(file: Path) -> str:
    """Return what separates the cells of a CSV file: the commonest in its first line."""
    with file.open("rb") as content:
        first = content.readline().decode("utf-8", "replace")
    return max(DELIMITERS, key=first.count)


def explained(file: Path, error: Exception) -> TableError:
    """Return the error that names the first row of a CSV file that does not fit, or says what is wrong."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines, delimiter=delimiter_of(file), strict=True)
            header = next(rows)
            for number, row in enumerate((row for row in rows if row), start=1):
                if len(row) != len(header):
                    return TableError(
                        f"{file}, row {number}: {len(row)} cells where the header names {len(header)} columns"
                    )
    except UnicodeDecodeError:
        return TableError(f"{file} is not in UTF-8; save it as CSV in UTF-8")
    except csv.Error as found:
        return TableError(f"{file} is not a CSV file: {found}; save it as one")
    return TableError(f"{file} cannot be read: {error}")


def _read_csv(file: Path) -> Table:
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it
    from pyarrow import csv as arrow_csv  # noqa: PLC0415

    delimiter = delimiter_of(file)
    try:
        read = arrow_csv.read_csv(
            file,
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                null_values=list(NULLS),
                strings_can_be_null=True,
                timestamp_parsers=["%Y-%m-%dT%H:%M:%S"],
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise explained(file, error) from error
    if any(pa.types.is_binary(column.type) for column in read.columns):
        raise TableError(f"{file} is not in UTF-8; save it as CSV in UTF-8")
    return Table(file=file, columns=_columns(file, read))


def _read_parquet(file: Path) -> Table:
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it
    from pyarrow import parquet  # noqa: PLC0415

    try:
        read = parquet.ParquetFile(file).read()
    except pa.ArrowException as error:
        raise TableError(f"{file} is not a Parquet file: {error}") from error
    return Table(file=file, columns=_columns(file, read))


def _columns(file: Path, read: Any) -> dict[str, Column]:
    twice = [name for name, times in Counter(read.column_names).items() if times > 1]
    if twice:
        raise TableError(f"{file} has more than one column {', '.join(twice)}; keep one of each")
    return {name: _from_arrow(read.column(name)) for name in read.column_names}


def _from_arrow(column: Any) -> Column:
    import pyarrow as pa  # noqa: PLC0415 - only where a file needs it

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_boolean(kind):
        column, kind = column.cast(pa.int8()), pa.int8()
    if pa.types.is_null(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    if pa.types.is_decimal(kind):
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.array([None if cell is None else str(cell) for cell in column.to_pylist()], dtype=object)


def _read_sav(file: Path) -> Table:
    import pyreadstat  # noqa: PLC0415 - only where a file needs it

    return _from_readstat(file, pyreadstat.read_sav, user_missing=True)


def _read_dta(file: Path) -> Table:
    import pyreadstat  # noqa: PLC0415 - only where a file needs it

    return _from_readstat(file, pyreadstat.read_dta)


def _from_readstat(file: Path, read: Callable[..., Any], **options: bool) -> Table:
    from pyreadstat import PyreadstatError, ReadstatError  # noqa: PLC0415 - only where a file needs it

    try:
        columns, about = read(file, output_format="dict", disable_datetime_conversion=True, **options)
    except (PyreadstatError, ReadstatError, UnicodeDecodeError) as error:
        raise TableError(f"{file} cannot be read: {error}; save it again, or as CSV") from error
    ranges = {
        name: tuple((float(r["lo"]), float(r["hi"])) for r in found if not isinstance(r["lo"], str))
        for name, found in about.missing_ranges.items()
    }
    return Table(
        file=file,
        columns={name: _from_list(cells) for name, cells in columns.items()},
        labels={name: label for name, label in about.column_names_to_labels.items() if label},
        words=about.variable_value_labels,
        missing={name: found for name, found in ranges.items() if found},
    )


def _from_list(cells: Sequence[float | str | None]) -> Column:
    if all(cell is None or isinstance(cell, int | float) for cell in cells):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return np.array([cell or None for cell in cells], dtype=object)


def is_number(cell: str) -> bool:
    """Return whether a cell's text is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


READERS: Final[dict[str, Callable[[Path], Table]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
    ".sav": _read_sav,
    ".zsav": _read_sav,
    ".dta": _read_dta,
}
