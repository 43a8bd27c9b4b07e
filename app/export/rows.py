"""The rows of a closed wave as they leave the service, and the figures that were kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from analysis.disclosure.leaving import ORIGIN
from app.csv_cells import Cell
from instrument import Column, Form, Instrument

ROW_ID: Final = "row_id"
PAIR_ID: Final = "pair_id"

NOTE: Final = (
    "Rows are shuffled and their ids are random, made anew for every export. A value of context that would "
    "make a combination rarer than five rows is withheld (-66). Rows of units with too few answers never "
    "leave and are not among these. The disclosure rules of reports do not cover whoever holds them: keep "
    "them safe, try to identify nobody, and publish no small groups."
)


@dataclass(frozen=True, kw_only=True)
class Microdata:
    """Every row in the order of the columns."""

    wave: str
    title: str
    simulated: bool
    instrument: Instrument
    form: Form
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    n: int
    """How many rows there were at the close, rounded down to a multiple of five."""
    digest_key: bytes = field(repr=False)
    """A key of this wave and this service: without it nobody can test a guess of a row against a digest."""
    linked: str = ""
    """What there is to know of a wave that is one of a pair."""
    imported: bool = False
    """Whether the answers came from a file."""

    @property
    def titled(self) -> str:
        """Return the study's title, with the word SIMULATED before it where the data are simulated."""
        return f"SIMULATED: {self.title}" if self.simulated else self.title

    def column(self, name: str) -> list[Cell]:
        place = [column.name for column in self.columns].index(name)
        return [row[place] for row in self.rows]


def note(data: Microdata) -> str:
    """Say what whoever holds the rows has to know."""
    return " ".join(filter(None, (NOTE, data.linked, ORIGIN if data.imported else "")))


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
    imported: bool = False
