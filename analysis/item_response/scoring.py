"""Scores of people: θ estimated from their answers by four methods."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimate import Matrix, Unavailable, as_matrix
from analysis.item_response.category_curves import category_curves, point_derivatives
from analysis.item_response.quadrature import posteriors
from analysis.item_response.response_model import ItemCurves
from analysis.item_response.response_patterns import Codes, distinct

Method = Literal["eap", "map", "ml", "wle"]

FARTHEST: Final = 100.0  # largest distance from 0 of a score by maximum likelihood
_BLOCK: Final = 4096
_STEPS: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonScores:
    """θ of n people with its standard error; NaN for a person without any answer.

    By maximum likelihood θ is infinite, with no error, where all answers are at the same end.
    """

    theta: Matrix
    se: Matrix
    method: Method


def person_scores(model: ItemCurves, X: ArrayLike, *, method: Method = "eap") -> PersonScores:
    """Estimate θ of each person.

    Parameters
    ----------
    model
        A fitted model.
    X
        Answers, n x k, NaN where there is none; each must be one that the model knows.
    method
        "eap" for the mean of the posterior distribution, "map" for its mode, "ml" for maximum likelihood,
        "wle" for Warm's weighted likelihood, which has the least bias and is finite for everybody.

    Returns
    -------
    PersonScores
        The error is the standard deviation of the posterior for "eap"; from the observed information, that of
        the population added for "map", for "map" and "ml"; from the expected information for "wle".

    Raises
    ------
    ValueError
        Where `X` has another number of items, or an answer that did not occur when the model was fitted; of a
        model that leaves the distribution of θ open, for "eap" and "map".

    Notes
    -----
    Equal to ``mirt::fscores`` with method "EAP" (61 points), "MAP", "ML" and "WLE". Warm's estimate solves
    l'(θ) + J(θ) / (2 I(θ)) = 0, where J is the sum of P' P'' / P over categories and items.

    References
    ----------
    Bock, R. D., & Mislevy, R. J. (1982). Adaptive EAP estimation of ability in a microcomputer environment.
    Applied Psychological Measurement, 6, 431-444.
    Warm, T. A. (1989). Weighted likelihood estimation of ability in item response theory. Psychometrika, 54,
    427-450.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.item_response.graded_response import graded_response
    >>> from analysis.simulation import simulate
    >>> X = simulate(500, [0.8, 0.7, 0.6, 0.5], [-1.0, 0.5], np.random.default_rng(1))
    >>> model = graded_response(X)
    >>> person_scores(model, [[2, 2, 2, 2]], method="ml").theta
    array([inf])
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, not {method!r}")
    if method in {"eap", "map"} and model.sd is None:
        raise ValueError(f"{method} needs the distribution of θ, which the {model.model} leaves open")
    codes, place = coded(model, X)
    theta, se = METHODS[method](model, codes)
    return PersonScores(theta=theta[place], se=se[place], method=method)


def empirical_reliability(scores: PersonScores) -> float | Unavailable:
    """Return var(θ) / (var(θ) + mean squared error) of EAP scores: ``mirt::empirical_rxx``."""
    kept = np.isfinite(scores.theta)
    if kept.sum() < 3:  # noqa: PLR2004 - the smallest sample that anything here is said of
        return Unavailable(reason="too few rows", detail=f"{int(kept.sum())} of at least 3")
    spread = float(np.var(scores.theta[kept], ddof=1))
    return spread / (spread + float(np.mean(scores.se[kept] ** 2)))


def coded(model: ItemCurves, X: ArrayLike) -> tuple[Codes, NDArray[np.int64]]:
    """Return the distinct rows of answers as numbers of the model's categories, and which each row is."""
    rows = as_matrix(X)
    if rows.shape[1] != model.k:
        raise ValueError(f"the model has {model.k} items, the answers {rows.shape[1]}")
    codes = np.full(rows.shape, -1, dtype=np.int16)
    for j, (column, categories) in enumerate(zip(rows.T, model.categories, strict=True)):
        given = ~np.isnan(column)
        values = np.array(categories)
        at = np.minimum(np.searchsorted(values, column[given]), len(values) - 1)
        strange = values[at] != column[given]
        if strange.any():
            answer = column[given][strange][0]
            raise ValueError(
                f"{model.names[j]} has the answer {answer:g}, which did not occur when the model was fitted"
            )
        codes[given, j] = at
    found, _, place = distinct(codes)
    return found, place


def _eap(model: ItemCurves, codes: Codes) -> tuple[Matrix, Matrix]:
    points, prior = model.points()
    curves = category_curves(model.family, model.slopes, model.intercepts, points)
    posterior = np.empty((len(codes), points.size))
    posteriors(
        codes, curves.probability, prior, np.ones(len(codes)), posterior, np.empty_like(curves.probability)
    )
    mean = posterior @ points
    spread = np.sqrt(((points - mean[:, np.newaxis]) ** 2 * posterior).sum(axis=1))
    empty = (codes < 0).all(axis=1)
    mean[empty], spread[empty] = np.nan, np.nan
    return mean, spread


