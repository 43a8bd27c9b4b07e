"""Modification indices: by how much the fit would improve if one more parameter were free."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from analysis.estimate import Listing, Matrix
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.estimation.discrepancy import LeastSquares, NormalTheory, weighted
from analysis.factor_models.confirmatory.estimation.fitting import AnySolution
from analysis.factor_models.confirmatory.estimation.full_solution import FullInformation
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.model.implied_moments import Index
from analysis.factor_models.confirmatory.model.parameter_table import Parameter, ParameterTable
from analysis.factor_models.confirmatory.model.structure import structure_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Modification:
    """What freeing one parameter would do.

    `index` is the expected fall in chi-square (one degree of freedom), `change` the expected value of the
    parameter's change, `change_lv` and `change_all` the same standardised as a parameter would be.
    """

    lhs: str
    op: str
    rhs: str
    group: str
    index: float
    change: float
    change_lv: float
    change_all: float


def modification_indices(fit: FittedModel) -> Listing[Modification]:
    """Return the modification index of every cross-loading, residual covariance and factor covariance.

    They are only listed; no function here changes a model by them, since a model that was changed to fit one
    sample has to be tested in another.

    Parameters
    ----------
    fit : a fitted model

    Returns
    -------
    Listing of Modification, in the order of the model's items and factors

    Notes
    -----
    With g the gradient and V the expected information of the parameter given those that are free:
    n g² / V, and expected change -g / V. Equals ``lavaan::modindices(fit)``.

    References
    ----------
    Sorbom (1989). Model modification. Psychometrika, 54, 371-384. Saris, Satorra and Sorbom (1987).
    """
    candidates = _candidates(fit.table)
    index, change = score_tests(fit.solution, candidates)
    scales = [
        (
            dict(zip(fit.factors, np.sqrt(np.abs(np.diagonal(implied.factor_covariance))), strict=True)),
            dict(zip(fit.items, np.sqrt(np.diagonal(implied.covariance)), strict=True)),
            dict(zip(fit.items, np.sqrt(np.abs(implied.residual_variance)), strict=True)),
            dict(zip(fit.factors, np.sqrt(np.abs(np.diagonal(implied.matrices["factor"]))), strict=True)),
        )
        for implied in fit.solution.implied
    ]
    rows = []
    for parameter, mi, epc in zip(candidates, index, change, strict=True):
        factor, item, residual, own = scales[parameter.group]
        lhs, rhs = parameter.lhs, parameter.rhs
        if parameter.op == "=~":
            by_factor = factor[lhs] / (1 if rhs in item else factor[rhs])
            whole = by_factor / item.get(rhs, 1)
        elif lhs in item:
            by_factor, whole = 1.0, 1 / (residual[lhs] * residual[rhs])
        else:
            by_factor = whole = 1 / (own[lhs] * own[rhs])
        rows.append(
            Modification(
                lhs=lhs,
                op=parameter.op,
                rhs=rhs,
                group=fit.groups[parameter.group],
                index=float(mi),
                change=float(epc),
                change_lv=float(epc * by_factor),
                change_all=float(epc * whole),
            )
        )
    return Listing(rows)


def _candidates(table: ParameterTable) -> list[Parameter]:
    """Return the cross-loadings and covariances that the model leaves out."""
    there = {parameter.key for parameter in table.parameters if parameter.free >= 0 or parameter.op == "=~"}
    lowest = [f for f in table.factors if not any(n in table.factors for n in table.indicators(f))]
    pairs = [*combinations(table.items, 2), *combinations(table.exogenous, 2)]
    found = [
        Parameter(lhs=first, op=op, rhs=second, group=group)
        for group in range(table.groups)
        for op, listed in (("=~", product(lowest, table.items)), ("~~", pairs))
        for first, second in listed
    ]
    reversed_keys = {(p.rhs, p.op, p.lhs, p.group) for p in table.parameters if p.op == "~~" and p.free >= 0}
    return [p for p in found if p.key not in there and p.key not in reversed_keys]


def score_tests(solution: AnySolution, rows: Sequence[Parameter]) -> tuple[Matrix, Matrix]:
    """Return, for each row freed by itself, the fall in chi-square and the change that are to be expected.

    A row may be one that the model fixes, or one of several that it holds equal.
    """
    table = solution.structure.table
    wanted = {row.key: place for place, row in enumerate(rows)}
    known = {parameter.key for parameter in table.parameters}
    listed = [*table.parameters, *(row for row in rows if row.key not in known)]
    apart, count = [], 0
    for parameter in listed:
        if parameter.free >= 0 or parameter.key in wanted:
            apart.append(replace(parameter, free=count, label=""))
            count += 1
        else:
            apart.append(parameter)
    wide = replace(table, parameters=tuple(apart))
    x, member = np.zeros(count), np.zeros((count, table.count))
    target = np.zeros(len(rows), dtype=np.intp)
    for parameter, spread in zip(listed, apart, strict=True):
        if spread.free < 0:
            continue
        if parameter.key in wanted:
            target[wanted[parameter.key]] = spread.free
        if parameter.free >= 0:
            x[spread.free] = solution.minimum.x[parameter.free]
            member[spread.free, parameter.free] = 1
        else:
            x[spread.free] = parameter.value or 0.0
    discrepancy = replace(solution.discrepancy, structure=structure_of(wide))
    gradient = discrepancy.gradient(x)
    own, across = _information(discrepancy, x, member, target)
    inner = inverse(solution.expected)
    variance = own - np.sum((across @ inner) * across, axis=1)
    slope = gradient[target]
    usable = variance > 1e-10 * own
    variance = np.where(usable, variance, np.nan)
    n = sum(solution.sizes)
    return n * slope**2 / variance, -slope / variance


def _information(
    discrepancy: NormalTheory | LeastSquares | FullInformation, x: Matrix, member: Matrix, target: Index
) -> tuple[Matrix, Matrix]:
    """Return the expected information about each target, and its covariance with the model's parameters.

    `member` says which of the wide model's parameters make up each of the model's. No two entries of the wide
    model share a parameter.
    """
    if isinstance(discrepancy, FullInformation):
        information = discrepancy.information(x)
        return np.diagonal(information)[target], information[target] @ member
    own, across = np.zeros(len(target)), np.zeros((len(target), member.shape[1]))
    for place, implied in enumerate(discrepancy.structure.at(x)):
        weight = float(discrepancy.weights[place])
        if isinstance(discrepancy, LeastSquares):
            jacobian = implied.jacobian
            moved = weighted(discrepancy.V[place], jacobian[:, target])
            own += weight * np.einsum("st,st->t", jacobian[:, target], moved)
            across += weight * (moved.T @ (jacobian @ member))
            continue
        W = inverse(implied.covariance)
        directions = implied.directions
        left, right = directions.left @ W, directions.right @ W
        diagonal = (left * directions.left).sum(axis=1) * (right * directions.right).sum(axis=1)
        diagonal += (left * directions.right).sum(axis=1) ** 2
        own += weight * directions.gathered(diagonal)[target]
        there = np.flatnonzero(member[directions.free].any(axis=1))
        first, second = directions.left[there].T, directions.right[there].T
        shared = (left @ first) * (right @ second) + (left @ second) * (right @ first)
        across += weight * directions.gathered(shared @ member[directions.free[there]])[target]
        if implied.structure.means:
            means = implied.mean_slope[target] @ W
            own += weight * np.einsum("tk,tk->t", means, implied.mean_slope[target])
            across += weight * (means @ (member.T @ implied.mean_slope).T)
    return own, across
