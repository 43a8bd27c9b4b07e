"""Partial invariance as a proposal: which items differ between groups, and the effect on their scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr

from analysis.estimate import Listing, Matrix, Unavailable
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.model.implied_moments import Implied
from analysis.factor_models.confirmatory.model.parameter_table import Parameter
from analysis.factor_models.confirmatory.modification_indices import score_tests
from analysis.invariance.equality import Key, Kind, kind_of
from analysis.invariance.multigroup import Ladder, Step, limits_for, preferred

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
_SHARES: Final = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemEffect:
    """The effect of an item's own parameters on its expected answer in one group against the first.

    `dmacs` is the root mean square difference of expected answers over the group's distribution of the
    factor, in pooled standard deviations (Nye and Drasgow 2011); `difference` the mean difference in the
    units of the answers: how much higher a person of the group is expected to answer than one of the first
    group with the same position on the factor.
    """

    item: str
    group: str
    dmacs: float
    difference: float


@dataclass(frozen=True, kw_only=True)
class Freed:
    """One item freed at a step: its parameters, the expected fall in chi-square, and CFI with them free."""

    step: str
    item: str
    keys: tuple[Key, ...]
    index: float
    cfi: float


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The parameters whose freeing would allow groups to be compared up to equal intercepts.

    The reader decides; nothing is freed by this code itself.

    Attributes
    ----------
    freed : items in the order in which they were freed, each after the others
    beyond : the steps whose changes stay beyond the limits all the same
    fit : the last model, with these free
    effects : of every item, the effect of its own parameters on its answers
    total : of each group but the first, the sum of the items' mean differences: how much higher the sum of
        answers is expected to be for the same standing
    """

    freed: tuple[Freed, ...]
    beyond: tuple[str, ...]
    fit: FittedModel
    effects: Listing[ItemEffect]
    total: tuple[tuple[str, float], ...]

    @property
    def free(self) -> tuple[Key, ...]:
        """The parameters to hand to `measurement_invariance` as `free`, if the reader decides so."""
        return tuple(key for item in self.freed for key in item.keys)

    def __str__(self) -> str:
        names = ", ".join(f"{item.item} ({item.step}, CFI {item.cfi:.3f})" for item in self.freed)
        rest = (
            "within" if not self.beyond else f"within the limits except {', '.join(self.beyond)}, not within"
        )
        sums = "; ".join(f"{group}: {value:+.3f}" for group, value in self.total)
        return (
            f"A proposal, not a decision. Freed in turn: {names}. With these free the changes are {rest} "
            f"the limits.\nexpected difference of the sum of answers for the same standing: {sums}\n"
            f"{self.effects}"
        )


def propose_partial(ladder: Ladder, *, most: float = 0.5) -> Proposal | Unavailable:
    """Propose which items to free where steps of a ladder fit worse than the limits allow.

    Parameters
    ----------
    ladder : a fitted ladder
    most : the share of the items that may be freed at a step

    Returns
    -------
    Proposal
        Or Unavailable where every step up to equal intercepts stays within the limits, or none was fitted.

    Notes
    -----
    At each step up to equal intercepts: the item whose equal parameters have the largest expected fall in
    chi-square when freed (score tests) is freed, the model fitted anew, and so on until the changes from the
    step before are within the limits; what was freed stays free at later steps. Such a search adapts to the
    sample, so the proposal has to be judged by a reader and tested in other data.

    An item's effect is d_MACS = √E(Δ²) / s, with Δ the difference of its expected answers for the same
    standing, the mean over the group's distribution of the factor, and s the pooled standard deviation. R has
    no call for the search.

    References
    ----------
    Byrne, Shavelson and Muthen (1989). Nye and Drasgow (2011). Effect size indices for analyses of
    measurement equivalence. Journal of Applied Psychology, 96, 966-980.
    """
    failing = [step.name for step in ladder.steps if step.kept is False and step.name != "strict"]
    if not failing:
        detail = "every step up to equal intercepts that was fitted stays within the limits"
        return Unavailable(reason="not defined", detail=detail)
    freed: list[Freed] = []
    beyond: list[str] = []
    before: FittedModel | None = None
    earlier: tuple[Kind, ...] = ()
    for step in ladder.steps:
        if step.name == "strict":
            break
        fit = step.fit if not freed else _with_free(ladder, step, freed)
        if isinstance(fit, Unavailable):
            continue
        if before is not None and not _kept(step, before, fit):
            kinds = tuple(kind for kind in step.equal if kind not in earlier)
            fit = _search(ladder, step, before, fit, kinds=kinds, freed=freed, most=most)
            if not _kept(step, before, fit):
                beyond.append(step.name)
        before, earlier = fit, step.equal
    if before is None or not freed:
        return Unavailable(reason="not defined", detail=f"no item could be freed at the step {failing[0]}")
    columns = [ladder.request.parts[0].names.index(item) for item in before.items]
    effects = item_effects(before, [part.X[:, columns] for part in ladder.request.parts])
    total = tuple(
        (group, sum(effect.difference for effect in effects if effect.group == group))
        for group in before.groups[1:]
    )
    return Proposal(freed=tuple(freed), beyond=tuple(beyond), fit=before, effects=effects, total=total)


def _with_free(ladder: Ladder, step: Step, freed: Sequence[Freed]) -> FittedModel | Unavailable:
    keys = [key for item in freed for key in item.keys]
    return ladder.request.fit(step.equal, [*ladder.free, *keys])


