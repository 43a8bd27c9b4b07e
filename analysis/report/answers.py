"""The answers that all sections of a report share; values that several of them need are computed once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol

import numpy as np

from analysis.correlation.polychoric import Polychoric, polychoric
from analysis.counts.joint import Counts, JointCounts, joint_counts
from analysis.dimensionality.parallel_analysis import ParallelAnalysis, parallel_analysis
from analysis.estimate import Estimate, Matrix, Unavailable, complete_rows
from analysis.factor_models.one_factor import OneFactor, one_factor
from analysis.moments import Moments, moments
from analysis.reliability.lower_bounds import SplitHalf, guttman_lambda, split_half
from analysis.reliability.omega import alpha_and_omega
from analysis.report.dataset import Dataset, label

RESAMPLES: Final = 2000


class Counted(Protocol):
    """What sections on structure ask of answers: figures that joint counts give, with or without rows."""

    @property
    def items(self) -> tuple[str, ...]:
        """The items."""

    @property
    def counts(self) -> JointCounts:
        """The joint counts of the keyed items."""

    @property
    def polychoric(self) -> Polychoric | Unavailable:
        """Their polychoric correlations."""

    @property
    def parallel(self) -> dict[str, ParallelAnalysis | Unavailable]:
        """Parallel analyses by kind of correlation."""


@dataclass(frozen=True)
class ScaleAnswers:
    """The keyed answers to the items of one scale; values that several coefficients need are cached.

    `X` is n rows x k items, NaN for missing; `resamples` is the number of bootstrap resamples.
    """

    items: tuple[str, ...]
    X: Matrix
    resamples: int = RESAMPLES

    @property
    def k(self) -> int:
        """Number of items."""
        return len(self.items)

    @property
    def n(self) -> int:
        """Number of complete rows."""
        return len(self.rows)

    @cached_property
    def rows(self) -> Matrix:
        """The rows with an answer to every item."""
        return complete_rows(self.X)

    @property
    def data(self) -> Matrix | JointCounts:
        """What figures of single answers are computed from."""
        return self.X

    @cached_property
    def score(self) -> tuple[float, float]:
        """Mean and standard deviation, over the complete rows, of people's means of the items.

        NaN where there are too few rows.
        """
        scores = self.rows.mean(axis=1)
        mean = float(scores.mean()) if self.n else np.nan
        return mean, float(scores.std(ddof=1)) if self.n > 1 else np.nan

    @cached_property
    def moments(self) -> Moments | Unavailable:
        """Means and covariances over the complete rows."""
        return moments(self.X, names=self.items)

    @cached_property
    def pairwise(self) -> Moments | Unavailable:
        """Means and covariances, each over all rows that have the answers it needs."""
        return moments(self.X, missing="pairwise", names=self.items)

    @cached_property
    def one_factor(self) -> OneFactor | Unavailable:
        """The one-factor model of the complete rows."""
        found = self.moments
        return found if isinstance(found, Unavailable) else one_factor(found.covariance, names=self.items)

    @cached_property
    def lambdas(self) -> dict[str, Estimate | Unavailable]:
        """Guttman's lambdas of the complete rows."""
        return guttman_lambda(self.data if isinstance(self.moments, Unavailable) else self.moments)

    @cached_property
    def halves(self) -> SplitHalf | Unavailable:
        """The complete rows' split halves."""
        found = self.moments
        return found if isinstance(found, Unavailable) else split_half(found)

    @cached_property
    def resampled(self) -> tuple[Estimate | Unavailable, Estimate | Unavailable]:
        """Alpha and omega total with bootstrap intervals, from the same resamples of the complete rows."""
        found = self.moments
        if isinstance(found, Unavailable):
            return found, found
        return alpha_and_omega(found, resamples=self.resamples, names=self.items)


@dataclass(frozen=True)
class Answers:
    """The answers to a form as the sections need them; each view is computed once, when first asked for."""

    dataset: Dataset
    resamples: int = RESAMPLES
    _scales: dict[tuple[str, ...], ScaleAnswers] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def items(self) -> tuple[str, ...]:
        """The items, those of the first scale first, those of no scale last."""
        return tuple(dict.fromkeys([*self.scored, *(item.id for item in self.dataset.items)]))

    @cached_property
    def keyed(self) -> Matrix:
        """The items turned the way they are scored, NaN where there is no answer."""
        return self.dataset.keyed(self.items)

    @cached_property
    def counts(self) -> JointCounts:
        """The joint counts of the keyed items."""
        return joint_counts(self.keyed, names=self.items)

    @cached_property
    def lacking(self) -> Counts:
        """How many rows lack how many answers: none, one, and so on up to all."""
        return np.bincount(np.isnan(self.keyed).sum(axis=1), minlength=len(self.items) + 1)

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

    @property
    def total(self) -> ScaleAnswers:
        """The items that a scale uses, as one scale."""
        return self.scale(self.scored)

    def scale(self, items: Sequence[str]) -> ScaleAnswers:
        """Return some of the items as one scale: the same object whenever the same items are asked for."""
        chosen = tuple(items)
        if chosen not in self._scales:
            self._scales[chosen] = ScaleAnswers(chosen, self.columns(chosen), self.resamples)
        return self._scales[chosen]

    def columns(self, items: Sequence[str]) -> Matrix:
        """Return some of the keyed items."""
        if tuple(items) == self.items:
            return self.keyed
        return self.keyed[:, [self.items.index(item) for item in items]]

    def label(self, scale: str) -> str:
        """Return a scale's name in the first language that has one, its id where none has."""
        return label(self.dataset, scale)
