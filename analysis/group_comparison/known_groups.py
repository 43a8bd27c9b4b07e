"""Scores of groups that ought to differ: by how much they do, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp, lgamma, log, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, stdtr, stdtrit

from analysis.descriptive.groups import group_labels, sorted_labels
from analysis.estimate import (
    Estimate,
    Matrix,
    PrintedTable,
    Probability,
    TableParts,
    Unavailable,
    as_array,
    table,
)
from analysis.group_comparison.omnibus import kruskal_wallis, welch
from analysis.group_comparison.ties import tied
from analysis.inference.noncentral import noncentral_f_limits, noncentral_t_limits
from analysis.inference.significance import SignificanceTest, holm

_HEADERS: Final = ("first", "second", "difference", "low", "high", "p (Holm)", "d", "g", "Cliff's delta")


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupSummary:
    """One group's scores."""

    label: str
    n: int
    mean: float
    sd: float


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupDifference:
    """Two groups, first less second; `p_holm` is Welch's p corrected for the number of pairs."""

    first: str
    second: str
    difference: Estimate
    welch: SignificanceTest | Unavailable
    p_holm: Probability
    cohens_d: Estimate | Unavailable
    hedges_g: Estimate | Unavailable
    cliffs_delta: Estimate


@dataclass(frozen=True, kw_only=True)
class KnownGroups(PrintedTable):
    """All groups at once, and every two of them."""

    groups: tuple[GroupSummary, ...]
    pairs: tuple[GroupDifference, ...]
    anova: SignificanceTest
    welch: SignificanceTest | Unavailable
    kruskal_wallis: SignificanceTest
    eta_squared: Estimate
    omega_squared: Estimate
    rank_epsilon_squared: float

    def _rows(self) -> list[tuple[object, ...]]:
        return [
            (
                pair.first,
                pair.second,
                pair.difference.value,
                pair.difference.low,
                pair.difference.high,
                pair.p_holm,
                *(None if isinstance(d, Unavailable) else d.value for d in (pair.cohens_d, pair.hedges_g)),
                pair.cliffs_delta.value,
            )
            for pair in self.pairs
        ]

    def __str__(self) -> str:
        return f"omega squared {self.omega_squared}\n{table(*self._table())}"

    def _table(self) -> TableParts:
        return _HEADERS, self._rows()