def _kept(step: Step, before: FittedModel, fit: FittedModel) -> bool:
    ordered = fit.table.ordered
    changes = [
        preferred(fit.fit, name, ordered=ordered) - preferred(before.fit, name, ordered=ordered)
        for name in ("cfi", "rmsea")
    ]
    limits = limits_for(step.name, fit.n)
    return limits.kept(changes[0], changes[1], fit.fit["srmr"] - before.fit["srmr"])


def _search(
    ladder: Ladder,
    step: Step,
    before: FittedModel,
    fit: FittedModel,
    *,
    kinds: tuple[Kind, ...],
    freed: list[Freed],
    most: float,
) -> FittedModel:
    """Free items one by one, each written to `freed`, until the step fits; return the last fit."""
    done: set[str] = set()
    while not _kept(step, before, fit) and len(done) < most * len(fit.items):
        worst = _worst_item(fit, kinds, done)
        if worst is None:
            break
        item, index = worst
        keys = tuple(dict.fromkeys(_keys(fit, kinds, item)))
        tried = _with_free(
            ladder, step, [*freed, Freed(step=step.name, item=item, keys=keys, index=index, cfi=0.0)]
        )
        if isinstance(tried, Unavailable):
            break
        fit = tried
        done.add(item)
        cfi = preferred(fit.fit, "cfi", ordered=fit.table.ordered)
        freed.append(Freed(step=step.name, item=item, keys=keys, index=index, cfi=cfi))
    return fit


def _item_of(parameter: Parameter) -> str:
    return parameter.rhs if parameter.op == "=~" else parameter.lhs


def _keys(fit: FittedModel, kinds: tuple[Kind, ...], item: str) -> list[Key]:
    return [
        (p.lhs, p.op, p.rhs)
        for p in fit.table.parameters
        if kind_of(p, fit.items) in kinds and _item_of(p) == item
    ]


def _worst_item(fit: FittedModel, kinds: tuple[Kind, ...], done: set[str]) -> tuple[str, float] | None:
    """Return the item whose equal parameters, freed in one group, are expected to improve the fit most."""
    rows = [
        parameter
        for parameter in fit.table.parameters
        if parameter.group > 0 and kind_of(parameter, fit.items) in kinds and _item_of(parameter) not in done
    ]
    if not rows:
        return None
    index, _ = score_tests(fit.solution, rows)
    known = np.where(np.isfinite(index), index, -1)
    best = int(np.argmax(known))
    return (_item_of(rows[best]), float(known[best])) if known[best] > 0 else None


def item_effects(fit: FittedModel, X: list[Matrix]) -> Listing[ItemEffect]:
    """Return the effect of every item's own parameters in every group but the first.

    Parameters
    ----------
    fit : a model of several groups whose factors are on one scale (some items equal)
    X : each group's rows, columns in the order of ``fit.items``, for the standard deviations
    """
    first = fit.solution.implied[0]
    rows = []
    for place in range(1, len(fit.groups)):
        implied = fit.solution.implied[place]
        spread = _pooled(X[0], X[place])
        for item, name in enumerate(fit.items):
            square, mean = _difference(fit, first, implied, place, item)
            rows.append(
                ItemEffect(
                    item=name,
                    group=fit.groups[place],
                    dmacs=float(np.sqrt(square)) / spread[item],
                    difference=mean,
                )
            )
    return Listing(rows)


def _pooled(first: Matrix, second: Matrix) -> Matrix:
    squares, counts = 0.0, 0.0
    for X in (first, second):
        n = (~np.isnan(X)).sum(axis=0)
        squares = squares + (n - 1) * np.nanvar(X, axis=0, ddof=1)
        counts = counts + n - 1
    return np.asarray(np.sqrt(squares / counts))


def _difference(
    fit: FittedModel, first: Implied, focal: Implied, place: int, item: int
) -> tuple[float, float]:
    """Return the mean squared and the mean difference of expected answers over the focal group's factors."""
    L0, L1 = first.matrices["loadings"][item], focal.matrices["loadings"][item]
    loadings = np.stack([L0, L1])
    centre = loadings @ focal.factor_mean
    if not fit.table.ordered:
        nu = [group.matrices["intercept"][item, 0] for group in (first, focal)]
        gap = float(nu[1] - nu[0] + centre[1] - centre[0])
        return gap**2 + float((L1 - L0) @ focal.factor_covariance @ (L1 - L0)), gap
    spread = loadings @ focal.factor_covariance @ loadings.T
    values, vectors = np.linalg.eigh(spread)
    root = vectors * np.sqrt(np.maximum(values, 0))
    grid = np.stack([g.ravel() for g in np.meshgrid(_NODES, _NODES, indexing="ij")])
    weights = np.outer(_SHARES, _SHARES).ravel()
    along = centre[:, None] + root @ grid
    expected = [
        _expected(group, fit.categories[where][item], item, line)
        for group, where, line in zip((first, focal), (0, place), along, strict=True)
    ]
    gap_at = expected[1] - expected[0]
    return float(weights @ gap_at**2), float(weights @ gap_at)


def _expected(group: Implied, categories: tuple[float, ...], item: int, along: Matrix) -> Matrix:
    """Return the expected answer at each value of the common part of an ordered item."""
    steps = group.matrices["threshold"][group.structure.threshold_item == item, 0]
    sd = float(np.sqrt(group.residual_variance[item]))
    eta = group.matrices["intercept"][item, 0] + along
    above = ndtr((eta[:, None] - steps) / sd)
    return np.asarray(categories[0] + above @ np.diff(np.array(categories)))
