"""Columns of a file, by name, with what the file says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix
from analysis.files.answer_cells import DecimalComma, Reading, codes_of, folded, is_missing

Column = NDArray[np.float64] | NDArray[np.object_]
Range = tuple[float, float]


class TableError(ValueError):
    """A file cannot be read as a table of answers; the message names file, row and column, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Columns of a file, by name: numbers (NaN where there is none) or text (None where there is none).

    `labels` are the columns' questions, `words` those of their codes, `ordered` the categories of columns
    that hold ordered ones, or the codes of columns whose codes are no numbers. `missing` are the ranges of
    codes, `marks` the texts, that the file itself declares to be no answers; the codes are in the columns.
    `unusable` gives, for each column that cannot be used, the reason, which is raised when it is asked for.
    `aliases` are columns of the file under another name. `notes` are sentences on how the file was read.
    """

    file: Path
    columns: Mapping[str, Column]
    labels: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[float, str]] = field(default_factory=dict)
    ordered: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: Mapping[str, tuple[Range, ...]] = field(default_factory=dict)
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unusable: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    decimal_comma: DecimalComma = "unless thousands"

    @cached_property
    def n(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))

    def column(self, name: str) -> Column:
        """Return a column; TableError where there is none, or where it cannot be used."""
        if name in self.columns:
            return self.columns[name]
        if name in self.unusable:
            raise TableError(f"{self.file}: {self.unusable[name]}")
        raise TableError(f"{self.file} has no column {name}; it has {_listed([*self.columns])}")

    def text(self, name: str) -> list[str | None]:
        """Return a column's cells as text, whole numbers without a point; None where there is no answer."""
        return [_text(cell) for cell in self.column(name).tolist()]

    def matrix(
        self,
        items: Sequence[str] | None = None,
        *,
        missing: Sequence[float | str] = (),
        words: Mapping[str, float] | None = None,
    ) -> Matrix:
        """Return columns as an array of n rows x k items, NaN for missing.

        Parameters
        ----------
        items
            Names of the columns; by default all that hold numbers.
        missing
            Codes and texts that are no answers, besides those that the file declares.
        words
            Codes by the words that stand for them, in every column; those of the file by default.

        Raises
        ------
        TableError
            There is no such column, or one holds text that is no answer.
        """
        chosen = [n for n, c in self.columns.items() if c.dtype.kind == "f"] if items is None else items
        answers = np.empty((self.n, len(chosen)))
        codes = [float(code) for code in missing if not isinstance(code, str)]
        marks = frozenset(folded(mark if isinstance(mark, str) else f"{mark:g}") for mark in missing)
        for j, name in enumerate(chosen):
            answers[:, j] = self.answers(name, marks=marks, words=words)
            for low, high in (*self.missing.get(name, ()), *((code, code) for code in codes)):
                answers[(answers[:, j] >= low) & (answers[:, j] <= high), j] = np.nan
        return answers

    def answers(
        self, name: str, *, marks: frozenset[str] = frozenset(), words: Mapping[str, float] | None = None
    ) -> NDArray[np.float64]:
        """Return one column's codes, those that the file declares to be no answers among them.

        Raises
        ------
        TableError
            Names the first row that cannot be read.
        """
        column = self.column(name)
        if column.dtype.kind == "f":
            return column.astype(np.float64)
        cells = self.cells(name)
        found = codes_of(cells, self.reading(name, marks=marks, words=words))
        if found.unread:
            row = next(row for row, cell in enumerate(cells, start=1) if cell in found.unread)
            raise TableError(
                f"{self.file}, row {row}, {name}: {_short(cells[row - 1])} is not a number; "
                f"{self._advice(cells[row - 1])}"
            )
        return np.array([found.by_cell[cell] for cell in cells], dtype=np.float64)

    def cells(self, name: str) -> list[str]:
        """Return a column's cells as the file has them, numbers as text, empty where there is none."""
        return [_plain(cell) for cell in self.column(name).tolist()]

    def lettered(self, name: str, *, marks: frozenset[str] = frozenset()) -> str:
        """Return the letters before the numbers of a column whose codes are like A1, empty for any other."""
        return (
            ""
            if self.column(name).dtype.kind == "f"
            else codes_of(self.cells(name), self.reading(name, marks=marks)).lettered
        )

    def reading(
        self, name: str, *, marks: frozenset[str] = frozenset(), words: Mapping[str, float] | None = None
    ) -> Reading:
        """Return how a column's cells are to be read."""
        return Reading(
            words=self.codes_by_word(name) if words is None else words,
            marks=marks | self.marks.get(name, frozenset()),
            decimal_comma=self.decimal_comma,
        )

    def codes_by_word(self, name: str) -> dict[str, float]:
        """Return the codes of a column by their words: value labels, or ordered categories from 1."""
        ordered = enumerate(self.ordered.get(name, ()), start=1)
        codes: dict[str, set[float]] = {}
        for code, word in (*ordered, *self.words.get(name, {}).items()):
            codes.setdefault(folded(word), set()).add(float(code))
        return {word: min(several) for word, several in codes.items() if len(several) == 1 and word}

    def _advice(self, cell: str) -> str:
        if cell.replace(",", "").strip("+- ").isdigit() and "," in cell:
            return "give decimals a point, or part the cells by semicolons"
        return (
            "give answers as codes, say their words from the lowest on with --codes, or marks of no answer "
            "with --missing"
        )


def plain_name(name: str) -> str:
    """Return a column's name without blanks around it, single blanks within."""
    return " ".join(name.replace("&nbsp;", " ").split())


def _listed(names: Sequence[str]) -> str:
    most = 60
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _short(cell: str) -> str:
    most = 40
    return repr(cell if len(cell) <= most else f"{cell[:most]}…")


def _text(cell: float | str | None) -> str | None:
    text = _plain(cell)
    return None if is_missing(text) else text.strip()


def _plain(cell: float | str | None) -> str:
    if cell is None or cell != cell:  # noqa: PLR0124 - NaN
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
