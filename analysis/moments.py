"""Means and covariances of items, from rows or from joint counts, over complete rows or pair by pair."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.counts.joint import JointCounts
from analysis.estimate import Matrix, Missing, Unavailable, as_answers, complete_rows
from analysis.linear_algebra.exact import blocks, cross_products, whole

ROUNDING: Final = 1e-20  # a variance below this share of the squared mean may be rounding error


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Means and covariances, from which coefficients are computed; `rule` says which rows they rest on.

    `n` is the number of complete rows, or, pair by pair, of all rows; `answered` counts each item's answers.
    `rows` are the complete rows, where they are known. `names` are the items' names, for messages.
    """

    n: int
    answered: NDArray[np.int64]
    means: Matrix
    covariance: Matrix
    rule: str
    rows: Matrix | None = None
    names: tuple[str, ...] | None = None

    def name(self, item: int) -> str:
        """Return the name of an item by its column, or its number, counted from 1, where it has no name."""
        return f"item {item + 1}" if self.names is None else self.names[item]

    @property
    def k(self) -> int:
        """Number of items."""
        return len(self.means)

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which items do not vary."""
        return np.diagonal(self.covariance) <= 0

    @property
    def correlation(self) -> Matrix:
        """The covariances divided by the standard deviations, as R's ``cov2cor``; no item may be constant."""
        sd = np.sqrt(np.diagonal(self.covariance))
        R: Matrix = self.covariance / np.outer(sd, sd)
        np.fill_diagonal(R, 1.0)
        return R


def moments(
    X: ArrayLike | JointCounts | Moments,
    *,
    missing: Missing = "complete",
    names: Sequence[str] | None = None,
) -> Moments | Unavailable:
    """Return means and covariances (divisor n - 1), or why there are none.

    Parameters
    ----------
    X : n x k array with NaN for missing, or JointCounts, or Moments, which are returned as they are
        Counts hold no rows: where answers are missing they are used pair by pair, whatever `missing` says.
    missing : "complete" for rows without a missing answer, "pairwise" as R's ``cov(x, use = "pairwise")``
    names : names of the items, for the reason why there is no figure; counts bring their own

    Returns
    -------
    Moments, or Unavailable with fewer than two items or three rows.
    """
    if missing not in {"complete", "pairwise"}:
        raise ValueError(f"missing must be 'complete' or 'pairwise', not {missing!r}")
    if isinstance(X, Moments):
        return X
    found = _from_counts(X) if isinstance(X, JointCounts) else _from_rows(as_answers(X), missing)
    if isinstance(found, Unavailable):
        return found
    if names is not None:
        found = replace(found, names=tuple(names))
    if found.k < 2:  # noqa: PLR2004 - a covariance needs two
        return Unavailable(reason="too few items", detail=f"{found.k} of at least 2")
    if found.n < 3:  # noqa: PLR2004 - two rows lie on one line
        return Unavailable(reason="too few rows", detail=f"{found.n} of at least 3")
    if np.isnan(found.covariance).any():
        first, second = (found.name(int(item)) for item in np.argwhere(np.isnan(found.covariance))[0])
        return Unavailable(
            reason="too few rows", detail=f"{first} and {second} were hardly ever answered together"
        )
    return found


def _from_counts(counts: JointCounts) -> Moments:
    rule = "complete rows" if counts.complete else "pairwise"
    answered = np.diagonal(counts.pair_n)
    return Moments(
        n=counts.n,
        answered=answered,
        means=counts.means,
        covariance=counts.covariance,
        rule=rule,
        names=counts.names,
    )


def _from_rows(X: Matrix, missing: Missing) -> Moments | Unavailable:
    holes = np.isnan(X)
    if missing == "pairwise" and holes.any():
        return _pairwise(X, holes)
    rows = complete_rows(X) if holes.any() else X
    n, k = rows.shape
    if n < 2:  # noqa: PLR2004 - no spread without two
        reason = Unavailable(reason="no complete rows", detail=f"{len(X)} rows, {n} of them complete")
        return reason if len(X) > n else Unavailable(reason="too few rows", detail=f"{n} of at least 3")
    totals = rows.sum(axis=0)
    means = totals / n
    zero = np.rint(means) if whole(rows) else means
    sums, products = totals - n * zero, np.zeros((k, k))
    for block in blocks(n):
        centred = rows[block] - zero
        products += cross_products(centred, centred)
    covariance = (n * products - np.outer(sums, sums)) / (n * (n - 1))
    covariance = _exact_zeros(covariance, means, rows)
    answered = np.full(k, n)
    return Moments(
        n=n, answered=answered, means=means, covariance=covariance, rule="complete rows", rows=rows
    )


def _pairwise(X: Matrix, holes: NDArray[np.bool_]) -> Moments:
    present = (~holes).astype(np.float64)
    answered = present.sum(axis=0).astype(np.int64)
    filled = np.where(holes, 0.0, X)
    means = filled.sum(axis=0) / np.maximum(answered, 1)
    centred = np.where(holes, 0.0, X - (np.rint(means) if whole(filled) else means))
    together = cross_products(present, present)
    sums = cross_products(centred, present)  # of each item over the rows that answered the other
    products = cross_products(centred, centred) - sums * sums.T / np.maximum(together, 1)
    covariance = np.full_like(products, np.nan)
    np.divide(products, together - 1, out=covariance, where=together > 1)
    covariance = _exact_zeros(covariance, means, X)
    return Moments(n=len(X), answered=answered, means=means, covariance=covariance, rule="pairwise")


def _exact_zeros(covariance: Matrix, means: Matrix, X: Matrix) -> Matrix:
    """Set rounding errors in a constant item's covariances to nought, so that it counts as constant."""
    for item in np.flatnonzero(np.diagonal(covariance) <= ROUNDING * means**2):
        if np.fmax.reduce(X[:, item]) == np.fmin.reduce(X[:, item]):
            covariance[item] = covariance[:, item] = 0.0
    return covariance