def known_groups(
    scores: ArrayLike,
    groups: Sequence[Any] | NDArray[Any],
    *,
    level: float = 0.95,
) -> KnownGroups | Unavailable:
    """Compare the scores of two or more groups.

    Parameters
    ----------
    scores
        n scores, NaN where there is none.
    groups
        n labels; None, NaN or an empty text where a group is not known. Groups stand in sort order.
    level
        Level of the intervals.

    Returns
    -------
    KnownGroups or Unavailable
        Unavailable where fewer than two groups have scores, a group has fewer than two, or no score differs
        from another of its group. Cliff's delta has no interval where the groups do not overlap.

    Raises
    ------
    ValueError
        `level` is not between 0 and 1, there is not a group for each score, or a score is infinite.

    Notes
    -----
    Differences are first less second: Welch's t and interval; Cohen's d by the pooled standard deviation
    (n₁ + n₂ - 2) between the noncentrality limits of its t; Hedges' g = J d with the exact
    J = Γ(ν/2) / (√(ν/2) Γ((ν - 1)/2)), its limits J times those of d; Cliff's delta, the mean sign of all
    differences, with Cliff's (1996) unbiased variance and limits by Student's t. Scores that agree to 12
    digits are tied. Over all groups η² and ω² = (SSB - df_B MSW) / (SST + MSW), which may be negative, both
    between the limits λ/(λ + N) of the noncentral F: the interval of what either estimates. Equals
    ``t.test``, ``effectsize::cohens_d``, ``oneway.test``, ``kruskal.test``.

    References
    ----------
    Cliff, N. (1996). Answering ordinal questions with ordinal data using ordinal statistics. Multivariate
    Behavioral Research, 31, 331-350.
    Hedges, L. V. (1981). Distribution theory for Glass's estimator of effect size. Journal of Educational
    Statistics, 6, 107-128.
    Steiger, J. H. (2004). Beyond the F test. Psychological Methods, 9, 164-182.

    Examples
    --------
    >>> found = known_groups([3, 4, 5, 4, 6, 7, 8, 7.5], ["no"] * 4 + ["yes"] * 4)
    >>> print(found.pairs[0].hedges_g)
    -3.249  95% interval -5.372 to -1.056  (n = 8, k = 1; Hedges' g, noncentral t limits)
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not at {level}")
    y, labels = as_array(scores).astype(np.float64), group_labels(groups)
    if y.ndim != 1 or len(y) != len(labels):
        raise ValueError(f"there are {len(labels)} groups and scores of shape {y.shape}; give one for each")
    if np.isinf(y).any():
        raise ValueError("scores must be finite numbers, or NaN where there is none")
    kept = [label is not None and not np.isnan(value) for label, value in zip(labels, y, strict=True)]
    present = [label for label, known in zip(labels, kept, strict=True) if known and label is not None]
    y = tied(y[np.array(kept, dtype=bool)])
    names = sorted_labels(present)
    samples = {name: y[np.array([label == name for label in present])] for name in names}
    if len(names) < 2:  # noqa: PLR2004 - a comparison needs two
        return Unavailable(reason="too few rows", detail=f"{len(names)} group has scores")
    small = [name for name in names if len(samples[name]) < 2]  # noqa: PLR2004 - no spread
    if small:
        return Unavailable(reason="too few rows", detail=f"one score in the group {small[0]}")
    if all(np.ptp(sample) == 0 for sample in samples.values()):
        return Unavailable(reason="no variance", detail="within each group all scores are equal")
    return _compared(y, present, samples, level)


def _compared(y: Matrix, labels: list[str], samples: dict[str, Matrix], level: float) -> KnownGroups:
    found = [_pair(a, b, samples[a], samples[b], level) for a, b in combinations(samples, 2)]
    corrected = holm([float("nan") if isinstance(test, Unavailable) else float(test.p) for _, test in found])
    pairs = tuple(
        GroupDifference(welch=test, p_holm=Probability(p), **parts)
        for (parts, test), p in zip(found, corrected, strict=True)
    )
    ranks = kruskal_wallis(y, labels)
    n, within = len(y), float(sum(((s - s.mean()) ** 2).sum() for s in samples.values()))
    total = float(((y - y.mean()) ** 2).sum())
    df1, df2 = len(samples) - 1, n - len(samples)
    mean_square = within / df2
    F = (total - within) / df1 / mean_square
    low, high = (limit / (limit + n) for limit in noncentral_f_limits(F, df1, df2, level))

    def share(value: float, name: str) -> Estimate:
        method = f"{name}, noncentral F limits"
        return Estimate(value=value, low=low, high=high, level=level, n=n, k=1, method=method)

    return KnownGroups(
        groups=tuple(
            GroupSummary(label=name, n=len(s), mean=float(s.mean()), sd=float(s.std(ddof=1)))
            for name, s in samples.items()
        ),
        pairs=pairs,
        anova=SignificanceTest(statistic=F, df=float(df1), df2=float(df2), p=Probability(fdtrc(df1, df2, F))),
        welch=welch(y, labels),
        kruskal_wallis=ranks,
        eta_squared=share((total - within) / total, "eta squared"),
        omega_squared=share((total - within - df1 * mean_square) / (total + mean_square), "omega squared"),
        rank_epsilon_squared=ranks.statistic / (n - 1),
    )


def _pair(
    first: str, second: str, a: Matrix, b: Matrix, level: float
) -> tuple[dict[str, Any], SignificanceTest | Unavailable]:
    n1, n2 = len(a), len(b)
    one, two = float(a.var(ddof=1)) / n1, float(b.var(ddof=1)) / n2
    difference, error = float(a.mean() - b.mean()), sqrt(one + two)
    parts: dict[str, Any] = {"first": first, "second": second}
    parts["cliffs_delta"] = _cliffs_delta(a, b, level)
    if error == 0:  # other groups vary, these two do not
        no = Unavailable(reason="no variance", detail="in neither group does a score differ from another")
        parts["difference"] = Estimate(value=difference, n=n1 + n2, k=1, method="mean difference")
        return {**parts, "cohens_d": no, "hedges_g": no}, no
    df = (one + two) ** 2 / (one**2 / (n1 - 1) + two**2 / (n2 - 1))
    t = difference / error
    test = SignificanceTest(statistic=t, df=df, p=Probability(2 * stdtr(df, -abs(t))))
    half = float(stdtrit(df, (1 + level) / 2)) * error
    parts["difference"] = Estimate(
        value=difference,
        low=difference - half,
        high=difference + half,
        level=level,
        n=n1 + n2,
        k=1,
        method="mean difference, Welch",
    )
    parts["cohens_d"], parts["hedges_g"] = _standardised(a, b, level)
    return parts, test


def _standardised(a: Matrix, b: Matrix, level: float) -> tuple[Estimate, Estimate]:
    n1, n2 = len(a), len(b)
    df = n1 + n2 - 2
    pooled = sqrt((float(a.var(ddof=1)) * (n1 - 1) + float(b.var(ddof=1)) * (n2 - 1)) / df)
    d, root = float(a.mean() - b.mean()) / pooled, sqrt(n1 * n2 / (n1 + n2))
    J = exp(lgamma(df / 2) - log(sqrt(df / 2)) - lgamma((df - 1) / 2)) if df > 1 else 0.0
    low, high = (limit / root for limit in noncentral_t_limits(d * root, df, level))
    return (
        _effect(d, (low, high), level, n1 + n2, "Cohen's d, noncentral t limits"),
        _effect(J * d, (J * low, J * high), level, n1 + n2, "Hedges' g, noncentral t limits"),
    )


def _effect(value: float, limits: tuple[float, float] | None, level: float, n: int, method: str) -> Estimate:
    if limits is None:
        why = Unavailable(reason="no interval", detail="the groups do not overlap")
        return Estimate(value=value, n=n, k=1, method=method, no_interval=why)
    return Estimate(value=value, low=limits[0], high=limits[1], level=level, n=n, k=1, method=method)


def _cliffs_delta(a: Matrix, b: Matrix, level: float) -> Estimate:
    n1, n2 = len(a), len(b)
    ordered = np.sort(b), np.sort(a)
    above = _mean_signs(a, ordered[0])
    below = -_mean_signs(b, ordered[1])
    d = float(above.mean())
    ties = float((np.searchsorted(ordered[0], a, "right") - np.searchsorted(ordered[0], a, "left")).sum())
    of_first, of_second = float(((above - d) ** 2).sum()), float(((below - d) ** 2).sum())
    of_pairs = n1 * n2 - ties - n1 * n2 * d**2
    unbiased = (n2**2 * of_first + n1**2 * of_second - of_pairs) / (n1 * n2 * (n1 - 1) * (n2 - 1))
    variance = max(unbiased, (1 - d**2) / (n1 * n2 - 1))
    z = float(stdtrit(n1 + n2 - 2, (1 + level) / 2))
    below_line = 1 - d**2 + z**2 * variance
    limits = None
    if variance > 0:
        half = z * sqrt(variance) * sqrt((1 - d**2) ** 2 + z**2 * variance)
        limits = (d - d**3 - half) / below_line, (d - d**3 + half) / below_line
    return _effect(d, limits, level, n1 + n2, "Cliff's delta, unbiased variance, t limits")


def _mean_signs(scores: Matrix, others: Matrix) -> Matrix:
    """Return, for each score, the share of the others below it less that above it; `others` are sorted."""
    left, right = np.searchsorted(others, scores, "left"), np.searchsorted(others, scores, "right")
    signs: Matrix = (left + right) / len(others) - 1
    return signs
