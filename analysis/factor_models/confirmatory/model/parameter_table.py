"""The parameters of a factor model, with lavaan's rules for what is free, fixed or equal by default."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal

from analysis.factor_models.confirmatory.model.syntax import Given, SyntaxProblem, Term, read_model

Scale = Literal["delta", "theta"]
KEY_OPS: Final = ("=~", "~~", "~1", "|", "~*~")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter in one group.

    `free` is its place among the free parameters (equal ones share a place), or -1 where it is fixed at
    `value`; of a free one, `value` is where the search starts, or None to let the data say. `shown` is
    False for what follows from others (the residual variance of an ordered item, say).
    """

    lhs: str
    op: str
    rhs: str
    group: int = 0
    free: int = -1
    value: float | None = None
    label: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What identifies it: the two sides, the operator and the group."""
        return self.lhs, self.op, self.rhs, self.group


@dataclass(frozen=True, kw_only=True)
class ParameterTable:
    """All parameters of a model.

    `items` are the observed variables in the order of the data; `factors` the latent ones; `ordered` says
    that items are cut at thresholds, then on the scale `scale`; `means` that there is a mean structure.
    """

    parameters: tuple[Parameter, ...]
    items: tuple[str, ...]
    factors: tuple[str, ...]
    groups: int
    ordered: bool
    scale: Scale
    means: bool

    @cached_property
    def count(self) -> int:
        """Number of free parameters."""
        return 1 + max((parameter.free for parameter in self.parameters), default=-1)

    def indicators(self, factor: str) -> tuple[str, ...]:
        """Return what measures a factor: items, or factors below it."""
        return tuple(
            parameter.rhs
            for parameter in self.parameters
            if parameter.op == "=~" and parameter.lhs == factor and parameter.group == 0
        )

    @cached_property
    def exogenous(self) -> tuple[str, ...]:
        """The factors that measure no other."""
        below = {p.rhs for p in self.parameters if p.op == "=~"}
        return tuple(factor for factor in self.factors if factor not in below)


def number_free(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """Return the parameters with places for the free ones (`free` not -1), equal labels sharing one."""
    places: dict[str, int] = {}
    numbered, count = [], 0
    for parameter in parameters:
        if parameter.free < 0:
            numbered.append(parameter)
            continue
        if parameter.label and parameter.label in places:
            place = places[parameter.label]
        else:
            place, count = count, count + 1
            if parameter.label:
                places[parameter.label] = place
        numbered.append(replace(parameter, free=place))
    return tuple(numbered)


def specify(
    model: str | Sequence[Term],
    *,
    thresholds: dict[str, int] | None = None,
    groups: int = 1,
    means: bool = False,
    unit_variance: bool = False,
    orthogonal: bool = False,
    scale: Scale = "delta",
) -> ParameterTable:
    """Complete a model by lavaan's defaults for ``cfa()``.

    Parameters
    ----------
    model : text in the notation of `model_syntax`, or its terms
    thresholds : number of thresholds of each ordered item; None for continuous items
    groups : number of groups; each has its own parameters, except those of one label
    means : whether there are intercepts (always with thresholds or several groups)
    unit_variance : fix factor variances at one and free the first loadings (lavaan's ``std.lv``)
    orthogonal : fix the covariances of factors at zero
    scale : of ordered items, "delta" (total variances are one) or "theta" (residual variances are one)

    Returns
    -------
    ParameterTable

    Notes
    -----
    Unless `unit_variance`, the first loading of each factor is one. Residual variances are free, except that
    of a factor's only indicator, which is zero. Factors that measure no other factor correlate. Means of
    factors are zero and intercepts free; with thresholds these are free and intercepts zero. Equals
    ``lavaanify(model, auto = TRUE, model.type = "cfa")``.
    """
    terms = read_model(model) if isinstance(model, str) else tuple(model)
    factors, items = _variables(terms)
    if thresholds is not None:
        for item in items:
            if item not in thresholds:
                raise ValueError(f"the model names the item {item!r}, which the data do not have")
    written = _written(terms, factors, items, groups, thresholds)
    means = means or groups > 1 or thresholds is not None or any(term.op == "~1" for term in terms)
    defaults = _defaults(
        terms,
        factors,
        items,
        thresholds,
        means=means,
        unit_variance=unit_variance,
        orthogonal=orthogonal,
    )
    order = list(dict.fromkeys([*[k for k in written if k[1] == "=~"], *defaults, *written]))
    parameters = [
        _parameter(key, defaults.get(key, (True, None)), written.get(key), group, groups)
        for group in range(groups)
        for key in order
    ]
    return ParameterTable(
        parameters=number_free(parameters),
        items=items,
        factors=factors,
        groups=groups,
        ordered=thresholds is not None,
        scale=scale,
        means=means,
    )


Key = tuple[str, str, str]


def _variables(terms: Sequence[Term]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    factors = tuple(dict.fromkeys(term.lhs for term in terms if term.op == "=~"))
    if not factors:
        raise SyntaxProblem("the model has no factor: write for example  f =~ x1 + x2 + x3")
    items = tuple(dict.fromkeys(term.rhs for term in terms if term.op == "=~" and term.rhs not in factors))
    for term in terms:
        if term.op == "=~" and term.lhs == term.rhs:
            raise SyntaxProblem(f"line {term.line}, column {term.column}: {term.lhs!r} measures itself")
        for name in (term.lhs, term.rhs):
            known = name in factors or name in items or (term.op in {"|", "~1"} and name != term.lhs)
            if not known:
                raise SyntaxProblem(
                    f"line {term.line}, column {term.column}: {name!r} is neither a factor nor an indicator"
                )
    return factors, items


def _ordered_key(lhs: str, op: str, rhs: str, rank: dict[str, int]) -> Key:
    if op == "~~" and rank[lhs] > rank[rhs]:
        return rhs, op, lhs
    return lhs, op, rhs


def _written(
    terms: Sequence[Term],
    factors: Sequence[str],
    items: Sequence[str],
    groups: int,
    thresholds: dict[str, int] | None,
) -> dict[Key, Term]:
    """Return what the model text says of each parameter; several statements on one are merged."""
    rank = {name: place for place, name in enumerate([*items, *factors])}
    found: dict[Key, Term] = {}
    for term in terms:
        where = f"line {term.line}, column {term.column}"
        if len(term.given) not in {0, 1, groups}:
            raise SyntaxProblem(f"{where}: c(...) has {len(term.given)} entries for {groups} groups")
        if term.op in {"|", "~*~"} and thresholds is None:
            raise SyntaxProblem(f"{where}: {term.op} belongs to ordered items, and these are continuous")
        if term.op == "|" and thresholds is not None and int(term.rhs[1:]) > thresholds.get(term.lhs, 0):
            raise SyntaxProblem(f"{where}: {term.lhs} has {thresholds.get(term.lhs, 0)} thresholds")
        key = _ordered_key(term.lhs, term.op, term.rhs, rank)
        before = found.get(key)
        if before is not None:
            term = replace(  # noqa: PLW2901 - the merged term stands for both
                term,
                given=term.given or before.given,
                start=before.start if term.start is None else term.start,
            )
        found[key] = term
    return found


def _defaults(
    terms: Sequence[Term],
    factors: Sequence[str],
    items: Sequence[str],
    thresholds: dict[str, int] | None,
    *,
    means: bool,
    unit_variance: bool,
    orthogonal: bool,
) -> dict[Key, tuple[bool, float | None]]:
    """Return, for each parameter that a model has by default, whether it is free, and its value if not."""
    found: dict[Key, tuple[bool, float | None]] = {}
    indicators = {f: [t.rhs for t in terms if t.op == "=~" and t.lhs == f] for f in factors}
    if not unit_variance:
        found |= {(factor, "=~", names[0]): (False, 1.0) for factor, names in indicators.items()}
    found |= _item_defaults(items, indicators, thresholds)
    for factor in factors:
        found[factor, "~~", factor] = (False, 1.0) if unit_variance else (True, None)
    below = {name for names in indicators.values() for name in names}
    outer = [factor for factor in factors if factor not in below]
    for place, factor in enumerate(outer):
        for other in outer[place + 1 :]:
            found[factor, "~~", other] = (False, 0.0) if orthogonal else (True, None)
    if means:
        found.update({(item, "~1", ""): (thresholds is None, 0.0) for item in items})
        found.update({(factor, "~1", ""): (False, 0.0) for factor in factors})
    return found


def _item_defaults(
    items: Sequence[str], indicators: dict[str, list[str]], thresholds: dict[str, int] | None
) -> dict[Key, tuple[bool, float | None]]:
    """Return the thresholds, scales and residual variances that items have by default."""
    found: dict[Key, tuple[bool, float | None]] = {}
    if thresholds is None:
        single = {names[0] for names in indicators.values() if len(set(names)) == 1}
        return {(item, "~~", item): (False, 0.0) if item in single else (True, None) for item in items}
    for item in items:
        found |= {(item, "|", f"t{step + 1}"): (True, None) for step in range(thresholds[item])}
    for item in items:
        found[item, "~~", item] = found[item, "~*~", item] = (False, 1.0)
    return found


def _parameter(
    key: Key, default: tuple[bool, float | None], term: Term | None, group: int, groups: int
) -> Parameter:
    free, value = default
    if free:
        value = None
    label = ""
    if term is not None:
        if term.given:
            said: Given = term.given[group if len(term.given) == groups and groups > 1 else 0]
            free = not isinstance(said, float)
            value = said if isinstance(said, float) else None
            label = said if isinstance(said, str) else ""
        if free and term.start is not None:
            value = term.start
    lhs, op, rhs = key
    return Parameter(lhs=lhs, op=op, rhs=rhs, group=group, free=0 if free else -1, value=value, label=label)
