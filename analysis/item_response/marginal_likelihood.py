"""Maximum of the marginal likelihood: θ is standard normal and summed out over 61 points.

The score of the marginal likelihood is the expected score had θ been known (Fisher's identity), and its
information is the expected complete information less the variance of the complete score (Louis). Both are
exact for the likelihood that is maximised, so the search ends with Newton steps and the distance from the
maximum is known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from analysis.estimate import Matrix
from analysis.item_response.category_curves import (
    CategoryCurves,
    Family,
    category_curves,
    complete_information,
    ordered,
)
from analysis.item_response.quadrature import cross_products, normal_points, posteriors
from analysis.item_response.response_patterns import ResponsePatterns

Array = NDArray[np.float64]

STEEPEST: Final = 50.0  # of a slope: between two of the 61 points a steeper curve has no shape
SETTLED: Final = 1e-6  # distance from the maximum, in standard errors
_WARM: Final = 12  # steps with the complete information before the first Newton step
_STEPS: Final = 200
_STEERING: Final = 4000  # patterns that the information behind a step rests on; errors rest on all


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """How free parameters make slopes and intercepts: all of them are `design` @ free.

    `place` (k x C) numbers the slots of each item among all slopes and intercepts, -1 for none.
    """

    family: Family
    design: Matrix
    place: NDArray[np.int64]

    def unfold(self, free: Matrix) -> tuple[Matrix, Matrix]:
        """Return k slopes and k x (C - 1) intercepts, NaN beyond an item's own."""
        values = self.design @ free
        padded = np.where(self.place >= 0, values[self.place], np.nan)
        return padded[:, 0], padded[:, 1:]

    def gather(self, by_item: Array) -> Matrix:
        """Return the sums of one number per slot (k x C) for each free parameter."""
        values = np.zeros(len(self.design))
        used = self.place >= 0
        values[self.place[used]] = by_item[used]
        return self.design.T @ values


@dataclass(frozen=True, kw_only=True, slots=True)
class Maximum:
    """A maximum of the likelihood: `distance` from it in standard errors, and the largest score left over."""

    free: Matrix
    log_likelihood: float
    information: Matrix
    distance: float
    gradient: float
    steps: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectations:
    """The likelihood at some parameters, and what all derivatives of it are made of."""

    free: Matrix
    slopes: Matrix
    intercepts: Matrix
    curves: CategoryCurves
    posterior: Array  # patterns x Q, times the weight of the pattern
    counts: Array  # k x C x Q
    log_likelihood: float
    score: Matrix


@dataclass(frozen=True)
class MarginalLikelihood:
    """The likelihood of response patterns under a model, as a function of its free parameters."""

    patterns: ResponsePatterns
    parameters: Parameters

    def expectations(self, free: Matrix) -> Expectations | None:
        """Return the likelihood and its score, or None where the parameters are not those of a model."""
        slopes, intercepts = self.parameters.unfold(free)
        family = self.parameters.family
        if not (np.abs(slopes) <= STEEPEST).all() or not ordered(family, intercepts):
            return None
        points, prior = normal_points()
        curves = category_curves(family, slopes, intercepts, points)
        posterior = np.empty((len(self.patterns.codes), points.size))
        counts = np.empty_like(curves.probability)
        value = posteriors(
            self.patterns.codes, curves.probability, prior, self.patterns.weight, posterior, counts
        )
        if not np.isfinite(value):
            return None
        by_item = np.einsum("jcq,jcsq->js", counts, curves.score)
        return Expectations(
            free=free,
            slopes=slopes,
            intercepts=intercepts,
            curves=curves,
            posterior=posterior,
            counts=counts,
            log_likelihood=value,
            score=self.parameters.gather(by_item),
        )

    def complete(self, at: Expectations) -> Matrix:
        """Return the information there would be if θ were known, for the free parameters."""
        points, _ = normal_points()
        family, place = self.parameters.family, self.parameters.place
        blocks = complete_information(family, at.slopes, at.intercepts, points, at.counts)
        whole = np.zeros((len(self.parameters.design),) * 2)
        for block, slots in zip(blocks, place, strict=True):
            own = slots >= 0
            whole[np.ix_(slots[own], slots[own])] = block[np.ix_(own, own)]
        return self.parameters.design.T @ whole @ self.parameters.design

    def missing(self, at: Expectations, every: int = 1) -> Matrix:
        """Return the information lost because θ is not known, from every so manieth pattern, scaled up."""
        codes = np.ascontiguousarray(self.patterns.codes[::every])
        posterior = np.ascontiguousarray(at.posterior[::every])
        score, place, design = at.curves.score, self.parameters.place, self.parameters.design
        found = np.zeros((len(design),) * 2)
        cross_products(codes, posterior, score, place, found)
        found += found.T
        counts = at.counts
        if every > 1:
            counts = np.array([[posterior[column == c].sum(axis=0) for c in range(counts.shape[1])]
                               for column in codes.T])
        within = np.einsum("jcq,jcsq,jctq->jst", counts, score, score, optimize=True)
        for block, slots in zip(within, place, strict=True):
            own = slots >= 0
            found[np.ix_(slots[own], slots[own])] = block[np.ix_(own, own)]
        # Means of the score in each pattern; posteriors hold the weight of the pattern once.
        weight = self.patterns.weight[::every]
        means = person_scores(codes, posterior, score, place, len(design)) / np.sqrt(weight)[:, np.newaxis]
        found -= means.T @ means
        scale = self.patterns.weight.sum() / weight.sum()
        return scale * (design.T @ found @ design)

    def information(self, at: Expectations) -> Matrix:
        """Return the observed information: minus the second derivatives of the log-likelihood."""
        return self.complete(at) - self.missing(at)


