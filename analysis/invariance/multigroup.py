"""The ladder of measurement invariance: models with more and more equal in all groups, and their tests."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import PrintedTable, Unavailable, as_matrix, html_table, table
from analysis.factor_models.confirmatory.confirmatory_factor_analysis import (
    Part,
    check_request,
    fit_table,
    sample_of,
    split_groups,
    threshold_counts,
)
from analysis.factor_models.confirmatory.estimation.estimators import Estimator
from analysis.factor_models.confirmatory.estimation.fitting import Sample
from analysis.factor_models.confirmatory.estimation.sample_statistics import Holes
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.model.parameter_table import ParameterTable, specify
from analysis.invariance.difference_tests import Difference, difference_test
from analysis.invariance.equality import CONTINUOUS, ORDERED, Key, Kind, with_equal

SMALL: Final = 300  # rows up to which Chen's stricter limits apply


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much worse a step may fit: the fall in CFI, the rises in RMSEA and SRMR, and whose limits."""

    cfi: float
    rmsea: float
    srmr: float
    source: str

    def kept(self, cfi: float, rmsea: float, srmr: float) -> bool:
        """Whether CFI falls by no more than its limit and RMSEA or SRMR rises by no more than its own."""
        return cfi >= -self.cfi and (rmsea <= self.rmsea or srmr <= self.srmr)


def limits_for(step: str, n: int) -> Limits:
    """Return Chen's (2007) limits for a step of the ladder and a sample size."""
    srmr = {"metric": (0.030, 0.025)}.get(step, (0.010, 0.005))
    if n <= SMALL:
        return Limits(cfi=0.005, rmsea=0.010, srmr=srmr[1], source="Chen (2007), up to 300 rows")
    return Limits(cfi=0.010, rmsea=0.015, srmr=srmr[0], source="Chen (2007)")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One model of the ladder.

    `difference` tests it against the step before; `cfi`, `rmsea` and `srmr` are the changes from there.
    """

    name: str
    equal: tuple[Kind, ...]
    fit: FittedModel | Unavailable
    difference: Difference | Unavailable | None = None
    cfi: float | None = None
    rmsea: float | None = None
    srmr: float | None = None
    limits: Limits | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the changes stay within the limits; None where there are none."""
        if self.limits is None or self.cfi is None or self.rmsea is None or self.srmr is None:
            return None
        return self.limits.kept(self.cfi, self.rmsea, self.srmr)


@dataclass(frozen=True, kw_only=True)
class Request:
    """The data and settings of a ladder, which a further model of the same data needs."""

    base: ParameterTable
    sample: Sample
    parts: tuple[Part, ...]
    estimator: Estimator
    missing: Holes

    def fit(self, equal: Collection[Kind], free: Collection[Key] = ()) -> FittedModel | Unavailable:
        """Fit the model with these kinds of parameters equal, except those that stay free."""
        table = with_equal(self.base, equal, free=free)
        return fit_table(table, self.sample, self.parts, self.estimator, missing=self.missing)


