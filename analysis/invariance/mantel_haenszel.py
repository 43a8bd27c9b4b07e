"""Answers of two groups compared within levels of a score: the Mantel-Haenszel family."""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtri

from analysis.estimate import Estimate, Matrix, Probability, Unavailable
from analysis.inference.significance import SignificanceTest


@dataclass(frozen=True, kw_only=True, slots=True)
class MantelHaenszel:
    """Two groups' answers to one item within strata of the matching score.

    `generalised` tests for any difference between the groups, `mantel` for one of the mean only. `difference`
    is the mean difference (second group minus first) standardised to the strata of the second group, in
    points of the answer; `odds_ratio` that of a higher answer in the second group, of two categories alone.
    """

    generalised: SignificanceTest | Unavailable
    mantel: SignificanceTest | Unavailable
    difference: Estimate | Unavailable
    odds_ratio: Estimate | Unavailable
    strata: int


def mantel_haenszel(
    answers: ArrayLike, matching: ArrayLike, second: ArrayLike, *, level: float = 0.95
) -> MantelHaenszel | Unavailable:
    """Compare two groups' answers to an item within each value of a matching score.

    Parameters
    ----------
    answers, matching
        n answers and matching scores, none missing; each value of the score is a stratum.
    second
        n flags: True for people of the second (focal) group.
    level
        Level of the intervals.

    Returns
    -------
    MantelHaenszel or Unavailable
        Unavailable where no stratum holds people of both groups, or where all gave the same answer.

    Notes
    -----
    Strata with people of one group alone are left out. With the margins of each stratum fixed, the sum of
    the second group's answers has a hypergeometric mean and variance: Mantel's (1963) chi-square compares
    the sum over strata with them (1 degree of freedom), the generalised one the vector of counts (c - 1
    degrees). The standardised difference is Σ_k w_k (mean_2k - mean_1k), w_k the stratum's share of the
    second group, its variance Σ_k w_k² (1/n_1k + 1/n_2k)² var_k (Zwick & Thayer 1996). For two categories
    the common odds ratio is Mantel and Haenszel's, its interval by Robins, Breslow and Greenland. Without
    continuity correction: equals ``mantelhaen.test(table(answers, second, matching), correct = FALSE)``.

    References
    ----------
    Mantel, N. (1963). Chi-square tests with one degree of freedom. Journal of the American Statistical
    Association, 58, 690-700.
    Zwick, R., Donoghue, J. R., & Grima, A. (1993). Assessment of differential item functioning for
    performance tasks. Journal of Educational Measurement, 30, 233-251.
    Zwick, R., & Thayer, D. T. (1996). Evaluating the magnitude of differential item functioning in
    polytomous items. Journal of Educational and Behavioral Statistics, 21, 187-201.

    Examples
    --------
    >>> answers, score = [1, 2, 3, 2, 3, 3, 1, 2, 2, 3], [4, 4, 4, 5, 5, 5, 4, 4, 5, 5]
    >>> found = mantel_haenszel(answers, score, [False, True] * 5)
    >>> print(found.difference)
    0.233  95% interval -0.606 to 1.073  (n = 10, k = 1; standardised mean difference, 2 strata)
    """
    values, codes = np.unique(np.asarray(answers, dtype=np.float64), return_inverse=True)
    group = np.asarray(second, dtype=bool)
    if len(values) < 2:  # noqa: PLR2004 - all alike
        return Unavailable(reason="no variance", detail="everyone gave the same answer")
    tables = _tables(np.asarray(matching, dtype=np.float64), codes.ravel(), group, len(values))
    if not len(tables):
        return Unavailable(reason="not defined", detail="no score is shared by people of both groups")
    n = int(tables.sum())
    return MantelHaenszel(
        generalised=_generalised(tables),
        mantel=_mantel(tables, values),
        difference=_difference(tables, values, level),
        odds_ratio=_odds_ratio(tables, n, level)
        if len(values) == 2  # noqa: PLR2004 - a ratio of two odds
        else Unavailable(reason="not defined", detail="there are more than two categories"),
        strata=len(tables),
    )


