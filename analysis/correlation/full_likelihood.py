"""Thresholds and correlation of each pair estimated together by maximum likelihood, as polycor does."""

from typing import Final

import numpy as np

from analysis.correlation import bivariate_normal
from analysis.correlation.two_step import BOUND, Flags, Pairs, probable, threshold_slope
from analysis.estimate import Matrix

_SETTLED: Final = 1e-9
_MOST_STEPS: Final = 200
_STEP: Final = 1e-5  # step of the numerical differences that give the observed information


def joint(pairs: Pairs, start: Matrix) -> tuple[Matrix, Matrix, Flags]:
    """Return r and its standard error for pairs estimated separately, and whether the search converged.

    Fisher scoring over the thresholds of the rows, those of the columns, and r, with steps halved until the
    likelihood rises; the standard errors are those of the observed information, and zero where r stands at
    the bound.
    """
    free = _free(pairs)
    theta = np.concatenate([pairs.h, pairs.k, start[:, None]], axis=1)
    tried, step = theta.copy(), np.zeros_like(theta)
    best, share = np.full(len(theta), -np.inf), np.ones(len(theta))
    active = np.flatnonzero(np.abs(start) < BOUND)
    for _ in range(_MOST_STEPS):
        if active.size == 0:
            break
        value, score, information = _likelihood(pairs.tables[active], tried[active], free[active])
        better = value >= best[active]
        risen = active[better]
        theta[risen], best[risen], share[risen] = tried[risen], value[better], 1
        inverse = np.linalg.pinv(information[better], hermitian=True)
        step[risen] = (inverse @ score[better][:, :, None])[:, :, 0]
        share[active[~better]] /= 2
        tried[active] = _ordered(theta[active], share[active, None] * step[active])
        moving = np.abs(tried[active] - theta[active]).max(axis=1) > _SETTLED
        active = active[moving & (np.abs(theta[active, -1]) < BOUND)]
    settled = np.ones(len(theta), bool)
    settled[active] = False
    r = theta[:, -1]
    inside = np.flatnonzero(np.abs(r) < BOUND)
    errors = np.zeros(len(theta))
    errors[inside] = _standard_errors(pairs.tables[inside], theta[inside], free[inside])
    return r, errors, settled & np.isfinite(errors)


def _free(pairs: Pairs) -> Flags:
    """Return which parameters there are: thresholds between used categories, and r."""
    step = np.arange(pairs.thresholds.shape[1])
    finite = step < pairs.used[:, None] - 1
    return np.concatenate([finite[pairs.i], finite[pairs.j], np.ones((len(pairs.i), 1), bool)], axis=1)


def _likelihood(tables: Matrix, theta: Matrix, free: Flags) -> tuple[Matrix, Matrix, Matrix]:
    """Return the log-likelihood of each table, its score and the expected information."""
    size = tables.shape[1]
    h, k, r = theta[:, : size - 1], theta[:, size - 1 : -1], theta[:, -1]
    chance = probable(tables, h, k, r)
    slope = np.zeros((len(theta), theta.shape[1], size, size))
    step = np.arange(size - 1)
    by_row = threshold_slope(h, k, r)
    by_column = threshold_slope(k, h, r)
    slope[:, step, step, :] = by_row
    slope[:, step, step + 1, :] = -by_row
    slope[:, step + size - 1, :, step] = by_column.transpose(1, 0, 2)
    slope[:, step + size - 1, :, step + 1] = -by_column.transpose(1, 0, 2)
    slope[:, -1] = bivariate_normal.spread(bivariate_normal.density(h, k, r))
    slope *= free[:, :, None, None]
    score = np.einsum("pmab,pab->pm", slope, tables / chance)
    total = tables.sum(axis=(1, 2))[:, None, None]
    flat = slope.reshape(len(theta), theta.shape[1], size * size)
    expected = (1 / chance).reshape(len(theta), 1, size * size)
    information = total * (flat * expected) @ flat.transpose(0, 2, 1)
    return np.einsum("pab,pab->p", tables, np.log(chance)), score, information


def _ordered(theta: Matrix, step: Matrix) -> Matrix:
    """Return `theta` moved by as much of the step as keeps thresholds in order and r within the bound."""
    split = (theta.shape[1] - 1) // 2
    share = np.ones(len(theta))
    for part in (slice(0, split), slice(split, 2 * split)):
        gap, shrink = np.diff(theta[:, part]), -np.diff(step[:, part])
        limit = np.where(shrink > 0, gap / np.where(shrink > 0, shrink, 1), np.inf)
        share = np.minimum(share, 0.9 * limit.min(axis=1, initial=np.inf))
    moved = theta + share[:, None] * step
    moved[:, -1] = np.clip(moved[:, -1], -BOUND, BOUND)
    return moved


def _standard_errors(tables: Matrix, theta: Matrix, free: Flags) -> Matrix:
    """Return the standard errors of r from the slope of the score; infinite where it is not a maximum."""
    observed = np.empty((len(theta), theta.shape[1], theta.shape[1]))
    for m in range(theta.shape[1]):
        shift = np.zeros(theta.shape[1])
        shift[m] = _STEP
        above = _likelihood(tables, theta + shift, free)[1]
        below = _likelihood(tables, theta - shift, free)[1]
        observed[:, m] = (below - above) / (2 * _STEP)
    observed = (observed + observed.transpose(0, 2, 1)) / 2
    variance = np.linalg.pinv(observed, hermitian=True)[:, -1, -1]
    return np.asarray(np.sqrt(variance, where=variance > 0, out=np.full(len(theta), np.inf)))
