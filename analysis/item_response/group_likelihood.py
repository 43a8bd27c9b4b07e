"""The graded response model in several groups: shared or separate items, and a latent distribution for each.

θ is normal in every group, standard normal in the first; the mean and the standard deviation of each other
group are parameters. Points of θ are the same for all groups, so that a group changes only their weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.sparse import eye_array

from analysis.estimate import Matrix, Unavailable
from analysis.item_response.category_curves import (
    category_curves,
    complete_information,
    ordered,
)
from analysis.item_response.marginal_likelihood import STEEPEST
from analysis.item_response.parameters import Parameters
from analysis.item_response.quadrature import normal_points, posteriors
from analysis.item_response.response_patterns import ResponsePatterns

CLOSE: Final = 1e-3  # largest score left, in standard errors were θ known: 1e-6 of a log-likelihood
_STEPS: Final = 500
_SPREAD: Final = (0.05, 10.0)  # standard deviations of θ that a search may pass through


@dataclass(frozen=True, kw_only=True)
class GroupMaximum:
    """A maximum: slopes (groups x k), intercepts (groups x k x (C - 1)), means and sds of θ (groups)."""

    slopes: Matrix
    intercepts: Matrix
    means: Matrix
    sds: Matrix
    log_likelihood: float
    parameters: int
    gradient: float


@dataclass(frozen=True)
class GroupLikelihood:
    """The likelihood of answers in groups; `weights` (groups x patterns) counts who gave which pattern."""

    patterns: ResponsePatterns
    weights: Matrix

    def maximise(
        self, separate: Sequence[int], slopes: Matrix, intercepts: Matrix
    ) -> GroupMaximum | Unavailable:
        """Return the maximum in which the items in `separate` have a curve of their own in each group.

        Parameters
        ----------
        separate
            Numbers of items; all others have the same curve in every group.
        slopes, intercepts
            To begin with: k, and k x (C - 1) with NaN beyond an item's own.

        Returns
        -------
        GroupMaximum or Unavailable
            Unavailable where the search does not converge.

        Notes
        -----
        Quasi-Newton steps (BFGS) in units in which the complete information at the start is the identity.
        """
        structures = self._structures(separate)
        start = np.zeros(structures[0].design.shape[0] + 2 * (len(self.weights) - 1))
        table = np.column_stack([slopes, intercepts])
        for structure in structures:
            used = structure.place >= 0
            start[structure.place[used]] = table[used]
        return _maximise(_Search(self, structures), start)

    def _structures(self, separate: Sequence[int]) -> tuple[Parameters, ...]:
        """Return, for each group, where the parameters of its items stand."""
        sizes = self.patterns.sizes
        slots = np.arange(sizes.max())
        first = np.concatenate([[0], np.cumsum(sizes)])
        places, beyond = [], int(first[-1])
        for group in range(len(self.weights)):
            begins = first[:-1].copy()
            for item in separate if group else ():
                begins[item] = beyond
                beyond += int(sizes[item])
            places.append(np.where(slots < sizes[:, np.newaxis], begins[:, np.newaxis] + slots, -1))
        own = eye_array(beyond, format="csr")
        return tuple(Parameters(family="cumulative", design=own, place=place) for place in places)


@dataclass(frozen=True, kw_only=True)
class _At:
    free: Matrix
    value: float
    score: Matrix
    counts: tuple[NDArray[np.float64], ...]
    mass: Matrix  # groups x Q, people expected at each point


@dataclass(frozen=True)
class _Search:
    likelihood: GroupLikelihood
    structures: tuple[Parameters, ...]

    @property
    def items(self) -> int:
        return int(self.structures[0].design.shape[0])

    def latent(self, free: Matrix) -> tuple[Matrix, Matrix]:
        """Return the mean and the standard deviation of θ in each group."""
        rest = free[self.items :].reshape(-1, 2)
        return np.concatenate([[0.0], rest[:, 0]]), np.exp(np.concatenate([[0.0], rest[:, 1]]))

    def at(self, free: Matrix) -> _At | None:
        """Return the likelihood and its score, or None where the parameters are not those of a model."""
        means, sds = self.latent(free)
        if not ((sds > _SPREAD[0]) & (sds < _SPREAD[1])).all():
            return None
        points, _ = normal_points()
        codes = self.likelihood.patterns.codes
        value, score, counted, mass = 0.0, np.zeros(len(free)), [], []
        for g, (structure, weight) in enumerate(zip(self.structures, self.likelihood.weights, strict=True)):
            slopes, intercepts = structure.unfold_values(free)
            if not (np.abs(slopes) <= STEEPEST).all() or not ordered("cumulative", intercepts):
                return None
            curves = category_curves("cumulative", slopes, intercepts, points)
            z = (points - means[g]) / sds[g]
            prior = np.exp(-(z**2) / 2)
            prior /= prior.sum()
            there = weight > 0
            posterior = np.empty((int(there.sum()), points.size))
            counts = np.empty_like(curves.probability)
            found = posteriors(
                np.ascontiguousarray(codes[there]),
                curves.probability,
                prior,
                weight[there],
                posterior,
                counts,
            )
            if not np.isfinite(found):
                return None
            value += found
            score[: self.items] += structure.gather(np.einsum("jcq,jcsq->js", counts, curves.score))
            people = posterior.sum(axis=0)
            if g:
                left = people - weight.sum() * prior
                score[self.items + 2 * (g - 1)] = left @ z / sds[g]
                score[self.items + 2 * (g - 1) + 1] = left @ z**2
            counted.append(counts)
            mass.append(people)
        return _At(free=free, value=value, score=score, counts=tuple(counted), mass=np.array(mass))

    def complete(self, at: _At) -> Matrix:
        """Return the information there would be if θ were known."""
        points, _ = normal_points()
        found = np.zeros((len(at.free),) * 2)
        for structure, counts in zip(self.structures, at.counts, strict=True):
            slopes, intercepts = structure.unfold_values(at.free)
            blocks = complete_information("cumulative", slopes, intercepts, points, counts)
            one = np.zeros_like(found)
            structure.put_blocks(blocks, one)
            found += one
        for g in range(1, len(self.structures)):
            place, people = self.items + 2 * (g - 1), float(self.likelihood.weights[g].sum())
            found[place, place], found[place + 1, place + 1] = people, 2 * people
        return found


def _maximise(search: _Search, start: Matrix) -> GroupMaximum | Unavailable:
    at = search.at(start)
    if at is None:
        return Unavailable(reason="did not converge", detail="no likelihood at the start")
    lower = cholesky(search.complete(at), lower=True)
    inverse = np.eye(len(start))
    score = solve_triangular(lower, at.score, lower=True)
    for _ in range(_STEPS):
        if np.abs(score).max() < CLOSE / 100:
            break
        direction = inverse @ score
        gain = float(direction @ score)
        moved = _climb(search, at, solve_triangular(lower, direction, lower=True, trans=1), gain)
        if moved is None:
            break
        step, at = lower.T @ (moved.free - at.free), moved
        change, score = score, solve_triangular(lower, at.score, lower=True)
        change = change - score
        along = float(step @ change)
        if along > 1e-10 * float(np.sqrt((step @ step) * (change @ change))):
            turned = inverse @ change
            inverse += (1 + change @ turned / along) * np.outer(step, step) / along
            inverse -= (np.outer(turned, step) + np.outer(step, turned)) / along
    left = float(np.abs(score).max())
    if left > CLOSE:
        return Unavailable(
            reason="did not converge",
            detail=f"a score of {left:.2g} is left at log-likelihood {at.value:.6f}",
        )
    unfolded = [structure.unfold_values(at.free) for structure in search.structures]
    means, sds = search.latent(at.free)
    return GroupMaximum(
        slopes=np.array([slopes for slopes, _ in unfolded]),
        intercepts=np.array([intercepts for _, intercepts in unfolded]),
        means=means,
        sds=sds,
        log_likelihood=at.value,
        parameters=len(at.free),
        gradient=left,
    )


def _climb(search: _Search, at: _At, direction: Matrix, gain: float) -> _At | None:
    """Return the first of ever shorter steps that gains enough (within rounding)."""
    rounding = 1e-13 * abs(at.value)
    for halvings in range(30):
        share = 0.5**halvings
        found = search.at(at.free + share * direction)
        if found is not None and found.value >= at.value + 1e-4 * share * gain - rounding:
            return found
    return None