def person_scores(
    codes: NDArray[np.int16], posterior: Array, score: Array, place: NDArray[np.int64], p: int
) -> Matrix:
    """Return the score of each pattern (times its weight) for each of p slopes and intercepts."""
    found = np.zeros((len(codes), p))
    for j, slots in enumerate(place):
        own = np.flatnonzero(slots >= 0)
        tables = posterior @ score[j][:, own].reshape(-1, posterior.shape[1]).T
        tables = tables.reshape(len(codes), -1, own.size)
        given = codes[:, j] >= 0
        rows = np.flatnonzero(given)
        found[np.ix_(rows, slots[own])] = tables[rows, codes[rows, j]]
    return found


def maximise(likelihood: MarginalLikelihood, start: Matrix, steering: Matrix | None = None) -> Maximum | None:
    """Climb from a start to the maximum; None where there is no end to the climb.

    Parameters
    ----------
    likelihood
        What is maximised.
    start
        Free parameters to begin with.
    steering
        The information near the maximum, where it is known from another climb.

    Notes
    -----
    The first steps solve with the complete information (an EM gradient step); later ones with the observed
    information, which is computed anew when a step gains less than it promised. A step that does not raise
    the likelihood is halved.
    """
    at = likelihood.expectations(start)
    if at is None:
        return None
    every = max(1, len(likelihood.patterns.codes) // _STEERING)
    promised = np.inf
    known = steering
    for step in range(_STEPS):
        complete = likelihood.complete(at) if known is None or step < _WARM else None
        if step < _WARM:
            direction = _solve([complete], at.score)
        else:
            if known is None:
                complete = likelihood.complete(at)
                known = complete - likelihood.missing(at, every)
                shares = [(1 - share) * known + share * complete for share in (0.0, 0.05, 0.2, 0.6, 1.0)]
                direction = _solve(shares, at.score)
            else:
                direction = _solve([known], at.score)
        if direction is None:
            return None
        gain = float(at.score @ direction)
        if step >= _WARM and gain < SETTLED**2:
            return _maximum(likelihood, at, step)
        found = _climb(likelihood, at, direction)
        if found is None:
            if known is None or step < _WARM:
                return _maximum(likelihood, at, step)
            known = None
            continue
        if step >= _WARM and gain > 0.01 * promised:
            known = None
        promised = gain
        at = found
    return None


def _solve(matrices: list[Matrix], score: Matrix) -> Matrix | None:
    """Solve with the first matrix that is positive definite."""
    for matrix in matrices:
        try:
            return np.asarray(cho_solve(cho_factor(matrix, lower=True), score))
        except (LinAlgError, ValueError):
            continue
    return None


def _climb(likelihood: MarginalLikelihood, at: Expectations, direction: Matrix) -> Expectations | None:
    """Return the first of ever shorter steps that raises the likelihood (within rounding)."""
    rounding = 1e-13 * abs(at.log_likelihood)
    for halvings in range(30):
        found = likelihood.expectations(at.free + direction / 2**halvings)
        if found is not None and found.log_likelihood >= at.log_likelihood - rounding:
            return found
    return None


def _maximum(likelihood: MarginalLikelihood, at: Expectations, steps: int) -> Maximum | None:
    information = likelihood.information(at)
    direction = _solve([information], at.score)
    distance = np.inf if direction is None else float(np.sqrt(max(at.score @ direction, 0.0)))
    return Maximum(
        free=at.free,
        log_likelihood=at.log_likelihood,
        information=information,
        distance=distance,
        gradient=float(np.abs(at.score).max()),
        steps=steps,
    )


Start = Callable[[], Matrix]
