"""A map from the columns and codes of another system to the items of an instrument."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from analysis.files.answer_cells import folded, number
from analysis.files.item_names import column_named
from analysis.files.read_table import read_table
from analysis.files.table import Table, TableError

HEADERS: Final = ("item", "column", "codes")
_ADVICE: Final = (
    "codes are said as A1=1 A2=2, each with one whole number, or all with words; where words hold blanks, "
    "part them by semicolons"
)


def mapped(table: Table, file: Path) -> Table:
    """Return a table whose columns are named by items, with what stands for which of their codes.

    Parameters
    ----------
    table
        The answers.
    file
        A CSV with the columns `item`, `column` and, if codes differ, `codes`: `A1=1 A2=2`, parted by blanks
        or, where words hold blanks, by semicolons or bars; several may have one code
        (`9=-88 99=-88`). Where no meaning is a number the cells are taken for these words: `Team one=north;
        Team two=south`.

    Raises
    ------
    TableError
        The map names no such column, or says codes in another way.
    """
    said = read_table(file)
    lacking = [name for name in HEADERS[:2] if name not in said.columns]
    if lacking:
        raise TableError(f"{file} has no column {' and '.join(lacking)}; a map has item, column and codes")
    codes = said.text("codes") if "codes" in said.columns else [None] * said.n
    columns, words, aliases = dict(table.columns), dict(table.words), dict(table.aliases)
    for row, (item, name, coded) in enumerate(
        zip(said.text("item"), said.text("column"), codes, strict=True), start=1
    ):
        if item is None or name is None:
            raise TableError(f"{file}, row {row}: give an item and its column")
        found = column_named(name, table)
        columns[item] = table.column(found)
        words[item] = table.words.get(found, {})
        if item not in table.columns:
            aliases[item] = found
        if coded is not None:
            meanings = _meanings(coded, f"{file}, row {row}")
            numbers = {text: code for text, meant in meanings.items() if (code := number(meant)) is not None}
            if numbers and len(numbers) < len(meanings):
                raise TableError(f"{file}, row {row}: {_ADVICE}")
            words[item] = {code: text for text, code in reversed(numbers.items())}
            first = {text: words[item][code] for text, code in numbers.items()}
            said_for = {folded(text): meant for text, meant in (first or meanings).items()}
            cells = [said_for.get(folded(cell), cell) for cell in table.cells(found)]
            columns[item] = np.array([cell or None for cell in cells], dtype=object)
    return replace(table, columns=columns, words=words, ordered={}, aliases=aliases)


def _meanings(said: str, where: str) -> dict[str, str]:
    """Return what stands for what: `A1=1 A2=2`, or parted by semicolons or bars where words hold blanks."""
    parted = [pair for pair in re.split("[;|]", said) if pair.strip()]
    pairs = [
        pair.partition("=") for pair in (parted if len(parted) > 1 or said.count("=") == 1 else said.split())
    ]
    found = {text.strip(): meant.strip() for text, _, meant in pairs}
    if len(found) < len(pairs) or any(not meant or "=" in meant for meant in found.values()):
        raise TableError(f"{where}: {_ADVICE}")
    return found
