"""What reports consist of: sections, and tables with their drawings.

No cell is empty: where there is no figure, it holds the reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final

from analysis.estimate import Estimate, Unavailable
from analysis.graphics.charts import Figure

SIMULATED: Final = "SIMULATED: these answers were made up by a program; nobody gave them."
Value = str | float | int | Unavailable


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under headers; a cell is a word, a number or the reason why there is none.

    `figure` is a drawing of the same figures, if there is one: a page shows it with the table folded behind
    it.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    figure: Figure | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a report: a few sentences on what its tables show, and these tables."""

    id: str
    title: str
    reading: str
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Document:
    """A whole report, ready to be printed: `tree` is what its JSON holds, in full precision."""

    title: str
    lead: str
    labels: tuple[str, ...]
    provenance: str
    sections: tuple[Section, ...]
    how: str
    tree: Mapping[str, Any] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """What was analysed, and by which program."""
        return f"{self.provenance} Computed by {software()}."


def software() -> str:
    """Return the name and the version of this program, which a reader needs to compute the figures anew."""
    return f"Counterpoise {version('counterpoise')}"


def sections_json(sections: Iterable[Section]) -> dict[str, Any]:
    """Return sections by their id, their tables as headers and rows."""
    return {section.id: _section_json(section) for section in sections}


def _section_json(section: Section) -> dict[str, Any]:
    tables = [{"title": t.title, "headers": t.headers, "rows": t.rows} for t in section.tables]
    return {"title": section.title, "reading": section.reading, "tables": tables}


def value_of(figure: Estimate | Unavailable) -> float | Unavailable:
    """Return the figure alone, or the reason why there is none."""
    return figure.value if isinstance(figure, Estimate) else figure


def missing_figures(name: str, why: Unavailable, figures: int) -> tuple[Value, ...]:
    """Return a row that gives one reason for all of its figures."""
    return (name, *[why] * figures)
