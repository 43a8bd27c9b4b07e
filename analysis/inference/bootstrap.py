"""Bootstrap by weights: how often each row is drawn, so that rows are never copied."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.counts.joint import processors
from analysis.estimate import Matrix
from analysis.linear_algebra.exact import near, weighted_sums, whole

SEED: Final = 20_260_101
CELLS: Final = 4_000_000  # weights held in memory at a time: 16 MB, up to 26 MB where rows are many
TOGETHER: Final = 192  # resamples that are computed together where rows are many
MANY, WORTHWHILE = 10_000, 8  # from so many rows, distinct ones are used if fewer by this factor
PRODUCTS: Final = 1_000_000  # products of two items' answers held in memory at a time: 8 MB at most
STACKED: Final = 1_000_000  # covariances handed on at a time: 8 MB, so that they stay in the cache
LONG: Final = 12  # parts of so many products from which they are shared among the processors
EXACT: Final = 2**24  # single precision holds every whole number up to here
TIE: Final = 1e-10  # figures that differ by no more are the same, computed in two ways
Weights = NDArray[np.float32 | np.float64]
Numbers = TypeVar("Numbers", bound=NDArray[Any])


def resampled(
    rows: Matrix, resamples: int, rng: np.random.Generator | None
) -> tuple[Matrix, Iterator[Weights]]:
    """Return rows, and blocks of weights: how often each was drawn, with replacement, in each resample.

    By default the generator has a fixed seed, so that a report is the same each time. The rows returned are
    sorted, so that the order of the file does not matter. Where many people gave the same answers, the rows
    are the distinct ones, drawn as often as they occur.

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
    return rows[np.lexsort(rows.T[::-1])], _drawn_one_by_one(len(rows), resamples, rng)


def _distinct(rows: Matrix) -> tuple[Matrix, NDArray[np.int64]]:
    """Return the distinct rows and their counts, recognised by a weighted sum that no two of them share.

    The sums are of whole numbers modulo 2^64, so that the order of their terms does not matter.
    """
    codes = rows - rows.min() if whole(rows) else np.unique(rows, return_inverse=True)[1].reshape(rows.shape)
    odd = np.random.default_rng(SEED).integers(0, 2**63, rows.shape[1], dtype=np.uint64) * 2 + 1
    marks = (codes.astype(np.uint64) * odd).sum(axis=1)
    _, places, counts = np.unique(marks, return_index=True, return_counts=True)
    return rows[places], counts


def _drawn_one_by_one(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Weights]:
    for size in _blocks(resamples, n):
        weights = np.empty((size, n), np.float32 if n < EXACT else np.float64)
        for row in weights:
            row[:] = np.bincount(rng.integers(0, n, n, dtype=np.int32), minlength=n)
        yield weights


def _drawn_by_kind(counts: NDArray[np.int64], resamples: int, rng: np.random.Generator) -> Iterator[Weights]:
    n = int(counts.sum())
    for size in _blocks(resamples, len(counts)):
        drawn = rng.multinomial(n, counts / n, size=size)
        yield drawn.astype(np.float32 if n < EXACT else np.float64)


