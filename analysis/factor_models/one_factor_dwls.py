"""One factor of correlations by diagonally weighted least squares, for one matrix or for many at once."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix

_SETTLED: Final = 1e-9
_ROUNDING: Final = 1e-12  # by which the sum may rise at its minimum, where it no longer tells steps apart
_MOST_STEPS: Final = 300
_LEAVES: Final = 1.6  # an item does nearly as well as the factor: it leaves less than so many times as much
_BETTER: Final = 1e-6  # a share of the sum by which another minimum is lower


def loadings_of(R: Matrix, se: Matrix) -> tuple[Matrix, NDArray[np.bool_]]:
    """Return the loadings λ that minimise Σ (r - λλ')² / se² over the pairs, and whether they settled.

    `R` and `se` are b x k x k. Newton's method, damped as Levenberg and Marquardt do until the sum falls,
    from the first principal axis, and where an item as the factor itself would do nearly as well from there
    too; the sum of the loadings is not negative.
    """
    k = R.shape[1]
    apart = ~np.eye(k, dtype=bool)
    weight = np.where(apart, 1 / np.where(apart, se, 1) ** 2, 0)
    weight /= weight.max(axis=(1, 2), keepdims=True)
    values, vectors = np.linalg.eigh(R)
    loadings = vectors[:, :, -1] * np.sqrt(np.clip(values[:, -1:], 0, k) * 0.8)
    loadings, least, settled = _descended(R, weight, loadings)
    single, left = _single_items(R, weight)
    near = np.flatnonzero(left < _LEAVES * least)
    if near.size:
        others, lower, others_settled = _descended(R[near], weight[near], single[near])
        better = lower < least[near] * (1 - _BETTER)
        loadings[near[better]], settled[near[better]] = others[better], others_settled[better]
    positive = loadings.sum(axis=1, keepdims=True) >= 0
    return np.asarray(np.where(positive, loadings, -loadings)), settled


def _single_items(R: Matrix, weight: Matrix) -> tuple[Matrix, Matrix]:
    """Return the best item of each as the factor itself, loadings b x k, and the sum that it leaves."""
    items = [_misfit(R, weight, R[:, item]) for item in range(R.shape[1])]
    best = np.argmin(items, axis=0)
    return R[np.arange(len(R)), best], np.min(items, axis=0)


def _descended(R: Matrix, weight: Matrix, start: Matrix) -> tuple[Matrix, Matrix, NDArray[np.bool_]]:
    """Return the loadings at the minimum below the start, the sum there, and whether the search settled."""
    loadings, damping = start.copy(), np.full(len(R), 1e-3)
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
    return loadings, least, settled


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
