"""Text with a delimiter (CSV, TSV) as rows of cells; the delimiter is found by parsing, with quotes."""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import Final

from analysis.files.table import TableError

DELIMITERS: Final = ",;\t|"
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SAMPLE: Final = 60  # rows that are parsed to find the delimiter


@dataclass(frozen=True, kw_only=True)
class Delimited:
    """The header and the rows below it, each as long as the header; blank lines are left out."""

    header: tuple[str, ...]
    rows: list[list[str]]
    delimiter: str


def read_delimited(text: str, name: str, *, tabs: bool = False) -> Delimited:
    """Read text with a delimiter.

    Parameters
    ----------
    text
        The whole file.
    name
        What the file is called, for messages.
    tabs
        Whether the file's name says that tabs separate the cells; others are then tried only where none is
        found.

    Raises
    ------
    TableError
        A quote is never closed, or a row is longer or shorter than the header: says which.
    """
    text, said = _said(text)
    delimiter = said or delimiter_of(text, tabs=tabs)
    records = _records(text, delimiter, name)
    header = next(records, None)
    if header is None:
        raise TableError(f"{name} is empty; its first line must name the columns")
    return Delimited(
        header=tuple(header), rows=list(_fitted(records, len(header), name)), delimiter=delimiter
    )


def delimiter_of(text: str, *, tabs: bool = False) -> str:
    r"""Return the delimiter: the character by which most rows have equally many cells, and more than one.

    Examples
    --------
    >>> delimiter_of('a;b;"where, when, how"\n1;2;3\n')
    ';'
    """
    found = {delimiter: _regularity(text, delimiter) for delimiter in DELIMITERS}
    if tabs and found["\t"] > (0, 0):
        return "\t"
    return max(DELIMITERS, key=lambda delimiter: found[delimiter])


def _regularity(text: str, delimiter: str) -> tuple[float, int]:
    """Return the share of rows with the commonest number of cells, and this number; nought where it is 1."""
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    _allow_long_cells()
    lengths = [len(row) for row in islice((row for row in rows if row), _SAMPLE)]
    if not lengths:
        return 0, 0
    cells, times = Counter(lengths).most_common(1)[0]
    # A last row that was cut off, or one line above the header, is one of many rows.
    return (times / len(lengths), cells) if cells > 1 else (0, 0)


def _said(text: str) -> tuple[str, str]:
    """Return the text without a first line `sep=;`, and the delimiter that this line names."""
    first, _, rest = text.partition("\n")
    line = first.strip("\r\ufeff\"' ")
    if line[:4].lower() == "sep=" and len(line) <= 5:  # noqa: PLR2004 - sep= and one character
        return rest, line[4:] or "\t"
    return text, ""


def _records(text: str, delimiter: str, name: str) -> Iterator[list[str]]:
    """Yield the rows that are not blank lines; TableError where a quote is never closed."""
    _allow_long_cells()
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = lines = 0
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise _unclosed(name, number, error) from error
        if row is None:
            return
        several, lines = rows.line_num - lines > 1, rows.line_num
        if not row:
            continue
        if several and _swallows_rows(row, delimiter):
            raise _unclosed(name, number, None)
        yield row
        number += 1


def _swallows_rows(row: Sequence[str], delimiter: str) -> bool:
    """Return whether a cell of several lines holds the end of its row, and rows below it.

    That happens where a stray quote opened a cell and another, some rows below, closed it. With two columns
    this cannot be recognised, since the second line of a comment may well hold one comma.
    """
    last = len(row) - 1
    if last < 2:  # noqa: PLR2004 - two columns
        return False
    for place, cell in enumerate(row):
        lines = _LINE_END.split(cell)
        if len(lines) > 1:
            first, *whole, rest = (line.count(delimiter) for line in lines)
            if (first, rest) == (last - place, place) and all(count == last for count in whole):
                return True
    return False


def _unclosed(name: str, number: int, error: csv.Error | None) -> TableError:
    where = f"row {number}" if number else "the header"
    why = f" ({error})" if error else ""
    return TableError(
        f'{name}, {where}: a quote (") is opened and not closed as it should be{why}, so that rows below '
        "would be swallowed; close it, or double a quote that is part of the text"
    )


def _fitted(records: Iterator[list[str]], cells: int, name: str) -> Iterator[list[str]]:
    """Yield rows as long as the header; empty cells beyond it are left out."""
    for number, row in enumerate(records, start=1):
        if len(row) > cells and not any(cell.strip() for cell in row[cells:]):
            del row[cells:]
        if len(row) != cells:
            advice = "; the first line must name the columns" if number == 1 else ""
            raise TableError(
                f"{name}, row {number}: {len(row)} cells where the header names {cells} columns{advice}"
            )
        yield row


def _allow_long_cells() -> None:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