@dataclass(frozen=True, kw_only=True)
class Ladder(PrintedTable):
    """The steps of measurement invariance, from the freest model to the strictest.

    Attributes
    ----------
    steps : in order
    groups, used : names and rows of the groups
    free : parameters that stay free in every group (partial invariance)
    request : the data and the estimator
    """

    steps: tuple[Step, ...]
    groups: tuple[str, ...]
    used: tuple[int, ...]
    free: tuple[Key, ...]
    request: Request

    def __getitem__(self, name: str) -> Step:
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def _table(self) -> tuple[list[str], list[list[object]]]:
        rows: list[list[object]] = []
        for step in self.steps:
            if isinstance(step.fit, Unavailable):
                rows.append([step.name, step.fit.why, *[None] * 11])
                continue
            test, fit = step.fit.test, step.fit.fit
            change = step.difference if isinstance(step.difference, Difference) else None
            rows.append(
                [
                    step.name,
                    ", ".join(step.equal) or "nothing",
                    test.value if test.scaled is None else test.scaled,
                    test.df,
                    change and change.value,
                    change and change.df,
                    change and change.p,
                    preferred(fit, "cfi", ordered=step.fit.table.ordered),
                    step.cfi,
                    preferred(fit, "rmsea", ordered=step.fit.table.ordered),
                    step.rmsea,
                    fit["srmr"],
                    step.srmr,
                ]
            )
        headers = ["step", "equal", "chi-square", "df", "difference", "df", "p"]
        return [*headers, "CFI", "change", "RMSEA", "change", "SRMR", "change"], rows

    @property
    def notes(self) -> tuple[str, ...]:
        """Groups, tests and limits in words."""
        sizes = ", ".join(f"{name} n = {n}" for name, n in zip(self.groups, self.used, strict=True))
        said = [sizes]
        for step in self.steps:
            if isinstance(step.difference, Unavailable):
                said.append(f"{step.name}: no test of the difference: {step.difference.why}")
            if step.kept is not None and step.limits is not None:
                verdict = "within" if step.kept else "beyond"
                said.append(f"{step.name}: changes {verdict} the limits of {step.limits.source}")
        if self.free:
            said.append("free in every group: " + ", ".join(" ".join(key).strip() for key in self.free))
        return tuple(said)

    def __str__(self) -> str:
        return "\n".join([table(*self._table()), *self.notes])

    def _repr_html_(self) -> str:
        return html_table(*self._table()) + "".join(f"<p>{escape(note)}</p>" for note in self.notes)


def preferred(fit: Mapping[str, float], name: str, *, ordered: bool = False) -> float:
    """Return the robust measure where there is one, else the scaled one, else the plain one.

    Of ordered items the scaled one: the robust measures look at correlations alone, so that unequal
    thresholds and intercepts do not move them.
    """
    for suffix in (".scaled", "") if ordered else (".robust", ".scaled", ""):
        if name + suffix in fit and np.isfinite(fit[name + suffix]):
            return fit[name + suffix]
    return float("nan")


