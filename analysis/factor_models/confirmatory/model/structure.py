"""From a table of parameters to a model's matrices in every group: what is fixed, and what is free where."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.confirmatory.model.implied_moments import GroupStructure, Implied, Places
from analysis.factor_models.confirmatory.model.parameter_table import Parameter, ParameterTable


@dataclass(frozen=True, kw_only=True)
class Structure:
    """A model's matrices in every group, and the table that they come from."""

    table: ParameterTable
    groups: tuple[GroupStructure, ...]

    @property
    def count(self) -> int:
        """Number of free parameters."""
        return self.table.count

    def at(self, x: Matrix) -> tuple[Implied, ...]:
        """Return what each group's model implies at `x`; the last point asked for is kept."""
        key = x.tobytes()
        kept: tuple[bytes, tuple[Implied, ...]] | None = self.__dict__.get("_kept")
        if kept is None or kept[0] != key:
            kept = key, tuple(group.at(x) for group in self.groups)
            self.__dict__["_kept"] = kept
        return kept[1]


def structure_of(table: ParameterTable, items: Sequence[str] | None = None) -> Structure:
    """Return the matrices of a parameter table, items in the order given (by default the table's)."""
    names = tuple(items) if items is not None else table.items
    groups = tuple(_group_structure(table, names, group) for group in range(table.groups))
    return Structure(table=table, groups=groups)


def place_of(parameter: Parameter, item: dict[str, int], factor: dict[str, int]) -> tuple[str, int, int]:
    """Return the matrix, row and column of a parameter (a threshold's column is its place in its item)."""
    lhs, op, rhs = parameter.lhs, parameter.op, parameter.rhs
    if op == "=~":
        return ("loadings", item[rhs], factor[lhs]) if rhs in item else ("effects", factor[rhs], factor[lhs])
    if op == "~~":
        if lhs in item and rhs in item:
            return "residual", item[lhs], item[rhs]
        return "factor", factor[lhs], factor[rhs]
    if op == "~1":
        return ("intercept", item[lhs], 0) if lhs in item else ("mean", factor[lhs], 0)
    if op == "|":
        return "threshold", item[lhs], int(rhs[1:]) - 1
    return "scale", item[lhs], 0


def _group_structure(table: ParameterTable, items: tuple[str, ...], group: int) -> GroupStructure:
    k, m = len(items), len(table.factors)
    rows = [parameter for parameter in table.parameters if parameter.group == group]
    steps = [0] * k
    for parameter in rows:
        if parameter.op == "|":
            steps[items.index(parameter.lhs)] += 1
    first = np.concatenate([[0], np.cumsum(steps)]).astype(np.intp)
    shapes = {
        "loadings": (k, m),
        "effects": (m, m),
        "factor": (m, m),
        "residual": (k, k),
        "intercept": (k, 1),
    }
    shapes |= {"mean": (m, 1), "threshold": (int(first[-1]), 1), "scale": (k, 1)}
    fixed = {name: np.zeros(shape) for name, shape in shapes.items()}
    fixed["scale"][:] = 1
    entries: dict[str, list[tuple[int, int, int]]] = {name: [] for name in shapes}
    item_of = {name: place for place, name in enumerate(items)}
    factor_of = {name: place for place, name in enumerate(table.factors)}
    for parameter in rows:
        name, row, column = place_of(parameter, item_of, factor_of)
        if name == "threshold":
            row, column = int(first[row]) + column, 0
        if parameter.free >= 0:
            entries[name].append((row, column, parameter.free))
        elif parameter.value is not None:
            fixed[name][row, column] = parameter.value
            if name in {"factor", "residual"}:
                fixed[name][column, row] = parameter.value
    places = {}
    for name, found in entries.items():
        listed = np.array(found, dtype=np.intp).reshape(-1, 3)
        alone = len(np.unique(listed[:, 2])) == len(listed)
        places[name] = Places(row=listed[:, 0], column=listed[:, 1], free=listed[:, 2], alone=alone)
    within = np.concatenate([places[name].free for name in ("loadings", "effects", "factor", "residual")])
    return GroupStructure(
        alone=len(np.unique(within)) == len(within),
        fixed=fixed,
        places=places,
        threshold_item=np.repeat(np.arange(k), steps),
        count=table.count,
        means=table.means,
        ordered=table.ordered,
        theta=table.scale == "theta",
    )