def _tables(matching: Matrix, codes: NDArray[np.intp], second: NDArray[np.bool_], c: int) -> Matrix:
    """Return counts, strata x 2 groups x c categories, of the strata that hold both groups."""
    levels, stratum = np.unique(matching, return_inverse=True)
    cell = (stratum.ravel() * 2 + second) * c + codes
    counts = np.bincount(cell, minlength=len(levels) * 2 * c).reshape(-1, 2, c).astype(np.float64)
    both: Matrix = counts[(counts.sum(axis=2) > 0).all(axis=1)]
    return both


def _spread(tables: Matrix) -> tuple[Matrix, Matrix]:
    """Return, in each stratum, the factor of the variance of the second group's sums, and N."""
    sizes = tables.sum(axis=2)
    total = sizes.sum(axis=1)
    return sizes.prod(axis=1) / (total**2 * (total - 1)), total


def _moments(tables: Matrix, values: Matrix) -> tuple[Matrix, Matrix]:
    """Return by stratum the second group's sum less its expectation, and its variance."""
    factor, total = _spread(tables)
    margin = tables.sum(axis=1)
    first, square = margin @ values, margin @ values**2
    apart = tables[:, 1] @ values - tables[:, 1].sum(axis=1) * first / total
    return apart, factor * (total * square - first**2)


def _mantel(tables: Matrix, values: Matrix) -> SignificanceTest | Unavailable:
    apart, variance = _moments(tables, values - values.mean())
    if variance.sum() <= 0:
        return Unavailable(reason="no variance", detail="within each score all gave the same answer")
    statistic = float(apart.sum() ** 2 / variance.sum())
    return SignificanceTest(statistic=statistic, df=1.0, p=Probability(chdtrc(1, statistic)))


def _generalised(tables: Matrix) -> SignificanceTest | Unavailable:
    kept = tables[:, :, tables.sum(axis=(0, 1)) > 0]
    factor, total = _spread(kept)
    margin = kept.sum(axis=1)
    apart = (kept[:, 1] - kept[:, 1].sum(axis=1)[:, np.newaxis] * margin / total[:, np.newaxis]).sum(axis=0)
    covariance = np.diag((factor * total) @ margin) - np.einsum("s,sa,sb->ab", factor, margin, margin)
    df = kept.shape[2] - 1
    reduced = covariance[:df, :df]
    if df == 0 or np.linalg.matrix_rank(reduced) < df:
        return Unavailable(reason="singular matrix", detail="a category is never chosen beside another")
    statistic = float(apart[:df] @ np.linalg.solve(reduced, apart[:df]))
    return SignificanceTest(statistic=statistic, df=float(df), p=Probability(chdtrc(df, statistic)))


def _difference(tables: Matrix, values: Matrix, level: float) -> Estimate:
    _, variance = _moments(tables, values - values.mean())
    sizes = tables.sum(axis=2)
    means = tables @ values / sizes
    weight = sizes[:, 1] / sizes[:, 1].sum()
    value = float(weight @ (means[:, 1] - means[:, 0]))
    error = sqrt(float(weight**2 @ ((1 / sizes).sum(axis=1) ** 2 * variance)))
    width = float(ndtri((1 + level) / 2)) * error
    return Estimate(
        value=value,
        low=value - width,
        high=value + width,
        level=level,
        n=int(tables.sum()),
        k=1,
        method=f"standardised mean difference, {len(tables)} strata",
    )


def _odds_ratio(tables: Matrix, n: int, level: float) -> Estimate | Unavailable:
    total = tables.sum(axis=(1, 2))
    for_, against = tables[:, 1, 1] * tables[:, 0, 0] / total, tables[:, 1, 0] * tables[:, 0, 1] / total
    R, S = for_.sum(), against.sum()
    if R == 0 or S == 0:
        return Unavailable(reason="not defined", detail="the odds ratio is nought or infinite")
    P = (tables[:, 1, 1] + tables[:, 0, 0]) / total
    Q = 1 - P
    variance = (P @ for_) / (2 * R**2) + (P @ against + Q @ for_) / (2 * R * S) + (Q @ against) / (2 * S**2)
    value, width = float(R / S), float(ndtri((1 + level) / 2)) * sqrt(variance)
    return Estimate(
        value=value,
        low=exp(log(value) - width),
        high=exp(log(value) + width),
        level=level,
        n=n,
        k=1,
        method="Mantel-Haenszel common odds ratio",
    )
