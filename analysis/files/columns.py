"""Rows of cells, as CSV and spreadsheets have them, made into the columns of a table."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from analysis.files.answer_cells import DecimalComma, is_missing, number, numbers_of
from analysis.files.table import Column, Table, plain_name

_HEADING_ROWS: Final = 2  # at most, below the header


def table_of_rows(
    file: Path,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    decimal_comma: DecimalComma = "unless thousands",
    notes: tuple[str, ...] = (),
) -> Table:
    """Return rows of text as a table.

    Columns without a name are left aside; of two with one name neither can be used. Heading rows below the
    header become labels. A column becomes numbers where each of its cells is missing or a number, and its
    text says no more than this number; otherwise its cells are kept as text.
    """
    names = [plain_name(name) for name in header]
    times = Counter(names)
    parse = partial(number, decimal_comma=decimal_comma)
    places = {name: place for place, name in enumerate(names) if name and times[name] == 1}
    headings = _heading_rows(rows, [*places.values()])
    people = rows[headings:]
    columns = {name: _column([row[place] for row in people], parse) for name, place in places.items()}
    labels = _labels(rows[:headings], places)
    if headings:
        notes = (*notes, f"{headings} heading rows below the names are read as labels, not as people.")
    return Table(
        file=file,
        columns=columns,
        labels=labels,
        unusable={
            name: f"more than one column {name}; keep one of each"
            for name, count in times.items()
            if count > 1 and name
        },
        notes=notes,
        decimal_comma=decimal_comma,
    )


def _column(cells: list[str], parse: "partial[float | None]") -> Column:
    numbers = numbers_of(cells, parse)
    if numbers is not None:
        return np.array(numbers, dtype=np.float64)
    return np.array([cell if cell.strip() else None for cell in cells], dtype=object)


def _heading_rows(rows: Sequence[Sequence[str]], places: Sequence[int]) -> int:
    """Return how many rows at the top are headings: all up to a row of import ids, or words above numbers."""
    for row, cells in enumerate(rows[: _HEADING_ROWS + 1]):
        if _are_import_ids([cells[place] for place in places]):
            return row + 1
    found = 0
    while found < _HEADING_ROWS and _is_heading(rows[found : found + 50], places):
        found += 1
    return found


def _are_import_ids(cells: Sequence[str]) -> bool:
    """Return whether every cell is JSON with an ImportId, as in the third row of a Qualtrics export."""
    said = [cell for cell in cells if cell.strip()]
    return bool(said) and all(map(_is_import_id, said))


def _is_import_id(cell: str) -> bool:
    if "ImportId" not in cell:
        return False
    try:
        return isinstance(json.loads(cell), Mapping)
    except ValueError:
        return False


def _is_heading(rows: Sequence[Sequence[str]], places: Sequence[int]) -> bool:
    """Return whether the first row has words in every column that is numeric below, two columns at least."""
    numeric = [place for place in places if _numbers_below(rows, place)]
    return len(numeric) > 1 and all(
        number(rows[0][place]) is None and not is_missing(rows[0][place]) for place in numeric
    )


def _numbers_below(rows: Sequence[Sequence[str]], place: int) -> bool:
    below = [row[place] for row in rows[1:] if not is_missing(row[place])]
    return len(below) > 1 and all(number(cell) is not None for cell in below)


def _labels(rows: Sequence[Sequence[str]], places: Mapping[str, int]) -> dict[str, str]:
    return (
        {name: " ".join(rows[0][place].split()) for name, place in places.items() if rows[0][place].strip()}
        if rows
        else {}
    )
