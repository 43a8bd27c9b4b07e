"""Sums of answers under a model: their conditional error, and θ given the sum."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from analysis.counts.kernels import compiled
from analysis.estimate import Matrix, Unavailable
from analysis.item_response.category_curves import point_derivatives
from analysis.item_response.information import information
from analysis.item_response.response_model import ResponseModel

FARTHEST: Final = 8.0  # standard deviations of θ within which the expected sum is inverted


@dataclass(frozen=True, kw_only=True, slots=True)
class SumScores:
    """The sum of the answers to all items under a model, for each sum that is possible.

    Attributes
    ----------
    value, probability
        The sums, ascending, and how often each is expected in the population.
    eap, posterior_sd
        Mean and standard deviation of θ given the sum.
    posterior_se
        Standard error of the sum: square root of its mean conditional variance among those with that sum.
    theta, conditional_se
        θ whose expected sum it is, and the conditional standard error of the sum there; NaN at the lowest and
        the highest sum, and where θ is beyond 8 standard deviations.
    mean, true_variance, error_variance
        In the population.
    reliability, reliability_eap
        Of the sum, true variance / variance; of θ given the sum, variance of its mean / variance of θ.
    mean_se
        Conditional standard error of the sum, averaged over the population.
    """

    value: Matrix
    probability: Matrix
    eap: Matrix
    posterior_sd: Matrix
    posterior_se: Matrix
    theta: Matrix
    conditional_se: Matrix
    mean: float
    true_variance: float
    error_variance: float
    reliability: float
    reliability_eap: float
    mean_se: float


def sum_scores(model: ResponseModel) -> SumScores | Unavailable:
    """Return the distribution of the sum of the answers, its conditional error, and θ given the sum.

    Parameters
    ----------
    model
        A fitted model.

    Returns
    -------
    SumScores or Unavailable
        Unavailable where the answers are not multiples of one unit, so that sums do not come in steps.

    Notes
    -----
    The probabilities of the sums given θ are by the recursion of Lord and Wingersky, at 61 points.

    References
    ----------
    Lord, F. M., & Wingersky, M. S. (1984). Comparison of IRT true-score and equipercentile observed-score
    "equatings". Applied Psychological Measurement, 8, 453-461.
    Thissen, D., Pommerich, M., Billeaud, K., & Williams, V. S. L. (1995). Item response theory for scores on
    tests including polytomous items with ordered responses. Applied Psychological Measurement, 19, 39-49.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.item_response.graded_response import graded_response
    >>> from analysis.simulation import simulate
    >>> X = simulate(500, [0.8, 0.7, 0.6, 0.5], [-1.0, 0.5], np.random.default_rng(1))
    >>> found = sum_scores(graded_response(X))
    >>> found.value.tolist(), round(float(found.probability.sum()), 6)
    ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 1.0)
    """
    steps = _steps(model)
    if isinstance(steps, Unavailable):
        return steps
    offsets, unit = steps
    points, weights = model.points()
    found = information(model, points)
    curves = point_derivatives(model.family, model.slopes, model.intercepts, points).probability
    given = lord_wingersky(np.ascontiguousarray(curves), offsets, np.array(model.sizes))
    possible = _possible(model, offsets)
    joint = given[possible] * weights
    probability = joint.sum(axis=1)
    posterior = joint / probability[:, np.newaxis]
    eap = posterior @ points
    lowest = sum(categories[0] for categories in model.categories)
    value: Matrix = lowest + unit * np.flatnonzero(possible).astype(np.float64)
    theta, at_theta = _inverse(model, value)
    mean = float(weights @ found.expected)
    true = float(weights @ (found.expected - mean) ** 2)
    error = float(weights @ found.conditional_se**2)
    return SumScores(
        value=value,
        probability=probability,
        eap=eap,
        posterior_sd=np.sqrt((posterior * (points - eap[:, np.newaxis]) ** 2).sum(axis=1)),
        posterior_se=np.sqrt(posterior @ found.conditional_se**2),
        theta=theta,
        conditional_se=at_theta,
        mean=mean,
        true_variance=true,
        error_variance=error,
        reliability=true / (true + error),
        reliability_eap=float(probability @ (eap - probability @ eap) ** 2) / model.sd**2,
        mean_se=float(weights @ found.conditional_se),
    )


def lord_wingersky(
    probability: NDArray[np.float64], offsets: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the probability of each sum of offsets (sums x Q) from those of the categories (k x C x Q)."""
    return with_items(np.ones((1, probability.shape[2])), probability, offsets, sizes)


