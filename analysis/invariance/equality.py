"""The models of an invariance ladder: which parameters are equal in every group, and what that frees."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final, Literal

from analysis.factor_models.confirmatory.model.parameter_table import Parameter, ParameterTable, number_free

Kind = Literal["thresholds", "loadings", "intercepts", "residuals"]
Key = tuple[str, str, str]
"""The two sides of a parameter and the operator between: what it is in every group."""

CONTINUOUS: Final[dict[str, tuple[Kind, ...]]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}
ORDERED: Final[dict[str, tuple[Kind, ...]]] = {
    "configural": (),
    "thresholds": ("thresholds",),
    "metric": ("thresholds", "loadings"),
    "scalar": ("thresholds", "loadings", "intercepts"),
    "strict": ("thresholds", "loadings", "intercepts", "residuals"),
}
_BINARY: Final = 1


def kind_of(parameter: Parameter, items: Collection[str]) -> Kind | None:
    """Return what a parameter is in the language of invariance, or None."""
    if parameter.op == "=~":
        return "loadings"
    if parameter.op == "|":
        return "thresholds"
    if parameter.op == "~1" and parameter.lhs in items:
        return "intercepts"
    if parameter.op == "~~" and parameter.lhs == parameter.rhs and parameter.lhs in items:
        return "residuals"
    return None


def with_equal(
    table: ParameterTable, equal: Collection[Kind], *, free: Collection[Key] = ()
) -> ParameterTable:
    """Return a model of several groups with parameters of the given kinds equal in all of them.

    Parameters
    ----------
    table : the configural model (of ordered items on the theta scale, factor variances one)
    equal : kinds of parameters that are equal
    free : parameters that stay free all the same (partial invariance)

    Returns
    -------
    ParameterTable

    Notes
    -----
    What equality makes estimable becomes free in every group but the first: variances of factors with equal
    loadings where these are fixed at one, means of factors with equal intercepts. Equals lavaan's
    ``group.equal`` of continuous items; of ordered ones the models of Wu and Estabrook (2016) as
    ``semTools::measEq.syntax(ID.cat = "Wu.Estabrook.2016", ID.fac = "std.lv", parameterization = "theta")``
    writes them: equal thresholds free intercepts and residual variances, equal loadings free factor
    variances, equal intercepts are zero and free factor means, and equal residual variances are one. A binary
    item has one threshold, which cannot separate a shift from a change of scale: its residual variance stays
    one, and its thresholds alone are not tested. So it is with an item of which all thresholds but one are
    free; one whose thresholds are all free keeps an intercept of nought and a residual variance of one.
    """
    steps: dict[str, int] = {}
    for parameter in table.parameters:
        if parameter.op == "|" and parameter.group == 0:
            steps[parameter.lhs] = steps.get(parameter.lhs, 0) + 1
    scaled = {p.lhs for p in table.parameters if p.op == "=~" and p.free < 0}
    rows = []
    for parameter in table.parameters:
        row = _factor_row(parameter, table, set(equal), own_scale=parameter.lhs not in scaled)
        if row is None and table.ordered:
            row = _ordered_row(parameter, table, set(equal), set(free), steps)
        rows.append(row or _continuous_row(parameter, table, set(equal), set(free)))
    return replace(table, parameters=number_free(rows))


def _shared(parameter: Parameter) -> Parameter:
    label = parameter.label or f"{parameter.lhs}{parameter.op}{parameter.rhs}"
    return replace(parameter, label=label)


def _released(parameter: Parameter) -> Parameter:
    return replace(parameter, free=0, value=None)


def _factor_row(
    parameter: Parameter, table: ParameterTable, equal: set[Kind], *, own_scale: bool
) -> Parameter | None:
    """Return the row of a factor's variance or mean where equality makes it estimable.

    `own_scale` says that no loading of the factor is fixed.
    """
    if parameter.lhs not in table.factors or parameter.group == 0 or parameter.free >= 0:
        return None
    if parameter.op == "~~" and parameter.lhs == parameter.rhs and "loadings" in equal and own_scale:
        return _released(parameter)
    if parameter.op == "~1" and "intercepts" in equal and parameter.lhs in table.exogenous:
        return _released(parameter)
    return None


def _continuous_row(
    parameter: Parameter, table: ParameterTable, equal: set[Kind], free: set[Key]
) -> Parameter:
    kind = kind_of(parameter, table.items)
    key = (parameter.lhs, parameter.op, parameter.rhs)
    if kind in equal and parameter.free >= 0 and key not in free:
        return _shared(parameter)
    return parameter


def _ordered_row(
    parameter: Parameter, table: ParameterTable, equal: set[Kind], free: set[Key], steps: dict[str, int]
) -> Parameter:
    kind, lhs = kind_of(parameter, table.items), parameter.lhs
    key = (lhs, parameter.op, parameter.rhs)
    if kind in {"thresholds", "loadings"}:
        return _shared(parameter) if kind in equal and parameter.free >= 0 and key not in free else parameter
    if kind is None or parameter.group == 0 or "thresholds" not in equal:
        return parameter
    held = steps[lhs] - sum((lhs, "|", f"t{step + 1}") in free for step in range(steps[lhs]))
    if held == 0:
        return parameter
    if kind == "intercepts" and ("intercepts" not in equal or key in free):
        return _released(parameter)
    if kind == "residuals" and held > _BINARY and ("residuals" not in equal or key in free):
        return _released(parameter)
    return parameter
