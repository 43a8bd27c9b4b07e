"""Estimates of a factor model row by row, and standardised, with errors by the delta method."""

from collections.abc import Sequence

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.confirmatory.model.implied_moments import Implied
from analysis.factor_models.confirmatory.model.parameter_table import Parameter
from analysis.factor_models.confirmatory.model.structure import Structure

_STEP = 1e-5


def estimates(structure: Structure, x: Matrix) -> Matrix:
    """Return the value of each row of the table; of ordered items also residual variances and scales."""
    table = structure.table
    implied = structure.at(x)
    item = {name: place for place, name in enumerate(table.items)}
    values = np.empty(len(table.parameters))
    for row, parameter in enumerate(table.parameters):
        found = implied[parameter.group]
        if parameter.free >= 0:
            values[row] = x[parameter.free]
        elif table.ordered and parameter.op == "~~" and parameter.lhs == parameter.rhs in item:
            values[row] = found.residual_variance[item[parameter.lhs]]
        elif table.ordered and parameter.op == "~*~":
            values[row] = found.scale[item[parameter.lhs]]
        else:
            values[row] = parameter.value or 0.0
    return values


def standardised(structure: Structure, x: Matrix, *, items: bool = True) -> Matrix:
    """Return each row standardised: factors to unit variance and, with `items`, items too.

    Loadings times sd(factor) / sd(indicator); variances over the total variance; covariances over the
    standard deviations of what they are covariances of (residuals where both are); intercepts, means and
    thresholds over the standard deviation.
    """
    table = structure.table
    values = estimates(structure, x)
    implied = structure.at(x)
    own = {p.key: values[row] for row, p in enumerate(table.parameters)}
    scales = [_deviations(found, table.items, table.factors, items=items) for found in implied]
    out = values.copy()
    for row, parameter in enumerate(table.parameters):
        out[row] = _one(parameter, values[row], own, scales[parameter.group], set(table.factors), items=items)
    return out


def _deviations(
    implied: Implied, names: Sequence[str], factors: Sequence[str], *, items: bool
) -> dict[str, float]:
    with np.errstate(invalid="ignore"):
        factor = np.sqrt(np.diagonal(implied.factor_covariance))
        item = np.sqrt(np.diagonal(implied.covariance)) if items else np.ones(len(names))
    found = dict(zip(factors, map(float, factor), strict=True))
    return found | dict(zip(names, map(float, item), strict=True))


def _one(
    parameter: Parameter,
    value: float,
    own: dict[tuple[str, str, str, int], float],
    sd: dict[str, float],
    factors: set[str],
    *,
    items: bool,
) -> float:
    lhs, op, rhs, group = parameter.key
    if op in {"~1", "|"}:
        return value / sd[lhs]
    if op == "=~":
        return value * sd[lhs] / sd[rhs]
    if op == "~*~":
        return 1.0 if items else value
    if lhs == rhs:
        return value / sd[lhs] ** 2
    if lhs not in factors and not items:
        return value
    spread = abs(own[lhs, "~~", lhs, group] * own[rhs, "~~", rhs, group])
    return value / float(np.sqrt(spread)) if spread > 0 else float("nan")


def standard_errors(structure: Structure, x: Matrix, covariance: Matrix, *, items: bool = True) -> Matrix:
    """Return the standard error of each standardised row, by the delta method."""
    slope = np.empty((len(structure.table.parameters), len(x)))
    for place in range(len(x)):
        step = np.zeros(len(x))
        step[place] = _STEP * max(1.0, abs(x[place]))
        above = standardised(structure, x + step, items=items)
        below = standardised(structure, x - step, items=items)
        slope[:, place] = (above - below) / (2 * step[place])
    variance = np.einsum("ij,jk,ik->i", slope, covariance, slope)
    return np.asarray(np.sqrt(np.maximum(variance, 0)))
