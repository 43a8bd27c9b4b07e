"""Maximises the marginal likelihood, with θ standard normal and summed out over 61 points.

The score of the marginal likelihood is the expected score had θ been known (Fisher's identity), and its
information is the expected complete information less the variance of the complete score (Louis). Both are
exact for the likelihood that is maximised, so the search ends with Newton steps, and its distance from the
maximum is known.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from analysis.estimate import Matrix, Unavailable
from analysis.item_response.category_curves import (
    CategoryCurves,
    category_curves,
    complete_information,
    ordered,
)
from analysis.item_response.parameters import Parameters
from analysis.item_response.quadrature import cross_products, normal_points, posteriors
from analysis.item_response.response_patterns import ResponsePatterns

Array = NDArray[np.float64]

STEEPEST: Final = 50.0  # largest slope: a steeper curve would rise between two of the 61 points
SETTLED: Final = 1e-6  # largest distance from the maximum, in standard errors
_WARM: Final = 10  # steps with the complete information before the first Newton step
_STEPS: Final = 200
_STEERING: Final = 1000  # patterns from which the information of the first Newton steps is computed
_PART: Final = 4000  # patterns with which a search over very many begins
_RARE: Final = 10  # fewest people in a category in such a part


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
    """The likelihood at given parameters, and the quantities from which its derivatives are computed."""

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
        by_slot = np.einsum("jcq,jcsq->js", counts, curves.score)
        return Expectations(
            free=free,
            slopes=slopes,
            intercepts=intercepts,
            curves=curves,
            posterior=posterior,
            counts=counts,
            log_likelihood=value,
            score=self.parameters.gather(by_slot),
        )

    def complete(self, at: Expectations) -> Matrix:
        """Return the information there would be if θ were known, for the free parameters."""
        points, _ = normal_points()
        blocks = complete_information(self.parameters.family, at.slopes, at.intercepts, points, at.counts)
        whole = np.zeros((self.parameters.design.shape[0],) * 2)
        self.parameters.put_blocks(blocks, whole)
        return self.parameters.reduce(whole)

    def missing(self, at: Expectations, every: int = 1) -> Matrix:
        """Return the information lost because θ is not known, from every so many patterns, scaled up."""
        codes = np.ascontiguousarray(self.patterns.codes[::every])
        posterior = np.ascontiguousarray(at.posterior[::every])
        weight = self.patterns.weight[::every]
        score, place = at.curves.score, self.parameters.place
        found = np.zeros((self.parameters.design.shape[0],) * 2)
        cross_products(codes, posterior, score, place, found)
        found += found.T
        counts = at.counts if every == 1 else _counts(codes, posterior, at.counts.shape[1])
        weighted = counts[:, :, np.newaxis] * score
        self.parameters.put_blocks(np.einsum("jcsq,jctq->jst", weighted, score, optimize=True), found)
        # The posteriors are multiplied by the weight of a pattern once, and so are the squares of its mean
        # score.
        means = pattern_scores(codes, posterior, score, place) / np.sqrt(weight)[:, np.newaxis]
        found -= means.T @ means
        return self.parameters.reduce(found) * float(self.patterns.weight.sum() / weight.sum())

    def information(self, at: Expectations) -> Matrix:
        """Return the observed information: minus the second derivatives of the log-likelihood."""
        return self.complete(at) - self.missing(at)

    def part(self, first: int) -> "MarginalLikelihood | None":
        """Return the likelihood of a part of very many patterns; None of few, or where a category is rare."""
        whole = self.patterns
        every = len(whole.codes) // _PART
        if every < 2:  # noqa: PLR2004 - half as many patterns are no gain
            return None
        codes = np.ascontiguousarray(whole.codes[first::every])
        weight = whole.weight[first::every]
        for column, size in zip(codes.T, whole.sizes, strict=True):
            given = column >= 0
            if np.bincount(column[given], weights=weight[given], minlength=size).min() < _RARE:
                return None
        return replace(self, patterns=replace(whole, codes=codes, weight=weight))


def _counts(codes: NDArray[np.int16], posterior: Array, categories: int) -> Array:
    """Return how many people at each point chose each category, k x C x Q."""
    chosen = [[posterior[column == c].sum(axis=0) for c in range(categories)] for column in codes.T]
    return np.array(chosen)


def pattern_scores(
    codes: NDArray[np.int16], posterior: Array, score: Array, place: NDArray[np.int64]
) -> Matrix:
    """Return the expected score of each pattern (times its weight) for all slopes and intercepts."""
    n, k = codes.shape
    categories, slots = score.shape[1:3]
    found = np.zeros((n, int(place.max()) + 1))
    rows = np.arange(n)
    for j in range(k):
        own = place[j] >= 0
        tables = (posterior @ score[j].reshape(categories * slots, -1).T).reshape(n, categories, slots)
        chosen = tables[rows, np.maximum(codes[:, j], 0)]
        chosen[codes[:, j] < 0] = 0.0
        found[:, place[j, own]] = chosen[:, own]
    return found


def maximise(
    likelihood: MarginalLikelihood, start: Matrix, *, known: Matrix | None = None, first: int = 0
) -> Maximum | Unavailable:
    """Search from a start for the maximum; unavailable where the search does not converge.

    Parameters
    ----------
    likelihood
        What is maximised.
    start
        Free parameters to begin with.
    known
        The information at the maximum, where another search has ended there.
    first
        With very many patterns, the likelihood of a part is maximised first; it begins with this pattern.

    Notes
    -----
    The first steps solve with the complete information (an EM gradient step); later ones with the observed
    information of some patterns, which is computed anew from more of them when a step gains less than
    expected. A step that does not raise the likelihood is halved.
    """
    part = likelihood.part(first)
    steering, warm = known, _WARM
    if part is not None:
        of_part = maximise(part, start)
        if isinstance(of_part, Maximum):
            scale = likelihood.patterns.weight.sum() / part.patterns.weight.sum()
            start, steering, warm = of_part.free, of_part.information * scale, 0
    at = likelihood.expectations(start)
    if at is None:
        return Unavailable(reason="did not converge", detail="no likelihood at the start")
    promised, sample = np.inf, _STEERING
    for step in range(_STEPS):
        near = step >= warm
        if near and steering is not None:
            matrices = [steering]
        else:
            matrices = _steering(likelihood, at, sample if near else 0)
            sample *= 4 if near else 1
        direction = _solve(matrices, at.score)
        if direction is None:
            break
        gain = float(at.score @ direction)
        if near and gain < SETTLED**2:
            return _maximum(likelihood, at, step, known)
        found = _climb(likelihood, at, direction)
        if found is None:
            break
        if near:
            steering = matrices[0] if gain < promised / 3 else None
            promised = gain
        at = found
    return _no_maximum(likelihood, at)


def _steering(likelihood: MarginalLikelihood, at: Expectations, sample: int) -> list[Matrix]:
    """Return matrices to solve with: the information observed in a sample, then closer to the complete."""
    complete = likelihood.complete(at)
    if sample == 0:
        return [complete]
    every = max(1, len(likelihood.patterns.codes) // sample)
    observed = complete - likelihood.missing(at, every)
    return [(1 - share) * observed + share * complete for share in (0.0, 0.05, 0.2, 0.6, 1.0)]


def _no_maximum(likelihood: MarginalLikelihood, at: Expectations) -> Unavailable:
    """Say why the search did not end at a maximum."""
    steepest = int(np.abs(at.slopes).argmax())
    if np.abs(at.slopes[steepest]) > STEEPEST / 2:
        name = likelihood.patterns.names[steepest]
        return Unavailable(reason="improper solution", detail=f"the slope of {name} grows without end")
    left = f"a score of {np.abs(at.score).max():.2g} is left at log-likelihood {at.log_likelihood:.6f}"
    return Unavailable(reason="did not converge", detail=left)


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


def _maximum(likelihood: MarginalLikelihood, at: Expectations, steps: int, known: Matrix | None) -> Maximum:
    information = likelihood.information(at) if known is None else known
    direction = _solve([information], at.score)
    distance = np.inf if direction is None else float(np.sqrt(max(float(at.score @ direction), 0.0)))
    return Maximum(
        free=at.free,
        log_likelihood=at.log_likelihood,
        information=information,
        distance=distance,
        gradient=float(np.abs(at.score).max()),
        steps=steps,
    )
