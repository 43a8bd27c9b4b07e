"""Cronbach's alpha, and statistics of each item within its scale."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis.counts.joint import JointCounts
from analysis.estimate import Estimate, Listing, Matrix, Missing, Unavailable
from analysis.inference import bootstrap
from analysis.inference.intervals import OF_ALPHA, Coefficient, bootstrapped, check, with_limits
from analysis.moments import Moments, moments

NOTHING: Final = 1e-12  # a variance below this share of the items' variances is rounding error
INDEFINITE: Final = Unavailable(
    reason="not defined", detail="these pairwise covariances are not those of any table of answers"
)
Data = ArrayLike | JointCounts | Moments


def cronbach_alpha(
    X: Data,
    *,
    missing: Missing = "complete",
    interval: Literal["feldt", "bonett", "normal", "adf", "percentile", "bca"] = "feldt",
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
) -> Estimate | Unavailable:
    """Estimate Cronbach's coefficient alpha of the sum of the items.

    Parameters
    ----------
    X : n x k array with NaN for missing, or JointCounts, or Moments
        Items must already be keyed: nothing is reversed here.
    missing : "complete" rows, or "pairwise" covariances with the number of all rows in the interval
        JointCounts with missing answers are always taken pairwise.
    interval : "feldt" (exact for parallel normal items), "bonett", "normal" (van Zyl, Neudecker & Nel; the
        same as Duhachek & Iacobucci), "adf" (Maydeu-Olivares et al.), or a bootstrap "percentile" or "bca"
        The last three need complete rows.
    level : confidence level
    resamples, rng : for the bootstrap; by default a generator with a fixed seed

    Returns
    -------
    Estimate, or Unavailable with fewer than two items, fewer than three rows, or a total without variance.
    Negative values are not changed. A constant item counts in k, as in the formula.

    Notes
    -----
    k/(k - 1) (1 - tr C / 1'C1) with C the covariance matrix. Equals ``psych::alpha(x, use = ...)``,
    ``$total$raw_alpha`` and ``$feldt``, where no item is constant; psych drops constant items.

    References
    ----------
    Cronbach (1951). Feldt, Woodruff & Salih (1987). Bonett (2002). Maydeu-Olivares, Coffman & Hartmann
    (2007).

    Examples
    --------
    >>> print(cronbach_alpha([[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5], [5, 3, 4]]))
    0.876  95% interval 0.373 to 0.986  (n = 5, k = 3; Cronbach's alpha, complete rows, feldt interval)
    """
    check(interval, OF_ALPHA, level)
    found = moments(X, missing=missing)
    alpha = found if isinstance(found, Unavailable) else alpha_coefficient(found)
    if isinstance(alpha, Unavailable):
        return alpha
    if interval in OF_ALPHA:
        return with_limits(alpha, interval, level, OF_ALPHA[interval](alpha, level))
    rows, weights = bootstrap.resampled(alpha.needed_rows(), resamples, rng)
    traces, totals = bootstrap.resampled_variances(rows, weights)
    return bootstrapped(alpha, interval, level, alpha_replicates(alpha.k, traces, totals))


def alpha_coefficient(found: Moments) -> Coefficient | Unavailable:
    """Return alpha with its gradient."""
    value = alpha_of(found.covariance)
    if value is None:
        return Unavailable(reason="no variance")
    if value > 1 + NOTHING:
        return INDEFINITE
    C, k = found.covariance, found.k
    total, trace = C.sum(), np.trace(C)
    return Coefficient(
        value=value,
        gradient=k / (k - 1) * (trace / total**2 - np.eye(k) / total),
        covariance=C,
        n=found.n,
        rows=found.rows,
        method=f"Cronbach's alpha, {found.rule}",
    )


def alpha_replicates(k: int, traces: Matrix, totals: Matrix) -> Matrix:
    """Return alpha of each resample, NaN where its total has no variance (see `alpha_of`)."""
    ratios = np.full(len(totals), np.nan)
    np.divide(traces, totals, out=ratios, where=totals > NOTHING * k * traces)
    replicates: Matrix = k / (k - 1) * (1 - ratios)
    return replicates


def standardised_alpha(X: Data, *, missing: Missing = "complete") -> Estimate | Unavailable:
    """Estimate alpha of the sum of the standardised items.

    Parameters
    ----------
    X, missing : as for `cronbach_alpha`; pairwise correlations are pairwise covariances over the items' own
        standard deviations

    Returns
    -------
    Estimate without an interval, or Unavailable as for `cronbach_alpha` and where an item is constant.

    Notes
    -----
    kr / (1 + (k - 1)r) with r the mean correlation of the items. Equals ``psych::alpha(x)$total$std.alpha``
    (psych 2.2.9; later versions average pairwise correlations).

    References
    ----------
    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika, 16, 297-334.
    """
    found = moments(X, missing=missing)
    if isinstance(found, Unavailable):
        return found
    if found.constant.any():
        return Unavailable(reason="constant item", detail=found.name(int(np.argmax(found.constant))))
    value = alpha_of(found.correlation)
    if value is None:
        return Unavailable(reason="no variance")
    if value > 1 + NOTHING:
        return INDEFINITE
    return Estimate(value=value, n=found.n, k=found.k, method=f"standardised alpha, {found.rule}")


def alpha_of(C: Matrix) -> float | None:
    """Return alpha of a covariance (or correlation) matrix, None where the total has no variance."""
    k, total, trace = len(C), float(C.sum()), float(np.trace(C))
    if total <= NOTHING * k * trace:
        return None
    return k / (k - 1) * (1 - trace / total)


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemStatistics:
    """One item beside the rest of its scale."""

    n: int
    mean: float
    sd: float
    item_rest: float | Unavailable
    alpha_if_dropped: float | Unavailable


def item_statistics(X: Data, *, missing: Missing = "complete") -> Listing[ItemStatistics] | Unavailable:
    """Describe each item: mean, standard deviation, correlation with the rest, alpha without it.

    Parameters
    ----------
    X, missing : as for `cronbach_alpha`

    Returns
    -------
    A tuple with ItemStatistics for each item, which prints as a table, or Unavailable for all as for
    `cronbach_alpha`; a single figure is Unavailable where an item or the rest does not vary, or where there
    are only two items.

    Notes
    -----
    With C the covariances and s_j the sum of the other items: item_rest = cov(x_j, s_j) / (sd(x_j) sd(s_j));
    alpha_if_dropped is `cronbach_alpha` of C without row and column j. Equals ``psych::alpha(x)``:
    ``item.stats`` (mean, sd, r.drop) and ``alpha.drop`` (raw_alpha).

    References
    ----------
    Henrysson, S. (1963). Correction of item-total correlations in item analysis. Psychometrika, 28, 211-218.
    """
    found = moments(X, missing=missing)
    if isinstance(found, Unavailable):
        return found
    C, k = found.covariance, found.k
    variances, with_all = np.diagonal(C), C.sum(axis=0)
    rest = C.sum() - 2 * with_all + variances
    dropped_trace = variances.sum() - variances
    described = []
    for j in range(k):
        varies = rest[j] > NOTHING * k * dropped_trace[j]
        item_rest: float | Unavailable = Unavailable(reason="no variance", detail="of the other items' sum")
        without: float | Unavailable = item_rest
        if varies:
            without = _TWO_ITEMS
            if k > 2:  # noqa: PLR2004 - alpha of what is left needs two
                without = _at_most_one((k - 1) / (k - 2) * (1 - dropped_trace[j] / rest[j]))
        if found.constant[j]:
            item_rest = Unavailable(reason="constant item")
        elif varies:
            r = (with_all[j] - variances[j]) / np.sqrt(variances[j] * rest[j])
            item_rest = float(r) if abs(r) <= 1 + NOTHING else INDEFINITE
        described.append(
            ItemStatistics(
                n=int(found.answered[j]),
                mean=float(found.means[j]),
                sd=float(np.sqrt(variances[j])),
                item_rest=item_rest,
                alpha_if_dropped=without,
            )
        )
    return Listing(described)


def against_the_rest(C: Matrix) -> list[int]:
    """Return the items to reverse so that none correlates negatively with the sum of the others.

    Parameters
    ----------
    C : k x k covariances of the items

    Returns
    -------
    Places of the items, at most half of them. The item whose correlation with the rest is the most negative
    is turned, again and again, until no correlation with the rest is negative.

    Examples
    --------
    >>> against_the_rest(np.array([[1, -0.5, 0.5], [-0.5, 1, -0.5], [0.5, -0.5, 1]]))
    [1]
    """
    spread = np.sqrt(np.diagonal(C))
    R = np.divide(C, np.outer(spread, spread), out=np.zeros_like(C, dtype=np.float64), where=C != 0)
    np.fill_diagonal(R, 0)
    signs = np.ones(len(R))
    for _ in range(len(R)):  # each turn makes the sum of all correlations larger
        rest = signs * (R @ signs)
        if rest.min() >= -NOTHING:
            break
        signs[np.argmin(rest)] *= -1
    fewer = -1 if 2 * (signs < 0).sum() <= len(R) else 1
    return [int(place) for place in np.flatnonzero(signs == fewer)]


def _at_most_one(alpha: float) -> float | Unavailable:
    return float(alpha) if alpha <= 1 + NOTHING else INDEFINITE


_TWO_ITEMS = Unavailable(reason="too few items", detail="one item would remain")
