"""Maximises the likelihood of the answers given their sums, for models with slopes of 1."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import softmax

from analysis.estimate import Matrix, Unavailable
from analysis.item_response.elementary_symmetric import conditional_moments, sums_after
from analysis.item_response.response_patterns import ResponsePatterns

SETTLED: Final = 1e-6  # largest distance from the maximum, in standard errors; below it rounding decides
FARTHEST: Final = 30.0  # logits beyond which an easiness counts as infinite
_STEPS: Final = 100


Places = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """People who answered the same items: `items` are their indices, `people` counts people by sum."""

    items: NDArray[np.int64]
    people: Matrix


@dataclass(frozen=True)
class ConditionalLikelihood:
    """The likelihood of answers given the sum of a person's answers, a function of easiness.

    `place` (k x C) numbers the categories of the items above the lowest, -1 elsewhere; `chosen` counts who
    chose each. An easiness d_jc belongs to P(Y_j = c | θ) proportional to exp(c θ + d_jc).
    """

    patterns: ResponsePatterns
    place: NDArray[np.int64]
    chosen: Matrix
    groups: tuple[Together, ...]

    @property
    def informative(self) -> int:
        """Number of people whose sum allows more than one pattern of answers."""
        return int(sum(group.people[1:-1].sum() for group in self.groups))

    def value(self, easiness: Matrix) -> float:
        """Return the log-likelihood; minus infinity where the probability of an observed sum underflows."""
        weights, constants = self._weights(easiness)
        total = float(self.chosen @ easiness)
        for group in self.groups:
            sums = sums_after(np.ascontiguousarray(weights[group.items]), self.patterns.sizes[group.items])[0]
            seen = group.people > 0
            if sums[seen].min() <= 0:
                return -np.inf
            total -= float(group.people[seen] @ np.log(sums[seen]))
            total -= float(group.people.sum() * constants[group.items].sum())
        return total

    def derivatives(self, easiness: Matrix) -> tuple[Matrix, Matrix]:
        """Return the score and the information, p and p x p."""
        weights, _ = self._weights(easiness)
        p = self.chosen.size
        expected, products = np.zeros(p), np.zeros((p, p))
        squares = np.zeros((p, p))
        for group in self.groups:
            sizes, place = self.patterns.sizes[group.items], self.place[group.items]
            given = np.ascontiguousarray(weights[group.items])
            conditional_moments(given, sizes, group.people, place, expected, products)
            squares += self._squares(given, sizes, group.people, place)
        return self.chosen - expected, products - squares

    def _squares(self, weights: Matrix, sizes: NDArray[np.int64], people: Matrix, place: Places) -> Matrix:
        """Return the sum over people of the products of the expected counts given their sum."""
        shares = shares_given_sum(weights, sizes)
        own = place >= 0
        given = np.zeros((self.chosen.size, people.size))
        given[place[own]] = shares[own]
        return np.asarray((given * people) @ given.T)

    def _weights(self, easiness: Matrix) -> tuple[Matrix, Matrix]:
        """Return probabilities of the categories at θ = 0, k x C, and the logarithms of their constants."""
        d = np.where(self.place >= 0, easiness[self.place], -np.inf)
        d[:, 0] = 0.0
        weights = np.asarray(softmax(d, axis=1), dtype=np.float64)
        return weights, -np.log(weights[:, 0])


def shares_given_sum(weights: Matrix, sizes: NDArray[np.int64]) -> Matrix:
    """Return the share of each category given each sum, k x C x sums."""
    k, C = weights.shape
    whole = sums_after(weights, sizes)[0]
    found = np.zeros((k, C, whole.size))
    for j in range(k):
        others = np.arange(k) != j
        rest = sums_after(np.ascontiguousarray(weights[others]), sizes[others])[0]
        for c in range(sizes[j]):
            found[j, c, c : c + rest.size] = weights[j, c] * rest
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, found / whole, 0.0)


def conditional_likelihood(patterns: ResponsePatterns) -> ConditionalLikelihood:
    """Return the likelihood of the answers given their sums."""
    sizes = patterns.sizes
    first = np.concatenate([[0], np.cumsum(sizes - 1)[:-1]])
    slots = np.arange(sizes.max())
    inside = (slots > 0) & (slots < sizes[:, np.newaxis])
    place = np.where(inside, first[:, np.newaxis] + slots - 1, -1)
    chosen = np.zeros(int((sizes - 1).sum()))
    for column, places in zip(patterns.codes.T, place, strict=True):
        above = column > 0
        np.add.at(chosen, places[column[above]], patterns.weight[above])
    masks, members = np.unique(patterns.codes >= 0, axis=0, return_inverse=True)
    sums = np.maximum(patterns.codes, 0).sum(axis=1, dtype=np.int64)
    groups = []
    for number, mask in enumerate(masks):
        rows = members == number
        items = np.flatnonzero(mask)
        most = int((sizes[items] - 1).sum())
        people = np.bincount(sums[rows], weights=patterns.weight[rows], minlength=most + 1)
        groups.append(Together(items=items, people=people.astype(np.float64)))
    return ConditionalLikelihood(patterns, place, chosen, tuple(groups))


@dataclass(frozen=True, kw_only=True, slots=True)
class ConditionalMaximum:
    """The maximum: the free parameters, their information, and the distance left, in standard errors."""

    free: Matrix
    log_likelihood: float
    information: Matrix
    distance: float


def maximise_conditional(
    likelihood: ConditionalLikelihood, design: Matrix
) -> ConditionalMaximum | Unavailable:
    """Find the maximum over easiness = design @ free; it is unique, since the likelihood is concave."""
    free = np.zeros(design.shape[1])
    value = likelihood.value(design @ free)
    for _ in range(_STEPS):
        score, information = likelihood.derivatives(design @ free)
        score, information = design.T @ score, design.T @ information @ design
        try:
            step = np.asarray(cho_solve(cho_factor(information, lower=True), score))
        except (LinAlgError, ValueError):
            break
        gain = float(score @ step)
        if gain < SETTLED**2:
            return ConditionalMaximum(
                free=free, log_likelihood=value, information=information, distance=np.sqrt(max(gain, 0.0))
            )
        for halvings in range(40):
            tried = free + step / 2**halvings
            found = likelihood.value(design @ tried)
            if found >= value - 1e-12 * abs(value):
                break
        else:
            break
        free, value = tried, found
        if np.abs(design @ free).max() > FARTHEST * likelihood.place.shape[1]:
            break
    item = int(np.argmax((likelihood.place == int(np.abs(design @ free).argmax())).any(axis=1)))
    name = likelihood.patterns.names[item]
    return Unavailable(
        reason="improper solution",
        detail=f"the easiness of {name} grows without end: its answers say nothing beyond the sums",
    )