def measurement_invariance(
    X: ArrayLike,
    model: str,
    groups: ArrayLike,
    *,
    names: Sequence[str],
    estimator: Estimator | None = None,
    ordered: bool = False,
    missing: Holes = "complete",
    clusters: ArrayLike | None = None,
    unit_variance: bool | None = None,
    orthogonal: bool = False,
    free: Collection[Key] = (),
) -> Ladder | Unavailable:
    """Fit the ladder of measurement invariance to two or more groups.

    Parameters
    ----------
    X : n x k array with NaN for missing
    model : text in lavaan's notation
    groups : the group of each row; rows without one are left out
    names : names of the columns of X
    estimator, missing, clusters, orthogonal : as for `confirmatory_factor_analysis`
    ordered : whether items are ordered categories
    unit_variance : whether factors have their scale from a variance of one in the first group rather than
        from a first loading; always so for ordered items
    free : parameters (left side, operator, right side) that stay free in every group: partial invariance

    Returns
    -------
    Ladder
        A step that cannot be fitted says why, and the others stand. Unavailable where there is no sample:
        an item that does not vary in a group, or an answer that a group never gives.

    Notes
    -----
    In group g the model is Σ_g = Λ_g Φ_g Λ_g' + Θ_g and μ_g = ν_g + Λ_g α_g, of ordered items with thresholds
    τ_g; a step holds some of τ, Λ, ν and Θ equal over groups.

    Continuous items: the same structure (configural), equal loadings (metric), intercepts (scalar), residual
    variances (strict). Ordered items (Wu and Estabrook 2016): the same structure, equal thresholds,
    loadings, intercepts, residual variances; each step is tested against the one before. Changes are those
    of the robust measures of continuous items, of the scaled ones of ordered items (whose robust measures
    look at correlations alone), and under plain estimators of the plain ones. Equals
    ``lavaan::cfa(model, x, group =, group.equal =)``, of ordered items with the syntax of
    ``semTools::measEq.syntax(ID.cat = "Wu.Estabrook.2016")``, and ``lavTestLRT``.

    References
    ----------
    Meredith (1993). Wu and Estabrook (2016). Identification of confirmatory factor analysis models of
    different levels of invariance for ordered categorical outcomes. Psychometrika, 81, 1014-1045.
    Chen (2007). Sensitivity of goodness of fit indexes to lack of measurement invariance. Structural
    Equation Modeling, 14, 464-504. Cheung and Rensvold (2002).

    Examples
    --------
    >>> factor = np.random.default_rng(1).normal(size=(400, 1))
    >>> X = factor + np.random.default_rng(2).normal(size=(400, 4))
    >>> ladder = measurement_invariance(
    ...     X, "f =~ a + b + c + d", np.arange(400) % 2, names=["a", "b", "c", "d"]
    ... )
    >>> [step.name for step in ladder.steps], ladder["scalar"].kept
    (['configural', 'metric', 'scalar', 'strict'], True)
    """
    chosen = estimator or ("WLSMV" if ordered else "ML")
    data = as_matrix(X)
    check_request(data, names, chosen, missing, ordered=ordered, clustered=clusters is not None)
    parts = split_groups(data, names, groups, clusters)
    base = specify(
        model,
        thresholds=threshold_counts(data, names) if ordered else None,
        groups=len(parts),
        means=True,
        unit_variance=ordered if unit_variance is None else unit_variance or ordered,
        orthogonal=orthogonal,
        scale="theta" if ordered else "delta",
    )
    sample = sample_of(parts, base.items, missing, ordered=ordered)
    if isinstance(sample, Unavailable):
        return sample
    request = Request(base=base, sample=sample, parts=parts, estimator=chosen, missing=missing)
    return fit_ladder(request, free)


def fit_ladder(request: Request, free: Collection[Key] = ()) -> Ladder:
    """Fit every step of the ladder to data that are already summarised, some parameters free throughout."""
    fits: dict[str, FittedModel | Unavailable] = {}
    for name, equal in (ORDERED if request.base.ordered else CONTINUOUS).items():
        fit = request.fit(equal, free)
        first = next((other for other in fits.values() if isinstance(other, FittedModel)), None)
        if isinstance(fit, FittedModel) and first is not None:
            fit = replace(fit, null=first.baseline)
        fits[name] = fit
    return _ladder(fits, request, tuple(free))


def _ladder(fits: dict[str, FittedModel | Unavailable], request: Request, free: tuple[Key, ...]) -> Ladder:
    base, parts = request.base, request.parts
    kinds = ORDERED if base.ordered else CONTINUOUS
    good = [fit for fit in fits.values() if isinstance(fit, FittedModel)]
    steps: list[Step] = []
    for name, fit in fits.items():
        before = next((s.fit for s in reversed(steps) if isinstance(s.fit, FittedModel)), None)
        if isinstance(fit, Unavailable) or before is None:
            steps.append(Step(name=name, equal=kinds[name], fit=fit))
            continue
        new, old = fit.fit, before.fit
        steps.append(
            Step(
                name=name,
                equal=kinds[name],
                fit=fit,
                difference=difference_test(before, fit),
                cfi=preferred(new, "cfi", ordered=base.ordered) - preferred(old, "cfi", ordered=base.ordered),
                rmsea=preferred(new, "rmsea", ordered=base.ordered)
                - preferred(old, "rmsea", ordered=base.ordered),
                srmr=new["srmr"] - old["srmr"],
                limits=limits_for(name, fit.n),
            )
        )
    return Ladder(
        steps=tuple(steps),
        groups=tuple(part.label for part in parts),
        used=good[0].used if good else tuple(len(part.X) for part in parts),
        free=free,
        request=request,
    )
