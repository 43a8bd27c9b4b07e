"""Tests of one factor model against another that is nested in it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import qr
from scipy.stats import chi2

from analysis.estimate import Probability, Unavailable
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.estimation.least_squares import LeastSquaresSolution
from analysis.factor_models.confirmatory.fitted_model import FittedModel

_RANK: Final = 1e-8


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A test of a restricted model against a freer one: statistic, degrees of freedom and p."""

    value: float
    df: int
    p: float
    method: str


def difference_test(free: FittedModel, restricted: FittedModel) -> Difference | Unavailable:
    """Test whether a restricted model fits worse than a freer one in which it is nested.

    Parameters
    ----------
    free, restricted : two fits of the same data by the same estimator

    Returns
    -------
    Difference
        Or Unavailable: no difference in degrees of freedom, or a scaling factor that is not positive.

    Notes
    -----
    The difference of the chi-squares; of estimators with a plain scaled test divided by
    (df₀ c₀ - df₁ c₁) / (df₀ - df₁) (Satorra and Bentler 2001); of those with a scaled and shifted test
    scaled and shifted by the traces of Satorra (2000). Equals ``lavaan::lavTestLRT(free, restricted)``.

    References
    ----------
    Satorra (2000). Scaled and adjusted restricted tests in multi-sample analysis of moment structures.
    Satorra and Bentler (2001). A scaled difference chi-square test statistic for moment structure analysis.
    Psychometrika, 66, 507-514.
    """
    df = restricted.test.df - free.test.df
    if df <= 0:
        return Unavailable(reason="not defined", detail="the restricted model has no more degrees of freedom")
    plain = restricted.test.value - free.test.value
    recipe = free.solution.recipe
    if recipe.test == "standard":
        return _difference(plain, df, "difference of chi-squares")
    if recipe.test == "scaled-shifted":
        return _satorra(free, restricted, plain, df)
    scale = _factor(restricted) * restricted.test.df - _factor(free) * free.test.df
    if scale <= 0:
        return Unavailable(
            reason="not defined", detail="the scaling factor of the difference is not positive"
        )
    return _difference(plain * df / scale, df, "scaled difference of chi-squares (Satorra-Bentler 2001)")


def _factor(fit: FittedModel) -> float:
    return 1.0 if fit.test.factor is None else fit.test.factor


def _difference(value: float, df: int, method: str) -> Difference:
    return Difference(value=value, df=df, p=Probability(chi2.sf(value, df)), method=method)


def _satorra(free: FittedModel, restricted: FittedModel, plain: float, df: int) -> Difference | Unavailable:
    first, second = free.solution, restricted.solution
    assert isinstance(first, LeastSquaresSolution)
    assert isinstance(second, LeastSquaresSolution)
    wide = np.concatenate([implied.jacobian for implied in first.implied])
    narrow = np.concatenate([implied.jacobian for implied in second.implied])
    inside = np.linalg.solve(wide.T @ wide, wide.T @ narrow)
    turning, triangle = qr(inside)
    across = np.asarray(turning[:, narrow.shape[1] :], dtype=np.float64)
    spread = np.abs(np.diagonal(triangle))
    if first.meat is None or spread.min() < _RANK * spread.max():
        return Unavailable(reason="not defined", detail="the restricted model is not nested in the other")
    turned = inverse(first.information) @ across
    middle = turned @ inverse(across.T @ turned) @ turned.T
    product = middle @ first.meat
    trace, squares = float(np.trace(product)), float(np.sum(product * product.T))
    slope = float(np.sqrt(df / squares))
    shift = df - slope * trace
    return _difference(
        plain * slope + shift, df, "scaled and shifted difference of chi-squares (Satorra 2000)"
    )