@dataclass(frozen=True, kw_only=True, slots=True)
class Slopes:
    """Of each person's log-likelihood at their θ: first and second derivative, information, and Warm's J."""

    first: Matrix
    second: Matrix
    information: Matrix
    warm: Matrix


def slopes_at(model: ItemCurves, codes: Codes, theta: Matrix) -> Slopes:
    """Return derivatives of each person's log-likelihood, one row of codes and one θ a person."""
    found = point_derivatives(model.family, model.slopes, model.intercepts, theta)
    given = (codes >= 0).T
    items, people = np.arange(model.k)[:, np.newaxis], np.arange(len(codes))
    chosen = np.maximum(codes, 0).T
    by_item = (found.probability * found.first**2).sum(axis=1)
    # P''/P is the second derivative of log P plus the square of the first.
    curving = (found.probability * found.first * (found.second + found.first**2)).sum(axis=1)
    return Slopes(
        first=np.where(given, found.first[items, chosen, people], 0.0).sum(axis=0),
        second=np.where(given, found.second[items, chosen, people], 0.0).sum(axis=0),
        information=np.where(given, by_item, 0.0).sum(axis=0),
        warm=np.where(given, curving, 0.0).sum(axis=0),
    )


Equation = Callable[[Slopes, Matrix, float], tuple[Matrix, Matrix]]


def _map_equation(at: Slopes, theta: Matrix, precision: float) -> tuple[Matrix, Matrix]:
    return at.first - precision * theta, precision - at.second


def _ml_equation(at: Slopes, theta: Matrix, precision: float) -> tuple[Matrix, Matrix]:
    del theta, precision
    return at.first, -at.second


def _wle_equation(at: Slopes, theta: Matrix, precision: float) -> tuple[Matrix, Matrix]:
    del theta, precision
    with np.errstate(divide="ignore", invalid="ignore"):
        pull = np.where(at.information > 0, at.warm / (2 * at.information), 0.0)
    return at.first + pull, at.information


def _solve(model: ItemCurves, codes: Codes, equation: Equation) -> tuple[Matrix, Matrix]:
    """Find where the equation crosses 0 from above, for each person, inside ever closer bounds."""
    theta, _ = _eap(model, codes)
    known = ~np.isnan(theta)
    error = np.full_like(theta, np.nan)
    rows = np.flatnonzero(known)
    for start in range(0, rows.size, _BLOCK):
        block = rows[start : start + _BLOCK]
        theta[block], error[block] = _solve_block(model, codes[block], theta[block], equation)
    return theta, error


def _solve_block(model: ItemCurves, codes: Codes, start: Matrix, equation: Equation) -> tuple[Matrix, Matrix]:
    precision = 0.0 if model.sd is None else 1 / model.sd**2
    theta = start.copy()
    low, high = np.full_like(theta, -FARTHEST), np.full_like(theta, FARTHEST)
    scale = np.ones_like(theta)
    moving = np.arange(theta.size)
    for _ in range(_STEPS):
        at = theta[moving]
        value, slope = equation(slopes_at(model, codes[moving], at), at, precision)
        scale[moving] = slope
        low[moving] = np.where(value > 0, at, low[moving])
        high[moving] = np.where(value < 0, at, high[moving])
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.clip(np.where(slope > 0, value / slope, np.inf * np.sign(value)), -2.0, 2.0)
        tried = at + step
        inside = (tried > low[moving]) & (tried < high[moving])
        tried = np.where(inside, tried, (low[moving] + high[moving]) / 2)
        tried = np.where(value == 0, at, tried)
        theta[moving] = tried
        moving = moving[np.abs(tried - at) > 1e-12 * np.maximum(1.0, np.abs(at))]
        if moving.size == 0:
            break
    return theta, 1 / np.sqrt(scale)


def _ml(model: ItemCurves, codes: Codes) -> tuple[Matrix, Matrix]:
    theta, error = _solve(model, codes, _ml_equation)
    for sign in (-1.0, 1.0):
        ends = _at_end(model, codes, sign)
        theta[ends], error[ends] = sign * np.inf, np.nan
    return theta, error


def _at_end(model: ItemCurves, codes: Codes, sign: float) -> NDArray[np.bool_]:
    """Return who has answered at least one item, and only with the category at one end."""
    last = np.array(model.sizes) - 1
    end = np.where(model.slopes * sign > 0, last, 0)
    given = codes >= 0
    return np.asarray(given.any(axis=1) & ((codes == end) | ~given).all(axis=1))


def _map(model: ItemCurves, codes: Codes) -> tuple[Matrix, Matrix]:
    return _solve(model, codes, _map_equation)


def _wle(model: ItemCurves, codes: Codes) -> tuple[Matrix, Matrix]:
    return _solve(model, codes, _wle_equation)


METHODS: Final[dict[Method, Callable[[ItemCurves, Codes], tuple[Matrix, Matrix]]]] = {
    "eap": _eap,
    "map": _map,
    "ml": _ml,
    "wle": _wle,
}
