"""What a sample is wanted for: each aim analyses one simulated sample and says what came of it.

An outcome is yes (1), no (0) or a number; where a figure is not available, that counts as no.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import ttest_ind

from analysis.agreement.intraclass import intraclass_correlation
from analysis.estimate import Estimate, Unavailable
from analysis.factor_models.confirmatory.confirmatory_factor_analysis import (
    Part,
    confirmatory_factor_analysis,
    sample_of,
)
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.model.parameter_table import specify
from analysis.factor_models.confirmatory.rivals import Rival, rival_models
from analysis.invariance.difference_tests import Difference, difference_test
from analysis.invariance.differential_item_functioning import differential_item_functioning
from analysis.invariance.equality import ORDERED
from analysis.invariance.multigroup import Request, preferred
from analysis.moments import moments
from analysis.planning.population import Population
from analysis.planning.settings import Planning
from analysis.reliability.alpha import cronbach_alpha
from analysis.reliability.omega import mcdonald_omega

LEVEL: Final = 0.05
Outcome = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A plan's suppositions, the models to be compared, and the bounds that fit is held to."""

    people: Population
    planning: Planning
    primary: str = "correlated factors"
    rivals: tuple[str, ...] = ("one factor",)
    bounds: Mapping[str, float]

    def model(self, name: str) -> Rival:
        """Return a model by its name; ValueError where the scales do not imply it."""
        known = {each.name: each for each in rival_models(self.people.scales)}
        if name not in known:
            raise ValueError(f"there is no model {name!r}; these scales imply {', '.join(known)}")
        return known[name]


@dataclass(frozen=True, kw_only=True)
class Aim:
    """An aim in words, how one sample of n people serves it, and which outcome decides on n."""

    words: str
    run: Callable[[int, np.random.Generator, Case], Outcome]
    deciding: str


def precise(n: int, rng: np.random.Generator, case: Case) -> Outcome:
    """Return the widths of the intervals of alpha and omega of the first scale."""
    assert case.planning.precision
    X = case.people.draw(n, rng)[:, case.people.columns(next(iter(case.people.scales)))]
    found = moments(X)
    alpha, omega = (
        (found, found) if isinstance(found, Unavailable) else (cronbach_alpha(found), mcdonald_omega(found))
    )
    widths = {"alpha": _width(alpha), "omega": _width(omega)}
    enough = all(width <= case.planning.precision.width for width in widths.values())
    return {
        "alpha": alpha.value if isinstance(alpha, Estimate) else np.nan,
        "width of alpha's interval": widths["alpha"],
        "width of omega's interval": widths["omega"],
        "both intervals as narrow as asked": float(enough),
    }


def retested(n: int, rng: np.random.Generator, case: Case) -> Outcome:
    """Return the width of the interval of the agreement of two occasions, ICC(A,1)."""
    supposed = case.planning.retest
    assert supposed
    person = rng.standard_normal((n, 1)) * np.sqrt(supposed.icc)
    scores = person + rng.standard_normal((n, 2)) * np.sqrt(1 - supposed.icc)
    width = _width(intraclass_correlation(scores)["ICC2"])
    return {
        "width of the interval": width,
        "interval as narrow as asked": float(width <= supposed.width),
    }


def fitted(n: int, rng: np.random.Generator, case: Case) -> Outcome:
    """Return whether the primary model keeps the bounds of fit, and its rivals are found out."""
    X = case.people.draw(n, rng)
    primary = _fit(X, case, case.model(case.primary))
    rivals = {name: _fit(X, case, case.model(name)) for name in case.rivals}
    keeps = isinstance(primary, FittedModel) and _keeps(primary, case.bounds)
    outcome = {f"{case.primary} keeps the bounds of fit": float(keeps)}
    out = []
    for name, rival in rivals.items():
        beyond = isinstance(rival, FittedModel) and not _keeps(rival, case.bounds)
        outcome[f"{name} is beyond a bound"] = float(beyond)
        out.append(_refused(primary, rival))
        outcome[f"{name} is refused by the test of the difference"] = float(out[-1])
    return outcome | {"primary kept and every rival refused": float(keeps and all(out))}


