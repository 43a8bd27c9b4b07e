"""Moments of all answers, and the answers of some rows beside them, for indices of careless answering."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.estimate import Matrix, divided
from analysis.linear_algebra.exact import cross_products

ROUNDING: Final = 1e-12
ROWS: Final = 8192  # rows computed together, so that results stay in the cache


def blocks(n: int) -> list[slice]:
    """Return the rows in parts, at least one."""
    return [slice(first, first + ROWS) for first in range(0, max(n, 1), ROWS)]


@dataclass(frozen=True, slots=True)
class SampleMoments:
    """Pairwise sums over everybody's answers, as deviations from a value of each item."""

    zero: float
    n: int
    answered: Matrix
    sums: Matrix
    covariances: Matrix
    correlations: Matrix

    @classmethod
    def of(cls, X: Matrix) -> "SampleMoments":
        """Add up the answers, part by part."""
        count = sum(int((~np.isnan(X[rows])).sum()) for rows in blocks(len(X)))
        total = sum(float(np.nansum(X[rows])) for rows in blocks(len(X)))
        zero = float(np.round(total / count)) if count else 0.0
        n = sums = products = squares = np.zeros((X.shape[1], X.shape[1]))
        for rows in blocks(len(X)):
            x, seen = _filled(X[rows], zero)
            n, sums = n + cross_products(seen, seen), sums + cross_products(x, seen)
            products, squares = products + cross_products(x, x), squares + cross_products(x * x, seen)
        cross = products - divided(sums * sums.T, n)
        spread = np.sqrt((squares - divided(sums * sums, n)).clip(0.0))
        varies = spread * spread.T > ROUNDING * (1 + np.abs(cross).max(initial=0.0))
        correlations = np.divide(cross, spread * spread.T, out=np.full_like(cross, np.nan), where=varies)
        of_items = np.diagonal(n), np.diagonal(sums)
        return cls(zero, len(X), *of_items, divided(cross, n - 1), correlations)


def _filled(X: Matrix, zero: float) -> tuple[Matrix, Matrix]:
    """Return the deviations, 0 where there is no answer, and an array that is 1 where there is one."""
    missing = np.isnan(X)
    return np.where(missing, 0.0, X - zero), (~missing).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Given:
    """The answers of some rows (see `_filled`), beside the sums of everybody's."""

    x: Matrix
    seen: Matrix
    squares: Matrix
    all: SampleMoments

    @classmethod
    def of(cls, X: Matrix, all_: SampleMoments) -> "Given":
        """Set some rows about the zero of all."""
        x, seen = _filled(X, all_.zero)
        return cls(x, seen, x * x, all_)
