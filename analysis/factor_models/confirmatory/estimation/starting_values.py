"""Starting values of the search for a factor model's parameters."""

from collections.abc import Sequence

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.confirmatory.model.parameter_table import ParameterTable


def starting_values(
    table: ParameterTable,
    items: Sequence[str],
    correlations: Sequence[Matrix],
    sd: Sequence[Matrix],
    *,
    means: Sequence[Matrix] | None = None,
    thresholds: Sequence[Matrix] | None = None,
) -> Matrix:
    """Return a start for each free parameter.

    Parameters
    ----------
    table : the model
    items : the order of the items in what follows
    correlations, sd, means, thresholds : of each group; of ordered items correlations and thresholds

    Returns
    -------
    free parameters

    Notes
    -----
    Each factor's loadings begin at the first principal factor of its indicators, in what the factors before
    it (those with more indicators first) leave of the correlations; a first loading of one fixes the scale.
    """
    x = np.zeros(table.count)
    place = {name: at for at, name in enumerate(items)}
    for group in range(table.groups):
        loadings = _loadings(table, place, correlations[group])
        size = _factor_scale(table, group, loadings, place, sd[group])
        rest = _rest(table, place, loadings)
        first = _first_thresholds(table, items, group)
        for parameter in table.parameters:
            if parameter.group != group or parameter.free < 0:
                continue
            lhs, op, rhs, value = parameter.lhs, parameter.op, parameter.rhs, parameter.value
            if value is None:
                if op == "=~":
                    unit = sd[group][place[rhs]] if rhs in place else size[rhs]
                    value = loadings[lhs].get(rhs, 0.5) * unit / size[lhs]
                elif op == "~~" and lhs == rhs:
                    value = sd[group][place[lhs]] ** 2 * rest[lhs] if lhs in place else size[lhs] ** 2
                    if lhs in table.factors and lhs not in table.exogenous:
                        value *= 0.5
                elif op == "~1" and lhs in place and means is not None:
                    value = float(means[group][place[lhs]])
                elif op == "|" and thresholds is not None:
                    value = float(thresholds[group][first[lhs] + int(rhs[1:]) - 1])
                else:
                    value = 1.0 if op == "~*~" else 0.0
            x[parameter.free] = value
    return x


def _first_thresholds(table: ParameterTable, items: Sequence[str], group: int) -> dict[str, int]:
    """Return the place of each item's first threshold among all of a group."""
    counts = dict.fromkeys(items, 0)
    for parameter in table.parameters:
        if parameter.op == "|" and parameter.group == group:
            counts[parameter.lhs] += 1
    places, before = {}, 0
    for name, count in counts.items():
        places[name], before = before, before + count
    return places


def _loadings(table: ParameterTable, place: dict[str, int], R: Matrix) -> dict[str, dict[str, float]]:
    """Return a standardised loading for each indicator of each factor."""
    left = R.copy()
    found: dict[str, dict[str, float]] = {}
    order = sorted(table.factors, key=lambda factor: -len(table.indicators(factor)))
    for factor in order:
        names = table.indicators(factor)
        items = [place[name] for name in names if name in place]
        if not items:
            found[factor] = dict.fromkeys(names, 0.7)
            continue
        first = _principal(left[np.ix_(items, items)])
        found[factor] = {name: 0.7 for name in names if name not in place}
        found[factor] |= dict(zip([n for n in names if n in place], map(float, first), strict=True))
        overlaps = any(set(names) & set(table.indicators(other)) for other in order if other != factor)
        if overlaps:
            left[np.ix_(items, items)] -= np.outer(first, first)
    return found


def _principal(R: Matrix) -> Matrix:
    """Return the loadings of one principal factor, the first of them positive, none beyond 0.95."""
    if len(R) == 1:
        return np.sqrt(np.clip(np.diagonal(R), 0.01, 1))
    shared = R.copy()
    off = np.abs(R - np.diag(np.diagonal(R)))
    np.fill_diagonal(shared, np.minimum(off.max(axis=0), 0.9))
    for _ in range(3):
        values, vectors = np.linalg.eigh(shared)
        first = vectors[:, -1] * np.sqrt(max(values[-1], 0.01))
        np.fill_diagonal(shared, np.clip(first**2, 0.04, 0.9))
    first = first if first[0] >= 0 else -first
    small = np.abs(first) < 0.1  # noqa: PLR2004 - a loading of nought is no place to begin
    return np.asarray(np.clip(np.where(small, np.where(first < 0, -0.1, 0.1), first), -0.95, 0.95))


def _factor_scale(
    table: ParameterTable,
    group: int,
    loadings: dict[str, dict[str, float]],
    place: dict[str, int],
    sd: Matrix,
) -> dict[str, float]:
    """Return the standard deviation of each factor: one, or the one that its fixed loading implies."""
    size = dict.fromkeys(table.factors, 1.0)
    upward = sorted(
        table.factors, key=lambda factor: any(n in table.factors for n in table.indicators(factor))
    )
    for factor in upward:
        for parameter in table.parameters:
            fixed = parameter.free < 0 and parameter.value not in {None, 0.0}
            if parameter.group == group and parameter.op == "=~" and parameter.lhs == factor and fixed:
                assert parameter.value is not None
                unit = sd[place[parameter.rhs]] if parameter.rhs in place else size[parameter.rhs]
                loading = loadings[factor].get(parameter.rhs, 0.5)
                size[factor] = max(abs(loading * unit / parameter.value), 0.05 * unit)
                break
    return size


def _rest(
    table: ParameterTable, place: dict[str, int], loadings: dict[str, dict[str, float]]
) -> dict[str, float]:
    """Return the share of each item's variance that the starting loadings leave, at least a tenth."""
    common = dict.fromkeys(place, 0.0)
    for factor in table.factors:
        for name, loading in loadings[factor].items():
            if name in common:
                common[name] += loading**2
    return {name: min(max(1 - share, 0.1), 0.9) for name, share in common.items()}
