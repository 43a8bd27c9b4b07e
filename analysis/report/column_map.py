"""A map from the columns and codes of another system to the items of an instrument."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from analysis.files.answer_cells import number
from analysis.files.item_names import column_named
from analysis.files.read_table import read_table
from analysis.files.table import Table, TableError

HEADERS: Final = ("item", "column", "codes")


def mapped(table: Table, file: Path) -> Table:
    """Return a table whose columns are named by items, with what stands for which of their codes.

    Parameters
    ----------
    table
        The answers.
    file
        A CSV with the columns `item`, `column` and, if codes differ, `codes`: `A1=1 A2=2`, parted by blanks,
        semicolons or bars.

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
    columns, words = dict(table.columns), dict(table.words)
    for row, (item, name, coded) in enumerate(
        zip(said.text("item"), said.text("column"), codes, strict=True), start=1
    ):
        if item is None or name is None:
            raise TableError(f"{file}, row {row}: give an item and its column")
        found = column_named(name, table)
        columns[item] = table.column(found)
        words[item] = table.words.get(found, {})
        if coded is not None:
            words[item] = _coded(coded, f"{file}, row {row}")
            columns[item] = np.array([cell or None for cell in table.cells(found)], dtype=object)
    aliases = frozenset(columns.keys() - table.columns.keys())
    return replace(table, columns=columns, words=words, ordered={}, aliases=aliases)


def _coded(said: str, where: str) -> dict[float, str]:
    pairs = [pair.partition("=") for pair in said.replace(";", " ").replace("|", " ").split()]
    found = {number(meant): text for text, _, meant in pairs}
    if None in found or len(found) < len(pairs):
        raise TableError(f"{where}: codes are said as A1=1 A2=2, each with one whole number")
    return {code: text for code, text in found.items() if code is not None}
