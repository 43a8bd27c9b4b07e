"""Resampling rows by weights: how often each row is drawn, never a copy of the rows themselves."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.estimate import Matrix

SEED: Final = 20_260_101
CELLS: Final = 4_000_000  # weights held at a time: 16 MB, up to 26 MB where rows are many
TOGETHER: Final = 64  # resamples of many rows that share the work of multiplying items
MANY, WORTHWHILE = 10_000, 8  # from so many rows on, distinct ones are looked for and used if as much fewer
PRODUCTS: Final = 1_000_000  # of two items' answers held at a time: 4 MB stay in cache
NOTHING: Final = 1e-6  # what single precision cannot tell from nought, where variances are about 1
Weights = NDArray[np.float32]


def resampled(
    rows: Matrix, resamples: int, rng: np.random.Generator | None
) -> tuple[Matrix, Iterator[Weights]]:
    """Return rows, and blocks of weights: how often each was drawn, with replacement, in each resample.

    By default from a generator with a fixed seed, so that a report says the same twice. Where many people
    gave the same answers, the rows returned are the distinct ones, drawn as often as they occur.

    Examples
    --------
    >>> rows, weights = resampled(np.arange(10.0).reshape(5, 2), 3, None)
    >>> [block.sum(axis=1) for block in weights]
    [array([5., 5., 5.], dtype=float32)]
    """
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, not {resamples}")
    rng = np.random.default_rng(SEED) if rng is None else rng
    if len(rows) >= MANY:
        distinct, counts = _distinct(rows)
        if len(distinct) < len(rows) / WORTHWHILE:
            return distinct, _drawn_by_kind(counts, resamples, rng)
    return rows, _drawn_one_by_one(len(rows), resamples, rng)


def _distinct(rows: Matrix) -> tuple[Matrix, NDArray[np.int64]]:
    """Return the distinct rows and their counts, told apart by a weighted sum that no two of them share."""
    marks = (rows * np.random.default_rng(SEED).normal(size=rows.shape[1])).sum(axis=1)
    _, places, counts = np.unique(marks, return_index=True, return_counts=True)
    return rows[places], counts


def _drawn_one_by_one(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Weights]:
    for size in _blocks(resamples, n):
        weights = np.empty((size, n), np.float32)
        for row in weights:
            row[:] = np.bincount(rng.integers(0, n, n, dtype=np.int32), minlength=n)
        yield weights


def _drawn_by_kind(counts: NDArray[np.int64], resamples: int, rng: np.random.Generator) -> Iterator[Weights]:
    for size in _blocks(resamples, len(counts)):
        yield rng.multinomial(counts.sum(), counts / counts.sum(), size=size).astype(np.float32)


def _blocks(resamples: int, rows: int) -> Iterator[int]:
    at_once = max(1, CELLS // rows, min(TOGETHER, 8 * CELLS // 5 // rows))
    for first in range(0, resamples, at_once):
        yield min(at_once, resamples - first)


def resampled_variances(rows: Matrix, weights: Iterable[Weights]) -> tuple[Matrix, Matrix]:
    """Return, for each resample, the sum of the items' variances and the variance of their total.

    In units in which the items' mean variance is 1; both with divisor n, single precision.
    """
    centred = _centred(rows)
    ones, total = np.ones(len(rows)), centred.sum(axis=1)
    columns = np.column_stack([ones, (centred**2).sum(axis=1), total**2, centred]).astype(np.float32)
    sums = np.concatenate([block @ columns for block in weights]).astype(np.float64)
    sums = sums[:, 1:] / sums[:, :1]
    means = sums[:, 2:]
    return sums[:, 0] - (means**2).sum(axis=1), sums[:, 1] - means.sum(axis=1) ** 2


def resampled_covariances(rows: Matrix, weights: Iterable[Weights]) -> Iterator[Matrix]:
    """Yield stacks of the covariance matrices (divisor n) of the resamples, in the same units."""
    centred = _centred(rows).astype(np.float32)
    k = centred.shape[1]
    upper = np.triu_indices(k)
    step = max(1, PRODUCTS // len(upper[0]))
    for drawn in weights:
        n = drawn[0].sum(dtype=np.float64)
        products = np.zeros((len(drawn), len(upper[0])))
        for first in range(0, len(centred), step):
            products += drawn[:, first : first + step] @ _products(centred[first : first + step]).T
        means = (drawn @ centred).astype(np.float64) / n
        covariances = np.empty((len(drawn), k, k))
        covariances[:, upper[0], upper[1]] = products / n
        covariances[:, upper[1], upper[0]] = products / n
        yield covariances - means[:, :, None] * means[:, None, :]


def _products(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the products of every two items, pairs by rows, in the order of the upper triangle."""
    items = np.ascontiguousarray(rows.T)
    return np.concatenate([item * items[place:] for place, item in enumerate(items)])


def _centred(rows: Matrix) -> Matrix:
    centred = rows - rows.mean(axis=0)
    spread = np.sqrt((centred**2).mean())
    scaled: Matrix = centred / (spread if spread > 0 else 1.0)
    return scaled


def percentile_interval(replicates: Matrix, level: float) -> tuple[float, float]:
    """Return the interval between the quantiles of the replicates."""
    tail = (1 - level) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail], method="weibull")
    return float(low), float(high)


def bca_interval(
    value: float, replicates: Matrix, influence: Matrix, level: float
) -> tuple[float, float] | None:
    """Return the bias-corrected and accelerated interval (Efron 1987).

    `influence` holds each row's empirical influence on the figure, in any unit. None where every replicate
    lies on one side of the figure, so that its bias cannot be told.
    """
    apart = replicates - value
    below = float(((apart < -NOTHING).sum() + 0.5 * (np.abs(apart) <= NOTHING).sum()) / len(replicates))
    spread = float((influence**2).sum())
    if not 0 < below < 1 or spread == 0:
        return None
    bias = ndtri(below)
    acceleration = (influence**3).sum() / (6 * spread**1.5)
    tail = (1 - level) / 2
    z = bias + ndtri(np.array([tail, 1 - tail]))
    low, high = np.quantile(replicates, ndtr(bias + z / (1 - acceleration * z)), method="weibull")
    return float(low), float(high)
