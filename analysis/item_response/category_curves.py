"""Probability of each category at points of the latent dimension, with first and second derivatives.

Two families. In both, item j has a slope a_j and one intercept d_jc for each category c = 1, ..., K_j - 1:

- cumulative (graded response, two-parameter logistic): P(Y >= c | θ) = logistic(a θ + d_c), d decreasing;
- adjacent (generalised partial credit and the Rasch family): P(Y = c | θ) ∝ exp(a c θ + d_c), d_0 = 0.

Arrays are padded to the largest number C of categories: an item's category or intercept beyond its own has
probability 1 and derivatives 0, and no answer ever falls into it. Position 0 of an item's parameters is its
slope, position c its intercept d_c. Q is the number of points.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from analysis.estimate import Matrix

Family = Literal["cumulative", "adjacent"]
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryCurves:
    """Curves of k items at Q points.

    `probability` is k x C x Q; `score` (k x C x C x Q) the derivative of the logarithm of a category's
    probability (second axis) with regard to each parameter of its item (third axis).
    """

    probability: Array
    score: Array


@dataclass(frozen=True, kw_only=True, slots=True)
class PointDerivatives:
    """The logarithm of each category's probability, k x C x Q, and its derivatives with regard to θ."""

    probability: Array
    first: Array
    second: Array
    third: Array


def ordered(family: Family, intercepts: Matrix) -> bool:
    """Whether every category is possible; `intercepts` is k x (C - 1), NaN beyond an item's own."""
    gaps = np.diff(intercepts, axis=1)
    return family == "adjacent" or not (gaps[~np.isnan(gaps)] >= 0).any()


def category_curves(family: Family, slopes: Matrix, intercepts: Matrix, points: Matrix) -> CategoryCurves:
    """Return the probabilities of categories and the derivatives of their logarithms.

    Parameters
    ----------
    family
        "cumulative" or "adjacent".
    slopes, intercepts
        k slopes, and k x (C - 1) intercepts with NaN beyond an item's own.
    points
        Q points of the latent dimension.
    """
    return _CURVES[family](slopes, intercepts, points)


def _cumulative_parts(slopes: Matrix, intercepts: Matrix, points: Matrix) -> tuple[Array, Array, Array]:
    """Return logistic(η) at the lower and the upper end of each category (k x C x Q), and their distances.

    P = F(x) - F(y) is computed as F(x) F(-y) (1 - exp(y - x)), which loses no digits in either tail; the
    distance x - y = d_c - d_(c+1) is the same at every point.
    """
    k, steps = intercepts.shape
    beyond = np.isnan(intercepts)
    eta = slopes[:, np.newaxis, np.newaxis] * points + np.where(beyond, -np.inf, intercepts)[:, :, np.newaxis]
    low = np.concatenate([np.full((k, 1, points.size), np.inf), eta], axis=1)
    high = np.concatenate([eta, np.full((k, 1, points.size), -np.inf)], axis=1)
    gap = np.full((k, steps + 1), np.inf)
    inner = ~beyond[:, 1:]
    gap[:, 1:-1][inner] = -np.diff(intercepts, axis=1)[inner]
    return low, high, gap


def _cumulative(slopes: Matrix, intercepts: Matrix, points: Matrix) -> CategoryCurves:
    low, high, gap = _cumulative_parts(slopes, intercepts, points)
    k, C, Q = low.shape
    beyond = np.concatenate([np.zeros((k, 1), dtype=bool), np.isnan(intercepts)], axis=1)
    probability = expit(low) * expit(-high) * -np.expm1(-gap)[:, :, np.newaxis]
    probability[beyond] = 1.0
    near = 1 / np.expm1(gap)[:, :, np.newaxis]
    with_low = expit(-low) + near  # derivative with regard to the lower end
    with_high = -expit(high) - near
    with_low[:, 0], with_low[beyond], with_high[beyond] = 0.0, 0.0, 0.0
    score = np.zeros((k, C, C, Q))
    score[:, :, 0] = points * (with_low + with_high)
    places = np.arange(1, C)
    score[:, places, places] = with_low[:, 1:]
    score[:, places - 1, places] = np.where(beyond[:, 1:, np.newaxis], 0.0, with_high[:, :-1])
    return CategoryCurves(probability=probability, score=score)


def _adjacent(slopes: Matrix, intercepts: Matrix, points: Matrix) -> CategoryCurves:
    k, steps = intercepts.shape
    C, Q = steps + 1, points.size
    beyond = np.concatenate([np.zeros((k, 1), dtype=bool), np.isnan(intercepts)], axis=1)
    probability = _adjacent_probability(slopes, intercepts, points)
    category = np.arange(C)[:, np.newaxis]
    mean = (category * probability).sum(axis=1, keepdims=True)
    score = np.zeros((k, C, C, Q))
    score[:, :, 0] = points * (category - mean)
    score[:, :, 1:] = -probability[:, np.newaxis, 1:]
    places = np.arange(1, C)
    score[:, places, places] += 1.0
    score[beyond] = 0.0
    score.transpose(0, 2, 1, 3)[beyond] = 0.0
    probability[beyond] = 1.0
    return CategoryCurves(probability=probability, score=score)


