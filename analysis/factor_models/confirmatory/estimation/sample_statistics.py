"""What a factor model is fitted to: moments of each group's items, or thresholds and correlations."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from analysis.correlation.polychoric import Polychoric, polychoric
from analysis.estimate import Matrix, Unavailable, complete_rows
from analysis.factor_models.confirmatory.estimation.clustered import clustered_spread

_ROWS: Final = 4096

Holes = Literal["complete", "pairwise", "full"]


@dataclass(frozen=True, kw_only=True)
class Continuous:
    """Moments of one group: `rows` without holes, divisor n throughout (maximum likelihood)."""

    rows: Matrix
    names: tuple[str, ...]

    @cached_property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @cached_property
    def mean(self) -> Matrix:
        """Means of the items."""
        return np.asarray(self.rows.mean(axis=0))

    @cached_property
    def covariance(self) -> Matrix:
        """Covariances with divisor n."""
        k = self.rows.shape[1]
        total = np.zeros((k, k))
        for first in range(0, self.n, _ROWS):
            centred = self.rows[first : first + _ROWS] - self.mean
            total += centred.T @ centred
        return total / self.n

    def fourth_moments(self, mean: Matrix, covariance: Matrix, *, means: bool) -> Matrix:
        """Return the mean over rows of e e', e the deviations of x and of its products from their moments.

        With `means` first the items, then the products in the order of the upper triangle; else these alone.
        """
        k = self.rows.shape[1]
        i, j = np.triu_indices(k)
        size = len(i) + (k if means else 0)
        total = np.zeros((size, size))
        for first in range(0, self.n, _ROWS):
            centred = self.rows[first : first + _ROWS] - mean
            deviations = centred[:, i] * centred[:, j] - covariance[i, j]
            if means:
                deviations = np.concatenate([centred, deviations], axis=1)
            total += deviations.T @ deviations
        return total / self.n


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """Thresholds and polychoric correlations of one group, with their asymptotic covariance times n."""

    polychoric: Polychoric
    clustered: Matrix | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.polychoric.n

    @property
    def names(self) -> tuple[str, ...]:
        """The items."""
        return self.polychoric.names

    @property
    def correlation(self) -> Matrix:
        """The polychoric correlations as estimated."""
        return self.polychoric.r

    @cached_property
    def statistics(self) -> Matrix:
        """Thresholds item by item, then correlations (upper triangle by rows)."""
        k = len(self.polychoric.r)
        return np.concatenate([*self.polychoric.thresholds, self.polychoric.r[np.triu_indices(k, 1)]])

    @cached_property
    def spread(self) -> Matrix:
        """Covariance of the statistics of n rows (or of their clusters), times n: lavaan's gamma."""
        if self.clustered is not None:
            return self.clustered
        assert self.polychoric.acov is not None
        return self.polychoric.acov * (self.n - 1)


def continuous_groups(
    groups: Sequence[Matrix], names: tuple[str, ...], labels: Sequence[str]
) -> tuple[Continuous, ...] | Unavailable:
    """Return the moments of the complete rows of each group, or why a group has none."""
    found = []
    for X, label in zip(groups, labels, strict=True):
        kept = complete_rows(X)
        where = f" in {label}" if label else ""
        if len(kept) == 0:
            return Unavailable(reason="no complete rows", detail=f"{len(X)} rows{where}")
        if len(kept) < 3:  # noqa: PLR2004 - two rows lie on one line
            return Unavailable(reason="too few rows", detail=f"{len(kept)} of at least 3{where}")
        constant = np.ptp(kept, axis=0) == 0
        if constant.any():
            return Unavailable(reason="constant item", detail=", ".join(np.array(names)[constant]) + where)
        found.append(Continuous(rows=kept, names=names))
    return tuple(found)


def ordered_groups(
    groups: Sequence[Matrix],
    names: tuple[str, ...],
    labels: Sequence[str],
    holes: Holes,
    clusters: Sequence[Matrix | None] = (),
) -> tuple[Ordered, ...] | Unavailable:
    """Return thresholds and polychoric correlations of each group, or why a group has none.

    All groups must use the same answers of an item, so that its thresholds separate the same categories.
    """
    found: list[Ordered] = []
    inside = clusters or [None] * len(groups)
    for X, label, member in zip(groups, labels, inside, strict=True):
        holes_in = np.isnan(X)
        used = ~holes_in.any(axis=1) if holes == "complete" else ~holes_in.all(axis=1)
        kept = X[used]
        missing: Literal["complete", "pairwise"] = "complete" if holes == "complete" else "pairwise"
        result = polychoric(kept, missing=missing, se=True, acov=True, names=names)
        if isinstance(result, Unavailable):
            detail = f"{result.detail} in {label}".strip() if label else result.detail
            return Unavailable(reason=result.reason, detail=detail)
        spread = None
        if member is not None:
            numbers = np.unique(member[used], return_inverse=True)[1].astype(np.float64)
            spread = clustered_spread(kept, result, numbers)
        found.append(Ordered(polychoric=result, clustered=spread))
    if (why := unequal(found, names, labels)) is not None:
        return why
    return weightless(found, names) or tuple(found)


def unequal(found: Sequence[Ordered], names: tuple[str, ...], labels: Sequence[str]) -> Unavailable | None:
    """Return which item has an answer that a group never gives, with the answers it could be joined to."""
    for place, name in enumerate(names):
        used = [set(group.polychoric.categories[place]) for group in found]
        every = sorted(set().union(*used))
        for met, label in zip(used, labels, strict=True):
            for value in every:
                if value not in met:
                    at = every.index(value)
                    beside = [f"{other:g}" for other in every[max(at - 1, 0) : at + 2] if other != value]
                    return Unavailable(
                        reason="not defined",
                        detail=f"nobody in {label} answered {name} with {value:g}; "
                        f"join it to {' or '.join(beside)} in every group",
                    )
    return None


def weightless(found: Sequence[Ordered], names: tuple[str, ...]) -> Unavailable | None:
    """Return which correlations stand at the bound, where their precision is unknown."""
    for group in found:
        diagonal = np.diagonal(group.spread)
        if group.polychoric.at_bound or not ((diagonal > 0) & np.isfinite(diagonal)).all():
            pairs = [f"{names[i]} and {names[j]}" for i, j in group.polychoric.at_bound]
            detail = f"{'; '.join(pairs) or 'a correlation'}: at the bound, without a weight"
            return Unavailable(reason="not defined", detail=detail)
    return None
