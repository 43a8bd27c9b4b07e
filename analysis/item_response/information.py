"""Precision along the latent dimension: information, expected scores, reliability."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import Matrix
from analysis.item_response.category_curves import point_derivatives
from analysis.item_response.response_model import ItemCurves, ResponseModel

GRID: Final = (-4.0, 4.0, 33)  # from, to, points


@dataclass(frozen=True, kw_only=True, slots=True)
class Information:
    """Precision at Q points of θ.

    `items` (k x Q) is the information of each item, `test` their sum, `se` = 1 / sqrt(test) the standard
    error of θ estimated by maximum likelihood; `expected_items` (k x Q) and `expected` are the expected
    answers and their sum, in the units of the answers, `slope` how fast the sum rises with θ;
    `conditional_se` is the standard error of the sum of the answers given θ.
    """

    theta: Matrix
    items: Matrix
    test: Matrix
    se: Matrix
    expected_items: Matrix
    expected: Matrix
    slope: Matrix
    conditional_se: Matrix
    names: tuple[str, ...]


def information(model: ItemCurves, theta: ArrayLike | None = None) -> Information:
    """Return the information of items and test, expected answers, and the conditional error of the sum.

    Parameters
    ----------
    model
        A fitted model.
    theta
        Q points of the latent dimension; by default 33 from -4 to 4 standard deviations (1 where unknown).

    Returns
    -------
    Information

    Notes
    -----
    The information of item j is the sum over its categories of P'(θ)² / P(θ). Equal to ``mirt::testinfo``,
    ``mirt::iteminfo`` and ``mirt::expected.test``, the last where the answers of every item are neighbouring
    whole numbers. The conditional error is the square root of the sum of the variances of the answers at θ.

    References
    ----------
    Samejima, F. (1969). Estimation of latent ability using a response pattern of graded scores.
    Psychometrika Monograph 17.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.item_response.graded_response import graded_response
    >>> from analysis.simulation import simulate
    >>> X = simulate(500, [0.8, 0.7, 0.6, 0.5], [-1.0, 0.5], np.random.default_rng(1))
    >>> found = information(graded_response(X), [-1.0, 0.0, 1.0])
    >>> np.allclose(found.test, found.items.sum(axis=0)), np.allclose(found.se, found.test**-0.5)
    (True, True)
    """
    if theta is None:
        points = (model.sd or 1.0) * np.linspace(*GRID)
    else:
        points = np.atleast_1d(np.asarray(theta, dtype=np.float64))
    found = point_derivatives(model.family, model.slopes, model.intercepts, points)
    items = (found.probability * found.first**2).sum(axis=1)
    values = answer_values(model)[:, :, np.newaxis]
    expected = (found.probability * values).sum(axis=1)
    variance = (found.probability * (values - expected[:, np.newaxis]) ** 2).sum(axis=1)
    test = items.sum(axis=0)
    with np.errstate(divide="ignore"):
        se = 1 / np.sqrt(test)
    return Information(
        theta=points,
        items=items,
        test=test,
        se=se,
        expected_items=expected,
        expected=expected.sum(axis=0),
        slope=(found.probability * found.first * values).sum(axis=(0, 1)),
        conditional_se=np.sqrt(variance.sum(axis=0)),
        names=model.names,
    )


def answer_values(model: ItemCurves) -> Matrix:
    """Return the answer that each category is, k x C, 0 beyond an item's own."""
    values = np.zeros((model.k, max(model.sizes)))
    for row, categories in zip(values, model.categories, strict=True):
        row[: len(categories)] = categories
    return values


def marginal_reliability(model: ResponseModel) -> float:
    """Return the mean over the population of I(θ) / (I(θ) + 1 / sd²): ``mirt::marginal_rxx`` at 61 points.

    By the model, this is the average reliability of θ estimated with the population's distribution.
    """
    points, weights = model.points()
    found = information(model, points).test
    return float(weights @ (found / (found + 1 / model.sd**2)))
