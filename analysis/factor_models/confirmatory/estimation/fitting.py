"""From a table of parameters and a group's data to a model at its minimum."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.estimate import Matrix, Unavailable
from analysis.factor_models.confirmatory.estimation.discrepancy import NormalTheory
from analysis.factor_models.confirmatory.estimation.estimators import Recipe
from analysis.factor_models.confirmatory.estimation.full_information import Incomplete
from analysis.factor_models.confirmatory.estimation.full_solution import FullInformation, FullSolution
from analysis.factor_models.confirmatory.estimation.least_squares import (
    LeastSquaresSolution,
    discrepancy_of,
    weights_of,
)
from analysis.factor_models.confirmatory.estimation.normal_solution import NormalSolution
from analysis.factor_models.confirmatory.estimation.optimiser import Minimum, minimise
from analysis.factor_models.confirmatory.estimation.sample_statistics import Continuous, Ordered
from analysis.factor_models.confirmatory.estimation.solution import Clusters
from analysis.factor_models.confirmatory.estimation.starting_values import starting_values
from analysis.factor_models.confirmatory.fit_measures import ChiSquare
from analysis.factor_models.confirmatory.model.implied_moments import Index
from analysis.factor_models.confirmatory.model.parameter_table import Parameter, ParameterTable, number_free
from analysis.factor_models.confirmatory.model.structure import Structure, structure_of

AnySolution = NormalSolution | LeastSquaresSolution | FullSolution
Sample = Sequence[Continuous] | Sequence[Ordered] | Sequence[Incomplete]
_LEAST = 1e-13  # scoring of least squares converges linearly, a fixed number of digits a step
_ALIKE = 1e-9  # smallest eigenvalue of the scaled information for a model to count as identified


def solve(
    table: ParameterTable,
    sample: Sample,
    recipe: Recipe,
    *,
    clusters: Clusters | None = None,
    start: Matrix | None = None,
    weights: tuple[list[Matrix], list[Matrix], list[Matrix] | None] | None = None,
) -> AnySolution:
    """Return a model at the minimum that `recipe` asks for; the search may have failed (`minimum.converged`).

    `weights` are the statistics and weight matrices of least squares, where they are known from another
    model of the same data.
    """
    structure = structure_of(table)
    first = sample[0]
    if isinstance(first, Incomplete):
        incomplete = [group for group in sample if isinstance(group, Incomplete)]
        return _solve_full(structure, incomplete, recipe, clusters, start)
    x = _start(table, sample) if start is None else start
    if recipe.discrepancy == "normal":
        moments = [group for group in sample if isinstance(group, Continuous)]
        sizes = np.array([group.n for group in moments])
        normal = NormalTheory(structure=structure, groups=moments, weights=sizes / sizes.sum())
        minimum = minimise(normal, x, hessian=normal.hessian)
        return NormalSolution(
            structure=structure, minimum=minimum, recipe=recipe, groups=moments, clusters=clusters
        )
    counts = tuple(group.n for group in sample)
    summarised = [group for group in sample if not isinstance(group, Incomplete)]
    known = weights or weights_of(recipe, summarised, means=table.means)
    statistics, V, gamma = known
    squares = discrepancy_of(structure, statistics, V, counts)
    return LeastSquaresSolution(
        structure=structure,
        minimum=minimise(squares, x, settled=_LEAST),
        recipe=recipe,
        sizes=counts,
        statistics=statistics,
        V=V,
        gamma=gamma,
    )


def _start(table: ParameterTable, sample: Sample) -> Matrix:
    correlations, sd, means, thresholds = [], [], [], []
    for group in sample:
        if isinstance(group, Ordered):
            correlations.append(group.correlation)
            sd.append(np.ones(len(group.names)))
            thresholds.append(group.statistics)
        elif isinstance(group, Continuous):
            scale = np.sqrt(np.diagonal(group.covariance))
            correlations.append(group.covariance / np.outer(scale, scale))
            sd.append(scale)
            means.append(group.mean)
    return starting_values(
        table, table.items, correlations, sd, means=means or None, thresholds=thresholds or None
    )


def _solve_full(
    structure: Structure,
    groups: Sequence[Incomplete],
    recipe: Recipe,
    clusters: Clusters | None,
    start: Matrix | None,
) -> FullSolution:
    """Fit to the unrestricted moments first, as if of complete rows, and from there to the rows."""
    x = start
    if x is None:
        moments = [_as_moments(group) for group in groups]
        sizes = np.array([group.n for group in groups])
        near = NormalTheory(structure=structure, groups=moments, weights=sizes / sizes.sum())
        x = minimise(near, _start(structure.table, moments), hessian=near.hessian, steps=200).x
    full = FullInformation(structure=structure, groups=groups)
    minimum = minimise(full, x, hessian=full.hessian, settled=1e-14)
    return FullSolution(structure=structure, minimum=minimum, recipe=recipe, groups=groups, clusters=clusters)


class _GivenMoments(Continuous):
    """Moments without rows."""

    def __init__(self, n: int, mean: Matrix, covariance: Matrix, names: tuple[str, ...]) -> None:
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "rows", np.zeros((0, len(mean))))
        self.__dict__.update(n=n, mean=mean, covariance=covariance)


def _as_moments(group: Incomplete) -> Continuous:
    mean, covariance, _ = group.saturated
    return _GivenMoments(group.n, mean, covariance, group.names)


def baseline_table(table: ParameterTable) -> ParameterTable:
    """Return the model of uncorrelated items, with free variances and means or thresholds in each group."""
    kept = []
    for parameter in table.parameters:
        own = parameter.op == "~~" and parameter.lhs == parameter.rhs
        if parameter.lhs not in table.items:
            continue
        if table.ordered:
            if parameter.op == "|":
                kept.append(replace(parameter, free=0, value=None, label=""))
            elif parameter.op != "~~" or own:
                value = 0.0 if parameter.op == "~1" else 1.0
                kept.append(replace(parameter, free=-1, value=value, label=""))
        elif own or parameter.op == "~1":
            kept.append(replace(parameter, free=0, value=None, label=""))
    return ParameterTable(
        parameters=number_free(kept),
        items=table.items,
        factors=(),
        groups=table.groups,
        ordered=table.ordered,
        scale="delta",
        means=table.means,
    )


def solve_baseline(solution: AnySolution) -> AnySolution:
    """Return the model of uncorrelated items on the data of another."""
    table = baseline_table(solution.structure.table)
    if isinstance(solution, LeastSquaresSolution):
        known = (list(solution.statistics), list(solution.V), None)
        gamma = None if solution.gamma is None else list(solution.gamma)
        structure = structure_of(table)
        squares = discrepancy_of(structure, known[0], known[1], solution.sizes)
        x = _baseline_start(structure, known[0])
        return LeastSquaresSolution(
            structure=structure,
            minimum=minimise(squares, x),
            recipe=solution.recipe,
            sizes=solution.sizes,
            statistics=known[0],
            V=known[1],
            gamma=gamma,
        )
    return solve(table, solution.groups, solution.recipe, clusters=solution.clusters)


def _baseline_start(structure: Structure, statistics: Sequence[Matrix]) -> Matrix:
    """Return the statistics themselves where the baseline's parameters are these."""
    x = np.zeros(structure.count)
    for group, s in zip(structure.groups, statistics, strict=True):
        k = len(group.fixed["intercept"])
        if group.ordered:
            at = group.places["threshold"]
            x[at.free] = s[at.row]
            continue
        i, j = np.triu_indices(k)
        at = group.places["residual"]
        x[at.free] = s[-len(i) :][i == j][at.row]
        at = group.places["intercept"]
        x[at.free] = s[at.row]
    return x


