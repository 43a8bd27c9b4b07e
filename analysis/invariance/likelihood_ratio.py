"""Fairness of items in the graded response model: one curve for both groups against one for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from analysis.descriptive.groups import two_groups
from analysis.estimate import Matrix, PrintedTable, Probability, TableParts, Unavailable, as_matrix, table
from analysis.inference.significance import SignificanceTest, holm
from analysis.item_response.category_curves import category_curves
from analysis.item_response.graded_response import graded_response
from analysis.item_response.group_likelihood import GroupLikelihood, GroupMaximum
from analysis.item_response.quadrature import normal_points
from analysis.item_response.response_patterns import ResponsePatterns, response_patterns

FEWEST_ANCHORS: Final = 2  # fewest items with the same curve in both groups, which tie the groups together
_HEADERS: Final = ("item", "chi-square", "df", "p", "p (Holm)", "difference", "of either sign")
_Fitted = Callable[[frozenset[int]], GroupMaximum | Unavailable]


@dataclass(frozen=True, kw_only=True)
class ItemDifference:
    """One item: the test, and by how much people of the second group answer higher than equals in the first.

    `difference` is the mean over the second group's θ of the difference of expected answers, and
    `absolute_difference` that of its size. All are unavailable where the test is.
    """

    name: str
    test: SignificanceTest | Unavailable
    p_holm: Probability | Unavailable
    difference: float | Unavailable
    absolute_difference: float | Unavailable


@dataclass(frozen=True, kw_only=True)
class ItemDifferences(PrintedTable):
    """All items of a scale, the mean and standard deviation of θ in the second group, and who was compared.

    `differing` are the items whose curves the final model lets differ.
    """

    items: tuple[ItemDifference, ...]
    groups: tuple[str, str]
    n: tuple[int, int]
    differing: tuple[str, ...]
    mean: float
    sd: float

    def _table(self) -> TableParts:
        rows: list[tuple[object, ...]] = []
        for item in self.items:
            if isinstance(item.test, Unavailable):
                rows.append((item.name, *[None] * (len(_HEADERS) - 2), str(item.test)))
                continue
            effects = (item.difference, item.absolute_difference)
            rows.append((item.name, item.test.statistic, item.test.df, item.test.p, item.p_holm, *effects))
        return _HEADERS, rows

    def __str__(self) -> str:
        first, second = self.groups
        return (
            f"{second} (n = {self.n[1]}, θ of mean {self.mean:.3f} and sd {self.sd:.3f}) beside {first} "
            f"(n = {self.n[0]}, 0 and 1)\n{table(*self._table())}"
        )


def likelihood_ratio_dif(
    X: ArrayLike,
    groups: Sequence[Any] | NDArray[Any],
    *,
    purify: bool = True,
    reference: Any = None,
    alpha: float = 0.05,
    names: Sequence[str] | None = None,
) -> ItemDifferences | Unavailable:
    """Test of each item whether its curve in a graded response model is the same in two groups.

    Parameters
    ----------
    X
        n x k answers to the items of one scale, turned the way they are scored, NaN for missing. Every answer
        of a row whose group is known counts.
    groups
        n labels of exactly two groups; None, NaN or an empty text where a group is not known.
    purify
        Whether items that differ are let differ while the others are tested, the one that differs most first.
    reference
        Label of the group whose θ is standard normal; by default the first in sort order.
    alpha
        Level of the test at which an item is let differ.
    names
        Names of the items.

    Returns
    -------
    ItemDifferences or Unavailable
        Unavailable with fewer than 3 items, or where the model cannot be fitted to both groups together. An
        item carries the reason where a group does not use a category that the other uses.

    Raises
    ------
    ValueError
        There are not two groups, not a name for each item, or alpha is not between 0 and 1.

    Notes
    -----
    θ is normal in each group, standard normal in the first; mean and standard deviation of the second are
    estimated with the items. The statistic is χ² = 2 (ℓ₂ - ℓ₁), of the log-likelihoods of the models in
    which the item has a curve for each group, and one for both; its degrees of freedom are the item's
    parameters.
    Equal to ``DIF(multipleGroup(x, 1, group, invariance = c(names, "free_means", "free_var")),
    which.par = c("a1", "d1", ...), scheme = "drop")`` of mirt for one item after the other; with `purify` as
    ``scheme = "drop_sequential"`` with the largest statistic first. The two differences are SIDS and UIDS.

    References
    ----------
    Thissen, D., Steinberg, L., & Wainer, H. (1993). Detection of differential item functioning using the
    parameters of item response models. In P. W. Holland & H. Wainer (Eds.), Differential item functioning
    (pp. 67-113). Erlbaum.
    Meade, A. W. (2010). A taxonomy of effect size measures for the differential functioning of items and
    scales. Journal of Applied Psychology, 95, 728-743.

    Examples
    --------
    >>> from analysis.simulation import simulate
    >>> cuts = [[-1, 0, 1]] * 5
    >>> later = [[-1, 0, 1]] * 4 + [[-0.2, 0.8, 1.8]]
    >>> a, b = (simulate(300, [0.7] * 5, t, np.random.default_rng(i)) for i, t in enumerate((cuts, later)))
    >>> found = likelihood_ratio_dif(np.vstack([a, b]), ["a"] * 300 + ["b"] * 300)
    >>> found.differing
    ('item 5',)
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not at {alpha}")
    answers = as_matrix(X)
    split = two_groups(groups, len(answers), reference)
    rows, second = answers[split.known], split.second[split.known]
    model = graded_response(rows, names=names)
    patterns = response_patterns(rows, names=names)
    if isinstance(model, Unavailable):
        return model
    if isinstance(patterns, Unavailable):
        return patterns
    likelihood = GroupLikelihood(patterns, _weights(patterns, second))
    n = (int(likelihood.weights[0].sum()), int(likelihood.weights[1].sum()))
    if min(n) < 3:  # noqa: PLR2004 - no spread in a group
        return Unavailable(
            reason="too few rows", detail=f"{n[0]} and {n[1]} rows with an answer in the groups"
        )

    @cache
    def fitted(separate: frozenset[int]) -> GroupMaximum | Unavailable:
        return likelihood.maximise(sorted(separate), model.slopes, model.intercepts)

    refused = _unused(likelihood)
    differing = _differing(fitted, refused, patterns.k, alpha if purify else None)
    whole = fitted(differing)
    if isinstance(whole, Unavailable):
        return whole
    items = [
        refused[j] if j in refused else _tested(fitted, differing, j, patterns) for j in range(patterns.k)
    ]
    corrected = holm([float(one[0].p) if isinstance(one, tuple) else np.nan for one in items])
    return ItemDifferences(
        items=tuple(
            _item(name, one, float(p)) for name, one, p in zip(patterns.names, items, corrected, strict=True)
        ),
        groups=split.labels,
        n=n,
        differing=tuple(patterns.names[j] for j in sorted(differing)),
        mean=float(whole.means[1]),
        sd=float(whole.sds[1]),
    )


