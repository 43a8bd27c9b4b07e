"""Sums over the latent distribution: posteriors of response patterns, expected counts, cross-products."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.counts.kernels import compiled
from analysis.estimate import Matrix

POINTS: Final = 61
END: Final = 6.0
NOTHING: Final = 1e-150  # relative to the likelihood of the best point
SUPPORT: Final = 1e-14  # share of a posterior below which the points at its ends are left out

Array = NDArray[np.float64]


def normal_points(points: int = POINTS, end: float = END) -> tuple[Matrix, Matrix]:
    """Return equally spaced points of a standard normal variable and their weights, which add up to 1.

    Examples
    --------
    >>> points, weights = normal_points()
    >>> len(points), float(points[-1]), round(float(weights @ points**2), 6)
    (61, 6.0, 1.0)
    """
    nodes = np.linspace(-end, end, points)
    density = np.exp(-(nodes**2) / 2)
    return nodes, density / density.sum()


@compiled
def posteriors(  # noqa: C901, PLR0912, PLR0917 - one pass over the patterns, compiled
    codes: NDArray[np.int16], probability: Array, prior: Array, weight: Array, posterior: Array, counts: Array
) -> float:
    """Fill in posteriors (patterns x Q) and expected counts (k x C x Q); return the log-likelihood.

    Both are multiplied by the weight of the pattern. The product of the items' probabilities is rescaled to
    at most 1 after every eighth item, so that it does not underflow with many items; a point that is 1e-150
    times as likely as the best one then counts as nought.
    """
    n, k = codes.shape
    Q = prior.size
    total = 0.0
    counts[:] = 0.0
    for row in range(n):
        likelihood = posterior[row]
        for q in range(Q):
            likelihood[q] = prior[q]
        lost = 0.0
        seen = 0
        for j in range(k):
            c = codes[row, j]
            if c < 0:
                continue
            curve = probability[j, c]
            for q in range(Q):
                likelihood[q] *= curve[q]
            seen += 1
            if seen % 8 == 0:
                best = 0.0
                for q in range(Q):
                    best = max(best, likelihood[q])
                if best <= 0.0:
                    return -np.inf
                lost += np.log(best)
                for q in range(Q):
                    kept = likelihood[q] / best
                    likelihood[q] = kept if kept > NOTHING else 0.0
        found = 0.0
        for q in range(Q):
            found += likelihood[q]
        if found <= 0.0:
            return -np.inf
        total += weight[row] * (np.log(found) + lost)
        scale = weight[row] / found
        for q in range(Q):
            likelihood[q] *= scale
        for j in range(k):
            c = codes[row, j]
            if c >= 0:
                of_category = counts[j, c]
                for q in range(Q):
                    of_category[q] += likelihood[q]
    return total


@compiled
def cross_products(  # noqa: C901, PLR0912 - one pass over pairs of items, compiled
    codes: NDArray[np.int16], posterior: Array, score: Array, place: NDArray[np.int64], found: Array
) -> None:
    """Add to `found` (p x p) the expected products of the scores of different items, below the diagonal.

    `place` (k x C) says which row of `found` each parameter slot of an item is, -1 for none. For a pair of
    items the posteriors of the patterns are first summed by pair of answers; points that hold less than
    1e-14 of a pattern's posterior at either end are left out.
    """
    n, k = codes.shape
    C, Q = score.shape[1], score.shape[3]
    first = np.zeros(n, dtype=np.int64)
    last = np.full(n, Q, dtype=np.int64)
    for row in range(n):
        total = 0.0
        for q in range(Q):
            total += posterior[row, q]
        while first[row] < Q - 1 and posterior[row, first[row]] < SUPPORT * total:
            first[row] += 1
        while last[row] > first[row] + 1 and posterior[row, last[row] - 1] < SUPPORT * total:
            last[row] -= 1
    together = np.zeros((C, C, Q))
    half = np.zeros((C, C, Q))
    for i in range(1, k):
        for j in range(i):
            together[:] = 0.0
            for row in range(n):
                c, d = codes[row, i], codes[row, j]
                if c < 0 or d < 0:
                    continue
                cell, share = together[c, d], posterior[row]
                for q in range(first[row], last[row]):
                    cell[q] += share[q]
            half[:] = 0.0  # categories of i x slots of j x points
            for c in range(C):
                for d in range(C):
                    for t in range(C):
                        if place[j, t] >= 0:
                            for q in range(Q):
                                half[c, t, q] += together[c, d, q] * score[j, d, t, q]
            for c in range(C):
                for s in range(C):
                    if place[i, s] < 0:
                        continue
                    for t in range(C):
                        if place[j, t] < 0:
                            continue
                        product = 0.0
                        for q in range(Q):
                            product += score[i, c, s, q] * half[c, t, q]
                        found[place[i, s], place[j, t]] += product