def identified(solution: AnySolution) -> Unavailable | None:
    """Return why a model is not identified, if it is not: the data do not determine some parameters."""
    named = [p for p in solution.structure.table.parameters if p.free >= 0]
    loose = _flat(solution, solution.minimum.x)
    if loose is None:
        return None
    if not solution.minimum.converged:
        x = solution.minimum.x
        elsewhere = np.random.default_rng(0).uniform(0.8, 1.25, len(x)) * x + 0.05 * (x == 0)
        loose = _flat(solution, elsewhere)
    return None if loose is None else _loose([_name(p) for p in named if p.free in loose])


def _flat(solution: AnySolution, x: Matrix) -> Index | None:
    """Return parameters that can change together without changing the likelihood, if there are any."""
    with np.errstate(all="ignore"):
        try:
            here = x is solution.minimum.x
            information = solution.expected if here else solution.discrepancy.information(x)
        except np.linalg.LinAlgError:
            return None
    if not np.isfinite(information).all():
        return None
    unit = np.sqrt(np.diagonal(information))
    nothing = np.flatnonzero(~(unit > 0))
    if nothing.size:
        return nothing
    values, vectors = np.linalg.eigh(information / np.outer(unit, unit))
    if values[0] > _ALIKE:
        return None
    return np.flatnonzero(np.abs(vectors[:, 0]) > 0.1)  # noqa: PLR2004 - what moves along the flat line


def _loose(names: Sequence[str]) -> Unavailable:
    shown = ", ".join(dict.fromkeys(names[:6])) + (", ..." if len(names) > 6 else "")  # noqa: PLR2004
    return Unavailable(
        reason="not defined", detail=f"the model is not identified: the data cannot tell {shown} apart"
    )


def _name(parameter: Parameter) -> str:
    return f"{parameter.lhs} {parameter.op} {parameter.rhs}".strip()


def degrees_of_freedom(solution: AnySolution) -> int:
    """Return the number of statistics less that of free parameters."""
    return statistics_count(solution) - solution.structure.count


def statistics_count(solution: AnySolution) -> int:
    """Return the number of statistics of all groups."""
    return sum(len(implied.statistics) for implied in solution.implied)


def not_converged(minimum: Minimum) -> Unavailable:
    """Return the reason why a search that failed gives no figure."""
    if not np.isfinite(minimum.value):
        return Unavailable(reason="did not converge", detail="no start with a positive definite covariance")
    return Unavailable(
        reason="did not converge", detail=f"no minimum after {minimum.steps} steps of the search"
    )


def chi_square_of(solution: AnySolution) -> ChiSquare:
    """Return the test of a model, scaled as its estimator does."""
    value, df, traces = solution.chi_square, degrees_of_freedom(solution), solution.traces
    if traces is None or df == 0 or not np.isfinite(traces.first) or traces.first <= 0:
        return ChiSquare(value=value, df=df)
    if solution.recipe.test == "scaled-shifted":
        assert traces.second is not None
        factor = float(np.sqrt(traces.second / df))
        shift = df - traces.first / factor
        return ChiSquare(value=value, df=df, scaled=value / factor + shift, factor=factor, shift=shift)
    factor = traces.first / df
    return ChiSquare(value=value, df=df, scaled=value / factor, factor=factor, reference=traces.first)