@compiled
def with_items(
    start: NDArray[np.float64],
    probability: NDArray[np.float64],
    offsets: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the probability of each sum (sums x Q) when items are added to those of `start`."""
    k, _, Q = probability.shape
    found = start
    for j in range(k):
        with_item = np.zeros((found.shape[0] + offsets[j, sizes[j] - 1], Q))
        for s in range(found.shape[0]):
            for c in range(sizes[j]):
                to = s + offsets[j, c]
                for q in range(Q):
                    with_item[to, q] += found[s, q] * probability[j, c, q]
        found = with_item
    return found


def without_each(
    probability: NDArray[np.float64], offsets: NDArray[np.int64], sizes: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """Return for each item the probabilities of the sums of all the others, as `lord_wingersky` does.

    The items are halved again and again, each half with the others added to it: k log k additions, not k².
    """
    found = [np.empty(0)] * len(sizes)

    def halve(others: NDArray[np.float64], items: NDArray[np.int64]) -> None:
        if items.size == 1:
            found[int(items[0])] = others
            return
        for own, rest in (np.split(items, [items.size // 2]), np.split(items, [items.size // 2])[::-1]):
            halve(with_items(others, probability[rest], offsets[rest], sizes[rest]), own)

    halve(np.ones((1, probability.shape[2])), np.arange(len(sizes)))
    return found


def _steps(model: ResponseModel) -> tuple[NDArray[np.int64], float] | Unavailable:
    """Return how many units each category is above its item's lowest, k x C, and the unit."""
    above = [np.array(categories) - categories[0] for categories in model.categories]
    gaps = np.concatenate([np.diff(each) for each in above])
    unit = float(gaps.min())
    thousandths = np.round(gaps / unit * 1000).astype(np.int64)
    unit = unit * int(np.gcd.reduce(thousandths)) / 1000
    offsets = np.zeros((model.k, max(model.sizes)), dtype=np.int64)
    for row, each in zip(offsets, above, strict=True):
        row[: each.size] = np.round(each / unit)
        if not np.allclose(row[: each.size] * unit, each, rtol=1e-9, atol=0) or row.max() > 1000:  # noqa: PLR2004
            return Unavailable(reason="not defined", detail="the answers are not multiples of one unit")
    return offsets, unit


def _possible(model: ResponseModel, offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which sums some answers add up to."""
    certain = np.zeros((model.k, max(model.sizes), 1))
    for row, size in zip(certain, model.sizes, strict=True):
        row[:size] = 1.0 / size
    return np.asarray(lord_wingersky(certain, offsets, np.array(model.sizes))[:, 0] > 0)


def _inverse(model: ResponseModel, sums: Matrix) -> tuple[Matrix, Matrix]:
    """Return θ at which each sum is expected, and the conditional standard error of the sum there."""
    end = FARTHEST * model.sd
    theta = np.full(len(sums), np.nan)

    def expected(at: float) -> float:
        return float(information(model, [at]).expected[0])

    lowest, highest = expected(-end), expected(end)
    for place, value in enumerate(sums):
        if min(lowest, highest) < value < max(lowest, highest):
            theta[place] = brentq(lambda at, aim=value: expected(at) - aim, -end, end, xtol=1e-13, rtol=1e-14)
    known = ~np.isnan(theta)
    error = np.full(len(sums), np.nan)
    error[known] = information(model, theta[known]).conditional_se
    return theta, error
