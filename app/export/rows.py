"""The rows of a closed wave as they leave the service, and the figures that were kept of it.

Rows are held by column: each cell that occurs once, and a byte or two for every row. So a million rows take
some 60 MB, and what can be written a block of rows after the other is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.disclosure.leaving import ORIGIN
from app.csv_cells import Cell
from app.errors import AppError, Refused
from instrument import Column, Form, Instrument, Words

ROW_ID: Final = "row_id"
PAIR_ID: Final = "pair_id"

WITHHELD_NOTE: Final = (
    "A value of context that would make a combination rarer than five rows is withheld (-66)."
)
UNWITHHELD_NOTE: Final = (
    "Context is as people gave it: no rare value is withheld, and a person may be the only one with theirs. "
    "A rare language, layout, order or cluster is withheld (-66)."
)
NOTE: Final = (
    f"Rows are shuffled and their ids are random, made anew for every export. {WITHHELD_NOTE} Rows of units "
    "with too few answers never leave and are not among these. The disclosure rules of reports do not cover "
    "whoever holds them: keep them safe, try to identify nobody, and publish no small groups."
)


AT_ONCE: Final = 10_000
"""How many rows are written at once."""


@dataclass(frozen=True, eq=False)
class Cells:
    """A column of cells: those that occur, and for every row which of them it has.

    Without `places` every row has a cell of its own, as where they are random numbers.
    """

    values: Sequence[Cell]
    places: NDArray[np.unsignedinteger] | None = None

    def __len__(self) -> int:
        return len(self.values if self.places is None else self.places)

    def __iter__(self) -> Iterator[Cell]:
        if self.places is None:
            return iter(self.values)
        return map(self.values.__getitem__, self.places.tolist())

    def __getitem__(self, rows: slice | NDArray[np.integer]) -> "Cells":
        if self.places is not None:
            return Cells(self.values, self.places[rows])
        if isinstance(rows, slice):
            return Cells(self.values[rows])
        return Cells([self.values[row] for row in rows])

    def spread(self, made: NDArray[Any]) -> NDArray[Any]:
        """Return what was made of each value, for every row."""
        return made if self.places is None else made[self.places]


class _Places(dict[Cell, int]):
    """Give each cell that is new the next place."""

    def __missing__(self, cell: Cell) -> int:
        self[cell] = place = len(self)
        return place


def by_column(some: Iterable[Sequence[Sequence[Cell]]], width: int, most: int) -> list[Cells]:
    """Hold rows, which come some at a time and are so many at the most, by column."""
    known = [_Places() for _ in range(width)]
    held: list[NDArray[np.unsignedinteger]] = [np.empty(most, np.uint8) for _ in range(width)]
    first = 0
    for rows in some:
        last = first + len(rows)
        for column, cells in enumerate(zip(*rows, strict=True)):
            places = np.fromiter(map(known[column].__getitem__, cells), np.uint32, len(rows))
            held[column] = held[column].astype(np.min_scalar_type(len(known[column])), copy=False)
            held[column][first:last] = places
        first = last
    return [Cells((*seen,), places[:first]) for seen, places in zip(known, held, strict=True)]


def blocks(columns: Sequence[Cells]) -> Iterator[tuple[Cells, ...]]:
    """Every column, a block of rows after the other."""
    for first in range(0, len(columns[0]), AT_ONCE):
        yield tuple(each[first : first + AT_ONCE] for each in columns)


@dataclass(frozen=True, kw_only=True)
class Microdata:
    """Every row in the order of the columns."""

    wave: str
    title: str
    simulated: bool
    instrument: Instrument
    form: Form
    columns: tuple[Column, ...]
    cells: tuple[Cells, ...]
    n: int
    """How many rows there were at the close, rounded down to a multiple of five."""
    digest_key: bytes = field(repr=False)
    """A key of this wave and this service: without it nobody can test a guess of a row against a digest."""
    linked: str = ""
    """What there is to know of a wave that is one of a pair."""
    imported: bool = False
    """Whether the answers came from a file."""
    withheld: bool = True
    """Whether rare combinations of what is known of a person are withheld."""
    flow: Mapping[str, int] | None = None
    """How many were invited, began, finished and had erased at the close; of a research study alone."""
    special: tuple[tuple[Column, Cells], ...] = ()
    """What people said under a purpose of its own, for every row; no cell where somebody did not agree."""

    @property
    def titled(self) -> str:
        """Return the study's title; where the data are simulated it says SIMULATED, once."""
        says_so = "SIMULATED" in self.title or not self.simulated
        return self.title if says_so else f"SIMULATED: {self.title}"

    @property
    def words(self) -> Words:
        """The words that the columns are described in."""
        return self.instrument.words_for_staff(self.form.id)

    def stem_of(self, column: Column) -> str:
        """Return what stood before a question on its page: in a battery, the words of its block."""
        return self.words.stem(block=self.form.block_of.get(column.name.removeprefix("raw_")))

    @property
    def count(self) -> int:
        return len(self.cells[0])

    @property
    def rows(self) -> Iterator[tuple[Cell, ...]]:
        return zip(*self.cells, strict=True)

    @property
    def is_linked(self) -> bool:
        """Whether any row is linked with one of another wave."""
        return any(
            column.name == PAIR_ID and any(cell is not None for cell in cells.values)
            for column, cells in zip(self.columns, self.cells, strict=True)
        )

    def blocks(self) -> Iterator[tuple[Cells, ...]]:
        return blocks(self.cells)

    def column(self, name: str) -> list[Cell]:
        return [*self.cells[[column.name for column in self.columns].index(name)]]


def note(data: Microdata) -> str:
    """Say what whoever holds the rows has to know."""
    told = NOTE if data.withheld else NOTE.replace(WITHHELD_NOTE, UNWITHHELD_NOTE)
    return " ".join(filter(None, (told, data.linked, ORIGIN if data.imported else "")))


class DoesNotFit(AppError, Refused):
    """A format cannot hold the answers or the questionnaire."""

    status = 422
    title = "This file cannot be made"

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.message = why


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """The figures of a wave that were kept when it closed."""

    wave: str
    title: str
    simulated: bool
    stage: str | None
    form: str
    form_hash: str
    key_revision: int
    figures: Mapping[str, Any]
    questions: Mapping[str, tuple[str, ...]]
    """Subscale -> the sentences of its items, as staff read them."""
    imported: bool = False