def _weights(patterns: ResponsePatterns, second: NDArray[np.bool_]) -> Matrix:
    """Return how many people of each group gave each pattern, 2 x patterns."""
    given = patterns.pattern_of >= 0
    size = len(patterns.codes)
    return np.array(
        [
            np.bincount(patterns.pattern_of[given & (second == of)], minlength=size).astype(np.float64)
            for of in (False, True)
        ]
    )


def _unused(likelihood: GroupLikelihood) -> dict[int, Unavailable]:
    """Return the items of which a group does not use every category, so that a threshold has no estimate."""
    found: dict[int, Unavailable] = {}
    for j, size in enumerate(likelihood.patterns.sizes):
        column = likelihood.patterns.codes[:, j]
        for weight in likelihood.weights:
            used = np.bincount(column[column >= 0], weights=weight[column >= 0], minlength=int(size))
            if not used.all():
                category = likelihood.patterns.categories[j][int(used.argmin())]
                found[j] = Unavailable(
                    reason="not defined",
                    detail=f"a group never answers {category:g}; put categories together",
                )
                break
    return found


def _differing(
    fitted: _Fitted, refused: dict[int, Unavailable], k: int, alpha: float | None
) -> frozenset[int]:
    """Return the items whose curves differ; the one that differs most is let differ first."""
    differing: frozenset[int] = frozenset()
    while alpha is not None and len(differing) < k - FEWEST_ANCHORS:
        tests = {j: _ratio(fitted, differing, j) for j in range(k) if j not in differing and j not in refused}
        known = {j: test for j, test in tests.items() if not isinstance(test, Unavailable)}
        worst = max(known, key=lambda j: known[j].statistic, default=None)
        if worst is None or known[worst].p >= alpha:
            break
        differing |= {worst}
    return differing


def _ratio(fitted: _Fitted, differing: frozenset[int], item: int) -> SignificanceTest | Unavailable:
    """Test an item beside the others that differ."""
    same, apart = fitted(differing - {item}), fitted(differing | {item})
    if isinstance(same, Unavailable):
        return same
    if isinstance(apart, Unavailable):
        return apart
    statistic = max(2 * (apart.log_likelihood - same.log_likelihood), 0.0)
    df = apart.parameters - same.parameters
    return SignificanceTest(statistic=statistic, df=df, p=Probability(float(chi2.sf(statistic, df))))


def _tested(
    fitted: _Fitted, differing: frozenset[int], item: int, patterns: ResponsePatterns
) -> tuple[SignificanceTest, float, float] | Unavailable:
    """Return the test of an item, and by how much its expected answers differ."""
    test, apart = _ratio(fitted, differing, item), fitted(differing | {item})
    if isinstance(test, Unavailable):
        return test
    if isinstance(apart, Unavailable):
        return apart
    points, weight = normal_points()
    theta = apart.means[1] + apart.sds[1] * points
    values = np.array(patterns.categories[item])
    expected = []
    for slopes, intercepts in zip(apart.slopes, apart.intercepts, strict=True):
        curves = category_curves("cumulative", slopes[[item]], intercepts[[item], : len(values) - 1], theta)
        expected.append(values @ curves.probability[0])
    gap = expected[1] - expected[0]
    return test, float(weight @ gap), float(weight @ np.abs(gap))


def _item(name: str, found: tuple[SignificanceTest, float, float] | Unavailable, p: float) -> ItemDifference:
    if isinstance(found, Unavailable):
        return ItemDifference(
            name=name, test=found, p_holm=found, difference=found, absolute_difference=found
        )
    test, signed, absolute = found
    return ItemDifference(
        name=name, test=test, p_holm=Probability(p), difference=signed, absolute_difference=absolute
    )
