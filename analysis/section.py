"""What reports are made of: tables with their drawings, sections, and the answers that all sections share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from analysis.correlations import Polychoric, polychoric
from analysis.counts import JointCounts, joint_counts
from analysis.dataset import Dataset
from analysis.estimate import Estimate, Matrix, Unavailable, complete_rows
from analysis.figures import Figure
from analysis.parallel import ParallelAnalysis, parallel_analysis

Value = str | float | int | Unavailable | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under headers; a cell is a word, a number or the reason why there is none.

    Where the same can be drawn, `figure` is the drawing: a page shows it with the table folded behind it.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    figure: Figure | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a report: a few sentences that read it, and its tables."""

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


@dataclass(frozen=True)
class Answers:
    """The answers to a form as the sections need them; each view is computed once, when first asked for."""

    dataset: Dataset

    @cached_property
    def items(self) -> tuple[str, ...]:
        """The items, those of the first scale first, those of no scale last."""
        return tuple(dict.fromkeys([*self.scored, *(item.id for item in self.dataset.form.items)]))

    @cached_property
    def keyed(self) -> Matrix:
        """The items turned the way they are scored, NaN where there is no answer."""
        return self.dataset.keyed(self.items)

    @cached_property
    def counts(self) -> JointCounts:
        """The joint counts of the keyed items."""
        return joint_counts(self.keyed, names=self.items)

    @cached_property
    def polychoric(self) -> Polychoric | Unavailable:
        """Polychoric correlations of the keyed items, each from the rows that answered both."""
        return polychoric(self.counts)

    @cached_property
    def parallel(self) -> dict[str, ParallelAnalysis | Unavailable]:
        """Parallel analyses of the product-moment and of the polychoric correlations."""
        return {
            "product-moment": parallel_analysis(self.counts),
            "polychoric": parallel_analysis(self.counts, correlation="polychoric"),
        }

    @cached_property
    def scales(self) -> dict[str, list[str]]:
        """The scales, in their order, that share no item with one before them."""
        chosen: dict[str, list[str]] = {}
        for name, subscale in self.dataset.scales.items():
            items = [item.id for item in subscale.items]
            if not {*items} & {item for taken in chosen.values() for item in taken}:
                chosen[name] = items
        return chosen

    @cached_property
    def scored(self) -> tuple[str, ...]:
        """The items that a scale uses, scale by scale."""
        return tuple(item for items in self.scales.values() for item in items)

    @cached_property
    def total(self) -> Matrix:
        """The complete rows of the items that a scale uses."""
        return complete_rows(self.columns(self.scored))

    def columns(self, items: Sequence[str]) -> Matrix:
        """Return some of the keyed items."""
        if tuple(items) == self.items:
            return self.keyed
        return self.keyed[:, [self.items.index(item) for item in items]]

    def label(self, scale: str) -> str:
        """Return a scale's name in the first language that has one, its id where none has."""
        return label(self.dataset, scale)


def label(dataset: Dataset, scale: str) -> str:
    """Return a scale's name in the first language that has one, its id where none has."""
    for words in dataset.instrument.words.values():
        if words.form == dataset.form.id and scale in words.facets:
            return words.facet(scale)
    return scale


def value_of(figure: Estimate | Unavailable) -> float | Unavailable:
    """Return the bare figure, or the reason why there is none."""
    return figure.value if isinstance(figure, Estimate) else figure


def missing_figures(name: Value, why: Unavailable, headers: Sequence[str]) -> tuple[Value, ...]:
    """Return a row that gives one reason for all of its figures."""
    return (name, *[why] * (len(headers) - 1))
