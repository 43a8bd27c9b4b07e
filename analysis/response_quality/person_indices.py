"""Indices of one person's answers compared with everybody's, as `careless` names them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from analysis.estimate import Matrix, Unavailable, divided
from analysis.linear_algebra.elimination import inverse_root
from analysis.linear_algebra.roots import TOO_NEAR, root_of
from analysis.response_quality.pairwise_moments import ROUNDING, Given, SampleMoments

FEWEST_PAIRS: Final = 3  # limit of R's careless
Flags = NDArray[np.bool_]


def strings(X: Matrix) -> tuple[Matrix, Matrix]:
    """Return the longest and the mean run of the same answer."""
    n, k = X.shape
    columns = np.ascontiguousarray(X.T)
    run, longest, runs = np.ones(n), np.ones(n), np.ones(n)
    for before, here in pairwise(columns):
        same = before == here
        run = np.where(same, run + 1, 1.0)
        np.maximum(longest, run, out=longest)
        runs += ~same
    nothing = np.isnan(X).all(axis=1)
    longest[nothing], runs[nothing] = np.nan, np.nan
    average: Matrix = k / runs
    return longest, average


def sections_of(k: int, parts: int) -> Matrix:
    """Return a k x parts array that is 1 where an item is in a section, cut as R's ``cut(1:k, parts)``."""
    place = np.maximum(-(-np.arange(k) * parts // max(k - 1, 1)), 1) - 1
    sections: Matrix = (place[:, np.newaxis] == np.arange(parts)).astype(np.float64)
    return sections


def variability(given: Given, sections: Matrix) -> Matrix:
    """Return the standard deviation of each person's answers, section by section."""
    count, sums = given.seen @ sections, given.x @ sections
    squares = given.squares @ sections - divided(sums**2, count)
    enough = count >= 2  # noqa: PLR2004 - a standard deviation needs two
    variance: Matrix = np.full_like(sums, np.nan)
    np.divide(squares.clip(0.0), count - 1, out=variance, where=enough)
    deviation: Matrix = np.sqrt(variance)
    return deviation


def even_odd(X: Matrix, scales: Sequence[Sequence[int]]) -> Matrix | Unavailable:
    """Return minus the correlation of the scales' odd and even halves, stepped up."""
    if len(scales) < 2:  # noqa: PLR2004 - a correlation over scales
        return Unavailable(reason="not defined", detail="even-odd needs at least two scales")
    k, m = X.shape[1], len(scales)
    odd, even = np.zeros((k, m)), np.zeros((k, m))
    for j, items in enumerate(scales):
        odd[items[0::2], j] = 1
        even[items[1::2], j] = 1
    seen = ~np.isnan(X)
    x, counted = np.where(seen, X, 0.0), seen.astype(np.float64)
    n_odd, n_even = counted @ odd, counted @ even
    both = ((n_odd > 0) & (n_even > 0)).astype(np.float64)
    first, second = divided(x @ odd, n_odd) * both, divided(x @ even, n_even) * both
    count = both.sum(axis=1)
    first = (first - divided(first.sum(axis=1), count)[:, np.newaxis]) * both
    second = (second - divided(second.sum(axis=1), count)[:, np.newaxis]) * both
    r = _correlation(
        n=count,
        x=first.sum(axis=1),
        y=second.sum(axis=1),
        xx=_row_sums(first, first),
        yy=_row_sums(second, second),
        xy=_row_sums(first, second),
        size=_row_sums(x, x),
    )
    stepped_up = np.divide(2 * r, 1 + r, out=np.full_like(r, -np.inf), where=r > -1)
    return np.where(np.isnan(r), np.nan, -np.maximum(stepped_up, -1.0))


def within_pairs(given: Given, chosen: Flags, kind: str) -> Matrix | Unavailable:
    """Return the correlation over the chosen pairs of items, the one of a pair with the other."""
    # The figure depends on which item of a pair is the first: as in R, the earlier column is.
    M = np.tril(chosen, -1).astype(np.float64)
    if M.sum() < FEWEST_PAIRS:
        detail = f"{int(M.sum())} pairs of items are {kind} at this correlation, not {FEWEST_PAIRS}"
        return Unavailable(reason="not defined", detail=detail)
    x, v, q = given.x, given.seen, given.squares
    xM, vM = x @ M, v @ M
    count = _row_sums(vM, v)
    r = _correlation(
        n=count,
        x=_row_sums(xM, v),
        y=_row_sums(vM, x),
        xx=_row_sums(q @ M, v),
        yy=_row_sums(vM, q),
        xy=_row_sums(xM, x),
    )
    return np.where(count >= FEWEST_PAIRS, r, np.nan)


def whitening(all_: SampleMoments) -> Matrix | Unavailable:
    """Return the k x k transformation after which items have variance 1 and no covariances."""
    if all_.n < 3 or not all_.answered.size or all_.answered.min() < 2:  # noqa: PLR2004 - a covariance for each item
        return Unavailable(reason="too few rows", detail=f"{all_.n} rows of answers")
    variances = np.diagonal(all_.covariances).clip(0.0)
    scale = np.sqrt(np.outer(variances, variances))
    root = root_of(all_.covariances / scale) if (scale > 0).all() else None
    if root is None or not root.independent.all():
        return Unavailable(reason="singular matrix", detail="the covariances of the items have no inverse")
    return inverse_root(all_.covariances).T if root.certain else TOO_NEAR


def distances(given: Given, whitening: Matrix) -> Matrix:
    """Return Mahalanobis' squared distance from the means."""
    deviation = (given.x - given.all.sums / given.all.answered) * given.seen
    white = deviation @ whitening
    return np.where(given.seen.any(axis=1), _row_sums(white, white), np.nan)


def upper_tail(distance: Matrix, k: int) -> Matrix:
    """Return the probability of a distance as large or larger if answers are normal."""
    return np.asarray(chdtrc(float(k), distance), dtype=np.float64)


def person_total(given: Given) -> Matrix:
    """Return the correlation of each person's answers with the means of everyone else's."""
    others = given.all.answered - 1
    u = divided(np.ones_like(others), others)
    # The mean of everyone else's answers to an item is m - u * one's own.
    m = given.all.sums * u
    usable = (others > 0).astype(np.float64)
    x, v, q = given.x * usable, given.seen * usable, given.squares * usable
    return _correlation(
        n=v.sum(axis=1),
        x=x.sum(axis=1),
        y=v @ m - x @ u,
        xx=q.sum(axis=1),
        yy=v @ m**2 - 2 * (x @ (m * u)) + q @ u**2,
        xy=x @ m - q @ u,
    )


def uniform(X: Matrix) -> Flags:
    """Return who gave one and the same answer to everything, twice at least."""
    missing = np.isnan(X)
    columns = np.ascontiguousarray(X.T)
    lowest = np.fmin.reduce(columns, axis=0, initial=np.inf)
    highest = np.fmax.reduce(columns, axis=0, initial=-np.inf)
    uniform: Flags = (lowest == highest) & (missing.shape[1] - missing.sum(axis=1) > 1)
    return uniform


def _correlation(
    *, n: Matrix, x: Matrix, y: Matrix, xx: Matrix, yy: Matrix, xy: Matrix, size: Matrix | None = None
) -> Matrix:
    """Return each person's correlation from sums over pairs, NaN where a side does not vary.

    What is small against `size`, by default the sums of squares, is taken for rounding.
    """
    of_x, of_y = xx - divided(x * x, n), yy - divided(y * y, n)
    size_x, size_y = (xx, yy) if size is None else (size, size)
    varies = (of_x > ROUNDING * size_x) & (of_y > ROUNDING * size_y)
    spread = np.sqrt(of_x.clip(0.0) * of_y.clip(0.0))
    r: Matrix = np.full_like(spread, np.nan)
    np.divide(xy - divided(x * y, n), spread, out=r, where=varies)
    return np.minimum(np.maximum(r, -1.0), 1.0)


def _row_sums(a: Matrix, b: Matrix) -> Matrix:
    sums: Matrix = np.einsum("ij,ij->i", a, b)
    return sums
