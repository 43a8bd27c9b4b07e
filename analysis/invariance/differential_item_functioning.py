"""Fairness of items: whether people of two groups with the same position on a scale answer alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from analysis.descriptive.groups import two_groups
from analysis.estimate import (
    Estimate,
    Matrix,
    PrintedTable,
    Probability,
    TableParts,
    Unavailable,
    as_matrix,
    table,
)
from analysis.inference.significance import holm
from analysis.invariance.mantel_haenszel import MantelHaenszel, mantel_haenszel
from analysis.invariance.nested_logits import NestedLogits, nested_logits
from analysis.item_response.graded_response import graded_response
from analysis.item_response.scoring import person_scores

Matching = Literal["rest", "total", "theta"] | Callable[[Matrix], Matrix]
_Score = Callable[
    [int, NDArray[np.intp]], Matrix | Unavailable
]  # the models of an item, from its index and the items that match people
Verdict = Literal["no difference found", "a small difference", "a difference"]

NEGLIGIBLE: Final = 0.02  # of the change in McFadden's R² due to the groups
SMALLEST_GROUP: Final = 200
FEWEST_ANCHORS: Final = 3  # the fewest items of which a score separates people well enough
_HEADERS: Final = ("item", "chi-square", "p", "p (Holm)", "R² change", "difference", "low", "high", "verdict")


@dataclass(frozen=True, kw_only=True)
class ItemFairness:
    """One item: the models with their tests, the comparison within scores, and the verdict.

    `p_holm` is the p of the test of any difference, corrected for the number of items; `verdict` is None
    where a group is too small for one.
    """

    name: str
    logits: NestedLogits | Unavailable
    mantel_haenszel: MantelHaenszel | Unavailable
    r2_change: Estimate | Unavailable
    log_odds: Estimate | Unavailable
    difference: Estimate | Unavailable
    p_holm: Probability
    verdict: Verdict | None

    def _row(self) -> tuple[object, ...]:
        change, difference = self.r2_change, self.difference
        if (
            isinstance(self.logits, Unavailable)
            or isinstance(change, Unavailable)
            or isinstance(difference, Unavailable)
        ):
            return (self.name, *[None] * (len(_HEADERS) - 2), str(self.logits))
        test = self.logits.chi_square("total")
        ends = (difference.value, difference.low, difference.high)
        said = self.verdict or "none: a group is small"
        return (self.name, test.statistic, test.p, self.p_holm, change.value, *ends, said)


@dataclass(frozen=True, kw_only=True)
class ItemsFairness(PrintedTable):
    """All items of a scale. `difference` is the effect of the items that differ on the sum of the items.

    `anchors` are the items that the matching score rests on; `settled` is whether purification came to rest.
    """

    items: tuple[ItemFairness, ...]
    groups: tuple[str, str]
    n: tuple[int, int]
    matching: str
    anchors: tuple[str, ...]
    settled: bool
    difference: Estimate | Unavailable
    sd: float

    @property
    def flagged(self) -> tuple[str, ...]:
        """The items in which the groups differ."""
        return tuple(i.name for i in self.items if i.verdict not in {None, "no difference found"})

    def __str__(self) -> str:
        first, second = self.groups
        head = f"{second} (n = {self.n[1]}) less {first} (n = {self.n[0]}), matched by {self.matching}"
        return f"{head}\n{table(*self._table())}"

    def _table(self) -> TableParts:
        return _HEADERS, self._rows()

    def _rows(self) -> list[tuple[object, ...]]:
        return [item._row() for item in self.items]  # noqa: SLF001 - one module


def differential_item_functioning(
    X: ArrayLike,
    groups: Sequence[Any] | NDArray[Any],
    *,
    matching: Matching = "total",
    purify: bool = True,
    reference: Any = None,
    alpha: float = 0.05,
    level: float = 0.95,
    smallest_group: int = SMALLEST_GROUP,
    names: Sequence[str] | None = None,
) -> ItemsFairness | Unavailable:
    """Test of each item whether two groups with the same position on the scale answer it alike.

    Parameters
    ----------
    X
        n x k answers to the items of one scale, turned the way they are scored, NaN for missing. Rows that
        are complete and whose group is known count.
    groups
        n labels of exactly two groups; None, NaN or an empty text where a group is not known.
    matching
        What people are matched by: "total" of all items, "rest" of all but the item in question, "theta",
        the expected position (EAP) under the graded response model of all items, or a function of the
        answers (n x a) that returns n scores.
    purify
        Whether items that differ are removed from the matching score, the one that differs most first, until
        none of the remaining ones differs. Done only where both groups are large enough for a verdict.
    reference
        Label of the first group; by default the first in sort order.
    alpha
        Level of each item's test of any difference (2 degrees of freedom).
    level
        Level of the intervals.
    smallest_group
        With fewer people in either group there are effects with intervals, and no verdict.
    names
        Names of the items.

    Returns
    -------
    ItemsFairness or Unavailable
        An item whose models cannot be fitted carries the reason. Unavailable with fewer than 3 items or
        complete rows, or where one of the groups has none. ValueError where there are not two groups.

    Raises
    ------
    ValueError
        There is not a name for each item.

    Notes
    -----
    Logit P(Y ≤ c) = ζ_c - b₁m - b₂g - b₃mg with nested models (b₂ = b₃ = 0, b₃ = 0, none): likelihood ratio
    tests, McFadden, Nagelkerke and Cox-Snell R², and expected answers of the second group less those of the
    first at equal m. A verdict needs the test at `alpha` and calls it small where McFadden's R² changes by
    less than 0.02. Equals ``MASS::polr(y ~ m), y ~ m + g, y ~ m + g + m:g``, of two categories
    ``glm(binomial)``. Beside it stands the comparison within each total score (`mantel_haenszel`). With a
    total that all items enter, differences of items cancel out in sum: the effect on the scale is that of
    the items found to differ, matched by the others. Where the groups differ in their standing, a rest
    score, being measured with error, makes fair items seem to differ; a total does so a little where items
    discriminate unequally, the expected position under a graded model hardly. Of fair items with loadings
    from 0.5 to 0.8, in 1,000 people whose groups are half a standard deviation apart, 17 to 24 % (six
    items) seem to differ by the rest score, 6 to 7 % by the total, 5 % by the position.

    References
    ----------
    Swaminathan, H., & Rogers, H. J. (1990). Detecting differential item functioning using logistic
    regression procedures. Journal of Educational Measurement, 27, 361-370.
    Zumbo, B. D. (1999). A handbook on the theory and methods of differential item functioning. Ottawa.
    Choi, S. W., Gibbons, L. E., & Crane, P. K. (2011). lordif: an R package for detecting differential item
    functioning using iterative hybrid ordinal logistic regression. Journal of Statistical Software, 39(8).

    Examples
    --------
    >>> from analysis.simulation import simulate
    >>> cuts = [[-1, 0, 1]] * 5
    >>> later = [[-1, 0, 1]] * 4 + [[-0.2, 0.8, 1.8]]
    >>> a, b = (simulate(300, [0.7] * 5, t, np.random.default_rng(i)) for i, t in enumerate((cuts, later)))
    >>> found = differential_item_functioning(np.vstack([a, b]), ["a"] * 300 + ["b"] * 300)
    >>> found.flagged
    ('item 5',)
    """
    _check(matching, alpha, level)
    answers = as_matrix(X)
    labels = tuple(names) if names is not None else tuple(f"item {j + 1}" for j in range(answers.shape[1]))
    if len(labels) != answers.shape[1]:
        raise ValueError(f"there are {answers.shape[1]} items and {len(labels)} names")
    split = two_groups(groups, len(answers), reference)
    kept = split.known & ~np.isnan(answers).any(axis=1)
    rows, group = answers[kept], split.second[kept]
    n = (int((~group).sum()), int(group.sum()))
    if answers.shape[1] < 3:  # noqa: PLR2004 - a rest of one item matches nobody
        return Unavailable(reason="too few items", detail=f"{answers.shape[1]} of at least 3")
    if min(n) < 3:  # noqa: PLR2004 - no spread in a group
        return Unavailable(reason="too few rows", detail=f"{n[0]} and {n[1]} complete rows in the groups")
    varied = np.flatnonzero(rows.max(axis=0) > rows.min(axis=0))
    large = min(n) >= smallest_group
    score = _scorer(rows, matching)
    purified = _purified(rows, group, varied, score, alpha if purify and large else None)
    found = [_fit(rows[:, item], score(item, purified.anchors), group) for item in range(len(labels))]
    corrected = holm([_p(fit) for fit in found])
    items = tuple(
        _item(
            labels[j],
            fit,
            _within(rows, group, j, purified.anchors, level),
            p_holm=p,
            alpha=alpha if large else None,
            level=level,
        )
        for j, (fit, p) in enumerate(zip(found, corrected, strict=True))
    )
    return ItemsFairness(
        items=items,
        groups=split.labels,
        n=n,
        matching=matching if isinstance(matching, str) else "a function of the answers",
        anchors=tuple(labels[j] for j in purified.anchors),
        settled=purified.settled,
        difference=_scale_difference(items, found, level),
        sd=float(rows.sum(axis=1).std(ddof=1)),
    )


@dataclass(frozen=True, kw_only=True)
class _Purified:
    anchors: NDArray[np.intp]
    settled: bool


def _check(matching: Matching, alpha: float, level: float) -> None:
    if not callable(matching) and matching not in {"rest", "total", "theta"}:
        raise ValueError(
            f"matching must be 'rest', 'total', 'theta' or a function of answers, not {matching!r}"
        )
    if not 0 < alpha < 1 or not 0 < level < 1:
        raise ValueError(f"alpha and level must lie between 0 and 1, not at {alpha} and {level}")


def _purified(
    rows: Matrix, group: NDArray[np.bool_], varied: NDArray[np.intp], score: _Score, alpha: float | None
) -> _Purified:
    """Return the items that match people: all that vary, without those that differ between the groups.

    They are removed one at a time: an item that differs much makes others, through the score, appear to
    differ the other way, and removing all of them at once would keep the wrong ones.
    """
    anchors, seen = varied, {tuple(varied)}
    while alpha is not None:
        tests = np.array([_statistic(_fit(rows[:, item], score(item, anchors), group)) for item in varied])
        differs, within = tests[:, 1] < alpha, np.isin(varied, anchors)
        if (differs & within).any():
            changed = int(np.where(differs & within, tests[:, 0], -np.inf).argmax())
        elif (~differs & ~within).any():
            changed = int(np.where(~differs & ~within, tests[:, 0], np.inf).argmin())
        else:
            return _Purified(anchors=anchors, settled=True)
        kept = np.setxor1d(anchors, varied[[changed]])
        if len(kept) < FEWEST_ANCHORS or tuple(kept) in seen:
            return _Purified(anchors=anchors, settled=False)
        anchors = kept
        seen.add(tuple(kept))
    return _Purified(anchors=anchors, settled=True)


def _scorer(rows: Matrix, matching: Matching) -> _Score:
    """Return the function that gives the matching score for an item, from the items that match people.

    A score of the same items is computed once, since most items share theirs.
    """

    @cache
    def score(items: tuple[int, ...]) -> Matrix | Unavailable:
        if matching == "theta":
            return _positions(rows[:, items])
        if not callable(matching):
            total: Matrix = rows[:, items].sum(axis=1)
            return total
        found = np.asarray(matching(rows[:, items]), dtype=np.float64)
        if found.shape != (len(rows),) or not np.isfinite(found).all():
            raise ValueError("the matching function must return one finite score for each row")
        return found

    def score_for(item: int, anchors: NDArray[np.intp]) -> Matrix | Unavailable:
        others = {int(anchor) for anchor in anchors} - {item}
        return score(tuple(sorted(others if matching == "rest" else others | {item})))

    return score_for


def _positions(answers: Matrix) -> Matrix | Unavailable:
    """Return the expected position of each row under the graded model of these answers."""
    model = graded_response(answers)
    return model if isinstance(model, Unavailable) else person_scores(model, answers).theta


def _fit(
    answers: Matrix, score: Matrix | Unavailable, group: NDArray[np.bool_]
) -> NestedLogits | Unavailable:
    return score if isinstance(score, Unavailable) else nested_logits(answers, score, group)


def _within(
    rows: Matrix, group: NDArray[np.bool_], item: int, anchors: NDArray[np.intp], level: float
) -> MantelHaenszel | Unavailable:
    total = rows[:, np.union1d(anchors, [item])].sum(axis=1)
    return mantel_haenszel(rows[:, item], total, group, level=level)


def _p(fit: NestedLogits | Unavailable) -> float:
    return _statistic(fit)[1]


def _statistic(fit: NestedLogits | Unavailable) -> tuple[float, float]:
    """Return chi-square and p of any difference; 0 and NaN where the models could not be fitted."""
    if isinstance(fit, Unavailable):
        return 0.0, float("nan")
    test = fit.chi_square("total")
    return test.statistic, float(test.p)


def _item(
    name: str,
    fit: NestedLogits | Unavailable,
    within: MantelHaenszel | Unavailable,
    *,
    p_holm: float,
    alpha: float | None,
    level: float,
) -> ItemFairness:
    """Return the results for an item; without `alpha` there is no verdict."""
    if isinstance(fit, Unavailable):
        return ItemFairness(
            name=name,
            logits=fit,
            mantel_haenszel=within,
            r2_change=fit,
            log_odds=fit,
            difference=fit,
            p_holm=Probability(p_holm),
            verdict=None,
        )
    change = fit.mcfadden_change("total", level)
    verdict: Verdict | None = None
    if alpha is not None:
        small: Verdict = "a small difference" if change.value < NEGLIGIBLE else "a difference"
        verdict = small if _p(fit) < alpha else "no difference found"
    return ItemFairness(
        name=name,
        logits=fit,
        mantel_haenszel=within,
        r2_change=change,
        log_odds=fit.log_odds(level),
        difference=fit.signed(level),
        p_holm=Probability(p_holm),
        verdict=verdict,
    )


def _scale_difference(
    items: Sequence[ItemFairness], found: Sequence[NestedLogits | Unavailable], level: float
) -> Estimate | Unavailable:
    """Return the sum of the expected differences of the items that differ, people's influences added up."""
    if all(item.verdict is None for item in items):
        return Unavailable(reason="too few rows", detail="a group is too small to say which items differ")
    differ = [
        fit
        for item, fit in zip(items, found, strict=True)
        if isinstance(fit, NestedLogits) and item.verdict not in {None, "no difference found"}
    ]
    if not differ:
        return Unavailable(reason="not defined", detail="no item was found to differ")
    value = sum(fit.mean_difference() for fit in differ)
    influence = np.sum([fit.influence() for fit in differ], axis=0)
    width = float(ndtri((1 + level) / 2)) * sqrt(float((influence**2).sum()))
    return Estimate(
        value=value,
        low=value - width,
        high=value + width,
        level=level,
        n=differ[0].n,
        k=len(differ),
        method="expected difference of the sum of the items, through the items that differ",
    )