def _adjacent_probability(slopes: Matrix, intercepts: Matrix, points: Matrix) -> Array:
    """Return probabilities of an adjacent family, k x C x Q, 0 beyond an item's categories."""
    category = np.arange(intercepts.shape[1] + 1)[:, np.newaxis]
    d = np.concatenate([np.zeros((len(slopes), 1)), intercepts], axis=1)[:, :, np.newaxis]
    eta = slopes[:, np.newaxis, np.newaxis] * category * points + np.where(np.isnan(d), -np.inf, d)
    return np.asarray(softmax(eta, axis=1), dtype=np.float64)


def complete_information(
    family: Family, slopes: Matrix, intercepts: Matrix, points: Matrix, counts: Array
) -> Array:
    """Return minus the second derivatives of the log-likelihood if θ were known, k x C x C.

    Parameters
    ----------
    family, slopes, intercepts, points
        As for `category_curves`.
    counts
        How many people at each point chose each category, k x C x Q.
    """
    return _INFORMATION[family](slopes, intercepts, points, counts)


def _cumulative_information(slopes: Matrix, intercepts: Matrix, points: Matrix, counts: Array) -> Array:
    low, high, gap = _cumulative_parts(slopes, intercepts, points)
    k, C, _ = low.shape
    beyond = np.isnan(intercepts)
    inner = np.isfinite(gap)
    near = np.zeros_like(gap)
    near[inner] = 1 / np.expm1(gap[inner])
    near = (near * (1 + near))[:, :, np.newaxis]
    spread_low, spread_high = expit(low) * expit(-low), expit(high) * expit(-high)
    # Of each category: second derivatives at its lower end, its upper end, and both (with the sign turned).
    at_low, at_high, mixed = counts * (spread_low + near), counts * (spread_high + near), -counts * near
    found = np.zeros((k, C, C))
    places = np.arange(1, C)
    both = at_low[:, 1:] + at_high[:, :-1]
    found[:, places, places] = both.sum(axis=2)
    found[:, places[:-1], places[1:]] = found[:, places[1:], places[:-1]] = mixed[:, 1:-1].sum(axis=2)
    found[:, 0, 0] = (counts * (spread_low + spread_high)).sum(axis=1) @ points**2
    cross = both + mixed[:, 1:] + mixed[:, :-1]
    found[:, 0, 1:] = found[:, 1:, 0] = np.where(beyond, 0.0, cross @ points)
    return found


def _adjacent_information(slopes: Matrix, intercepts: Matrix, points: Matrix, counts: Array) -> Array:
    probability = _adjacent_probability(slopes, intercepts, points)
    k, C, _ = probability.shape
    people = counts.sum(axis=1)
    category = np.arange(C)[:, np.newaxis]
    mean = (category * probability).sum(axis=1)
    variance = (category**2 * probability).sum(axis=1) - mean**2
    found = np.zeros((k, C, C))
    found[:, 0, 0] = (people * variance) @ points**2
    weighted = probability * people[:, np.newaxis]
    cross = (weighted * (category - mean[:, np.newaxis])) @ points
    found[:, 0, 1:] = found[:, 1:, 0] = cross[:, 1:]
    found[:, 1:, 1:] = -weighted[:, 1:] @ probability[:, 1:].transpose(0, 2, 1)
    places = np.arange(1, C)
    found[:, places, places] += weighted[:, 1:].sum(axis=2)
    return found


def point_derivatives(family: Family, slopes: Matrix, intercepts: Matrix, points: Matrix) -> PointDerivatives:
    """Return the derivatives of the categories' log-probabilities with regard to θ, at Q points.

    Beyond an item's categories the probability is 0 here, so that sums over categories need no mask.
    """
    beyond = np.concatenate([np.zeros((len(slopes), 1), dtype=bool), np.isnan(intercepts)], axis=1)
    a = slopes[:, np.newaxis, np.newaxis]
    if family == "adjacent":
        probability = _adjacent_probability(slopes, intercepts, points)
        category = np.arange(probability.shape[1])[:, np.newaxis]
        mean = (category * probability).sum(axis=1, keepdims=True)
        second = (probability * (category - mean) ** 2).sum(axis=1, keepdims=True)
        third = (probability * (category - mean) ** 3).sum(axis=1, keepdims=True)
        shape = probability.shape
        first = a * (category - mean)
        return PointDerivatives(
            probability=probability,
            first=first,
            second=np.broadcast_to(-(a**2) * second, shape),
            third=np.broadcast_to(-(a**3) * third, shape),
        )
    low, high, gap = _cumulative_parts(slopes, intercepts, points)
    F, G = expit(low), expit(high)
    probability = F * expit(-high) * -np.expm1(-gap)[:, :, np.newaxis]
    probability[beyond] = 0.0
    f, g = F * expit(-low), G * expit(-high)
    return PointDerivatives(
        probability=probability,
        first=a * (expit(-low) - G),
        second=-(a**2) * (f + g),
        third=-(a**3) * (f * (expit(-low) - F) + g * (expit(-high) - G)),
    )


Curves = Callable[[Matrix, Matrix, Matrix], CategoryCurves]
_CURVES: Final[dict[Family, Curves]] = {"cumulative": _cumulative, "adjacent": _adjacent}
_INFORMATION: Final[dict[Family, Callable[[Matrix, Matrix, Matrix, Array], Array]]] = {
    "cumulative": _cumulative_information,
    "adjacent": _adjacent_information,
}
