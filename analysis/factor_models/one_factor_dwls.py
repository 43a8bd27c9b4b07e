"""One factor of correlations by diagonally weighted least squares, for one matrix or for many at once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix

_SETTLED: Final = 1e-9
_ROUNDING: Final = 1e-12  # rounding error of the sum at its minimum, by which it may rise
_MOST_STEPS: Final = 300
_LOWER: Final = 1e-6  # a sum that is lower by this share belongs to another minimum


def loadings_of(R: Matrix, se: Matrix) -> tuple[Matrix, NDArray[np.bool_], NDArray[np.intp]]:
    """Return the loadings λ that minimise Σ (r - λλ')² / se² over the pairs, and what is wrong with them.

    `R` and `se` are b x k x k. Newton's method, damped as Levenberg and Marquardt do until the sum falls,
    from the first principal axis; the sum of the loadings is not negative.

    Returns
    -------
    b x k loadings; b flags, whether they settled; and b items, -1 where there is none, with which as the
    factor itself the sum would be lower: as the item's loading grows beyond all bounds and the others vanish,
    its own correlations are met and the others' squares are left.
    """
    k = R.shape[1]
    apart = ~np.eye(k, dtype=bool)
    weight = np.where(apart, 1 / np.where(apart, se, 1) ** 2, 0)
    weight /= weight.max(axis=(1, 2), keepdims=True)
    values, vectors = np.linalg.eigh(R)
    loadings = vectors[:, :, -1] * np.sqrt(np.clip(values[:, -1:], 0, k) * 0.8)
    damping = np.full(len(R), 1e-3)
    least = _misfit(R, weight, loadings)
    active = np.arange(len(R))
    for _ in range(_MOST_STEPS):
        at, r, w = loadings[active], R[active], weight[active]
        step = _step(r, w, at, damping[active])
        misfit = _misfit(r, w, at + step)
        better = misfit <= least[active] * (1 + _ROUNDING)
        loadings[active] = np.where(better[:, None], at + step, at)
        least[active] = np.where(better, misfit, least[active])
        damping[active] *= np.where(better, 0.1, 10)
        active = active[np.abs(step).max(axis=1) > _SETTLED]
        if active.size == 0:
            break
    settled = np.ones(len(R), bool)
    settled[active] = False
    positive = loadings.sum(axis=1, keepdims=True) >= 0
    squares = weight * np.square(R)
    left = squares.sum(axis=(1, 2))[:, None] - 2 * squares.sum(axis=2)
    lower = left.min(axis=1) < least * (1 - _LOWER) - np.finfo(float).eps * squares.sum(axis=(1, 2))
    single = np.where(lower, left.argmin(axis=1), -1)
    return np.asarray(np.where(positive, loadings, -loadings)), settled, single


def _misfit(R: Matrix, weight: Matrix, loadings: Matrix) -> Matrix:
    gap = R - loadings[:, :, None] * loadings[:, None, :]
    return np.asarray(np.einsum("bij,bij,bij->b", weight, gap, gap))


def _step(R: Matrix, weight: Matrix, loadings: Matrix, damping: Matrix) -> Matrix:
    product = loadings[:, :, None] * loadings[:, None, :]
    slope = np.einsum("bij,bj->bi", weight * (R - product), loadings)
    hessian = weight * (2 * product - R)
    own = np.einsum("bij,bj->bi", weight, loadings**2)
    place = np.arange(loadings.shape[1])
    hessian[:, place, place] = own * (1 + damping[:, None]) + 1e-12
    return np.asarray(np.linalg.solve(hessian, slope[:, :, None])[:, :, 0])