def invariant(n: int, rng: np.random.Generator, case: Case) -> Outcome:
    """Return whether items that are harder for one of two equal groups are found by the step that they break.

    A shift of all thresholds of an item is one of its intercept once thresholds are equal.
    """
    shifted = case.planning.invariance
    assert shifted
    halves = (
        case.people.draw(n - n // 2, rng),
        case.people.draw(n // 2, rng, shift=shifted.shift, items=shifted.items),
    )
    names, rival = case.people.items, case.model(case.primary)
    parts = [Part(label=label, X=X, names=names) for label, X in zip(("one", "two"), halves, strict=True)]
    counts = {name: len(case.people.thresholds) for name in names}
    table = specify(
        rival.model,
        thresholds=counts,
        groups=2,
        means=True,
        unit_variance=True,
        orthogonal=rival.orthogonal,
        scale="theta",
    )
    sample = sample_of(parts, table.items, "complete", ordered=True)
    if isinstance(sample, Unavailable):
        return {"the step of equal intercepts is refused": 0.0}
    request = Request(base=table, sample=sample, parts=tuple(parts), estimator="WLSMV", missing="complete")
    free, equal = request.fit(ORDERED["metric"]), request.fit(ORDERED["scalar"])
    return {"the step of equal intercepts is refused": float(_refused(free, equal))}


def fair(n: int, rng: np.random.Generator, case: Case) -> Outcome:
    """Return whether items of the first scale that are harder for one of two equal groups are found."""
    shifted = case.planning.fairness
    assert shifted
    columns = case.people.columns(next(iter(case.people.scales)))
    items = min(shifted.items, len(columns) - 1)
    one, two = (
        case.people.draw(n - n // 2, rng)[:, columns],
        case.people.draw(n // 2, rng, shift=shifted.shift, items=items)[:, columns],
    )
    groups = ["one"] * len(one) + ["two"] * len(two)
    found = differential_item_functioning(np.vstack([one, two]), groups, smallest_group=n)
    if isinstance(found, Unavailable):
        return {"every such item is found": 0.0, "another item is found": 0.0}
    told = [each.p_holm < LEVEL for each in found.items]
    return {
        "every such item is found": float(all(told[:items])),
        "another item is found": float(any(told[items:])),
    }


def apart(n: int, rng: np.random.Generator, case: Case) -> Outcome:
    """Return whether groups that differ in the general factor differ in the total, by Welch's test."""
    supposed = case.planning.groups
    assert supposed
    one = case.people.draw(n - n // 2, rng).mean(axis=1)
    two = case.people.draw(n // 2, rng, apart=supposed.d).mean(axis=1)
    spread = np.sqrt((one.var(ddof=1) + two.var(ddof=1)) / 2)
    return {
        "d of the totals": float((two.mean() - one.mean()) / spread),
        "the difference is found": float(ttest_ind(one, two, equal_var=False).pvalue < LEVEL),
    }


AIMS: Final[dict[str, Aim]] = {
    "precision": Aim(
        words="Intervals of alpha and omega of one scale",
        run=precise,
        deciding="both intervals as narrow as asked",
    ),
    "retest": Aim(
        words="The interval of the intraclass correlation of two occasions",
        run=retested,
        deciding="interval as narrow as asked",
    ),
    "fit": Aim(
        words="Fit of the primary model against its rivals",
        run=fitted,
        deciding="primary kept and every rival refused",
    ),
    "invariance": Aim(
        words="Items that are harder for one of two groups of equal size, by invariance",
        run=invariant,
        deciding="the step of equal intercepts is refused",
    ),
    "fairness": Aim(
        words="Items that are harder for one of two groups of equal size, item by item",
        run=fair,
        deciding="every such item is found",
    ),
    "groups": Aim(
        words="Known groups of equal size",
        run=apart,
        deciding="the difference is found",
    ),
}


def _width(figure: Estimate | Unavailable) -> float:
    if isinstance(figure, Unavailable) or figure.low is None or figure.high is None:
        return float("inf")
    return figure.high - figure.low


def _fit(X: np.ndarray, case: Case, rival: Rival) -> FittedModel | Unavailable:
    return confirmatory_factor_analysis(
        X,
        rival.model,
        names=case.people.items,
        ordered=True,
        unit_variance=rival.unit_variance,
        orthogonal=rival.orthogonal,
    )


def _keeps(fit: FittedModel, bounds: Mapping[str, float]) -> bool:
    cfi, rmsea = (preferred(fit.fit, name) for name in ("cfi", "rmsea"))
    return bool(cfi >= bounds["cfi"] and rmsea <= bounds["rmsea"] and fit.fit["srmr"] <= bounds["srmr"])


def _refused(free: FittedModel | Unavailable, restricted: FittedModel | Unavailable) -> bool:
    if isinstance(free, Unavailable) or isinstance(restricted, Unavailable):
        return False
    found = difference_test(free, restricted)
    return isinstance(found, Difference) and found.p < LEVEL


def chosen(planning: Planning) -> Sequence[str]:
    """Return the aims that a plan names."""
    return [name for name in AIMS if getattr(planning, name)]