def _blocks(resamples: int, rows: int) -> Iterator[int]:
    at_once = max(1, CELLS // rows, min(TOGETHER, 8 * CELLS // 5 // rows))
    for first in range(0, resamples, at_once):
        yield min(at_once, resamples - first)


def _sums(weights: Weights, columns: Matrix) -> Matrix:
    """Return the sum of each column over each resample, exact where the columns hold whole numbers."""
    drawn = float(weights[0].sum(dtype=np.float64))
    if drawn * np.abs(columns).max(initial=0.0) < EXACT and whole(columns):
        single: Matrix = (weights.astype(np.float32, copy=False) @ columns.astype(np.float32)).astype(
            np.float64
        )
        return single
    return weighted_sums(weights.astype(np.float64, copy=False), columns, drawn)


def resampled_variances(rows: Matrix, weights: Iterable[Weights]) -> tuple[Matrix, Matrix]:
    """Return, for each resample, the sum of the items' variances and the variance of their total.

    Parameters
    ----------
    rows : n x k answers without a gap
    weights : blocks of resamples x n, how often each row was drawn

    Returns
    -------
    two arrays, one number a resample, both with divisor n, in the squared units of the answers
        Of whole answers they are the same on every processor, and nought where nothing varies.
    """
    centred = rows - near(rows)
    total = centred.sum(axis=1)
    columns = np.column_stack([(centred**2).sum(axis=1), total**2, centred])
    traces, totals = [], []
    for block in weights:
        n = block[0].sum(dtype=np.float64)
        sums = _sums(block, columns)
        items = sums[:, 2:]
        traces.append((n * sums[:, 0] - (items**2).sum(axis=1)) / n**2)
        totals.append((n * sums[:, 1] - items.sum(axis=1) ** 2) / n**2)
    return np.concatenate(traces), np.concatenate(totals)


def resampled_covariances(rows: Matrix, weights: Iterable[Weights]) -> Iterator[Matrix]:
    """Yield stacks (resamples x k x k) of the covariance matrices of the resamples, as above."""
    centred = rows - near(rows)
    k = centred.shape[1]
    places = np.empty((k, k), np.intp)  # of each pair among the products
    places[np.triu_indices(k)] = places.T[np.triu_indices(k)] = np.arange(k * (k + 1) // 2)
    together = max(1, STACKED // k**2)
    for drawn in weights:
        n = drawn[0].sum(dtype=np.float64)
        products, sums = _sums_of_products(drawn, centred), _sums(drawn, centred)
        for part in _parts(len(drawn), together):
            covariances = n * products[part].astype(np.float64, copy=False).take(places, axis=1)
            covariances -= sums[part, :, None] * sums[part, None, :]
            covariances /= n**2
            yield covariances


def _sums_of_products(weights: Weights, columns: Matrix) -> Weights:
    """Return the sum over each resample of the products of every two columns, resamples x pairs."""
    pairs = columns.shape[1] * (columns.shape[1] + 1) // 2
    step = max(1, PRODUCTS // pairs)
    drawn = float(weights[0].sum(dtype=np.float64))
    single = drawn * np.square(columns).max(initial=0.0) < EXACT and whole(columns)
    if not single:
        pieces = ((weights[:, part], _products(columns[part])) for part in _parts(len(columns), step))
        return sum((_sums(*each) for each in pieces), np.zeros((len(weights), pairs)))
    whole_numbers = columns.astype(np.float32)

    def summed(stripe: list[slice]) -> Weights:
        total = np.zeros((len(weights), pairs), np.float32)
        for part in stripe:
            total += weights[:, part] @ _products(whole_numbers[part])
        return total

    parts, workers = list(_parts(len(columns), step)), processors()
    if len(parts) < LONG:
        return summed(parts)
    with ThreadPoolExecutor(workers) as pool:  # sums of whole numbers are the same in any order
        stripes = [parts[first::workers] for first in range(workers)]
        return np.asarray(sum(pool.map(summed, stripes), np.zeros((len(weights), pairs), np.float32)))


def _parts(n: int, step: int) -> Iterator[slice]:
    for first in range(0, n, step):
        yield slice(first, first + step)


def _products(rows: Numbers) -> Numbers:
    """Return the products of every two items, rows by pairs, in the order of the upper triangle."""
    items = np.ascontiguousarray(rows.T)
    return cast(Numbers, np.concatenate([item * items[place:] for place, item in enumerate(items)]).T)


def percentile_interval(replicates: Matrix, level: float) -> tuple[float, float]:
    """Return the interval between the quantiles of the replicates."""
    tail = (1 - level) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail], method="weibull")
    return float(low), float(high)


def bca_interval(
    value: float, replicates: Matrix, influence: Matrix, level: float
) -> tuple[float, float] | None:
    """Return the bias-corrected and accelerated interval (Efron 1987).

    Parameters
    ----------
    value : the figure of the sample itself
    replicates : the figure of each resample
    influence : each row's empirical influence on the figure, in any unit
    level : confidence level

    Returns
    -------
    low and high, or None where no replicate or every one lies below the figure, so that its bias cannot be
    estimated, or where no row has any influence.

    Notes
    -----
    The bias z0 = Φ⁻¹(share of the replicates strictly below the figure), the acceleration
    Σ l³ / (6 (Σ l²)^1.5) of the influence l. A replicate equal to the figure is not below it: equals
    ``boot::boot.ci(b, type = "bca", L = l)``, as Efron and Tibshirani define it. With few rows and few
    categories ties are many: counted as half below, as others do (scipy.stats.bootstrap), both limits lie
    higher. Replicates within 1e-10 of the figure are equal to it.

    References
    ----------
    Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical Association,
    82, 171-185.
    Efron, B., and Tibshirani, R. J. (1993). An introduction to the bootstrap, equation 14.14.

    Examples
    --------
    >>> low, high = bca_interval(2.0, np.array([0.0, 1.0, 2.0, 2.0, 3.0]), np.array([-1.0, 0.0, 1.0]), 0.5)
    >>> round(low, 3), round(high, 3)
    (0.0, 2.0)
    """
    below = float((replicates < value - TIE).mean())
    spread = float((influence**2).sum())
    if not 0 < below < 1 or spread == 0:
        return None
    bias = ndtri(below)
    acceleration = (influence**3).sum() / (6 * spread**1.5)
    tail = (1 - level) / 2
    z = bias + ndtri(np.array([tail, 1 - tail]))
    low, high = np.quantile(replicates, ndtr(bias + z / (1 - acceleration * z)), method="weibull")
    return float(low), float(high)
