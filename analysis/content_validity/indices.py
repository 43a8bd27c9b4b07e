"""Indices of content validity from the votes of a panel: I-CVI, modified kappa, CVR, S-CVI."""

from dataclasses import dataclass
from math import comb, sqrt
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtrc, stdtrit

from analysis.estimate import Estimate, Matrix, Unavailable, as_matrix
from analysis.inference.intervals import wilson

FEWEST_RATERS: Final = 3
MANY, SEVERAL = 9, 6
LEAST_SHARE: Final = ((MANY, 0.78), (SEVERAL, 0.83), (FEWEST_RATERS, 1.0))
"""From how many raters, and the least I-CVI that is asked for: Lynn (1986), Polit and Beck (2006)."""
LEAST_AVERAGE: Final = 0.90
LEAST_SORTED: Final = 0.75


def item_content_validity(relevant: int, raters: int, *, level: float = 0.95) -> Estimate | Unavailable:
    """Return the item-level content validity index (I-CVI): the share of raters who call an item relevant.

    Parameters
    ----------
    relevant : raters who gave 3 or 4 of 4
    raters : all who rated the item
    level : confidence level of Wilson's interval

    Returns
    -------
    Estimate or Unavailable
        Unavailable with fewer than three raters, since no index is asked of so few.

    Raises
    ------
    ValueError
        There are more votes than raters, or fewer than none.

    Notes
    -----
    I-CVI = A / N. The interval is Wilson's, of a share of few votes; in R
    ``binom::binom.confint(A, N, methods = "wilson")`` or ``prop.test(A, N, correct = FALSE)``. It speaks of
    the panels that could have been asked, not of the people who will answer.

    References
    ----------
    Lynn, M. R. (1986). Determination and quantification of content validity. Nursing Research, 35, 382-385.

    Examples
    --------
    >>> print(item_content_validity(9, 10))
    0.900  95% interval 0.596 to 0.982  (n = 10, k = 1; share of raters)
    """
    _check(relevant, raters)
    if raters < FEWEST_RATERS:
        return _too_few(raters)
    low, high = wilson(relevant, raters, level)
    return Estimate(
        value=relevant / raters, low=low, high=high, level=level, n=raters, k=1, method="share of raters"
    )


def modified_kappa(relevant: int, raters: int) -> Estimate | Unavailable:
    """Return modified kappa: the I-CVI beyond what raters who vote by chance would agree on.

    Parameters
    ----------
    relevant : raters who gave 3 or 4 of 4
    raters : all who rated the item

    Returns
    -------
    Estimate or Unavailable
        Without an interval, since chance agreement depends on the votes themselves and none is known.

    Raises
    ------
    ValueError
        There are more votes than raters, or fewer than none.

    Notes
    -----
    κ* = (I-CVI - pc) / (1 - pc), with pc = N! / (A! (N - A)!) / 2^N: the chance that exactly A of N raters
    call an item relevant by tossing a coin. R has no function for it: ``dbinom(A, N, 0.5)`` gives pc.

    References
    ----------
    Polit, D. F., Beck, C. T., & Owen, S. V. (2007). Is the CVI an acceptable indicator of content validity?
    Appraisal and recommendations. Research in Nursing & Health, 30, 459-467.

    Examples
    --------
    >>> round(modified_kappa(9, 10).value, 3)
    0.899
    """
    _check(relevant, raters)
    if raters < FEWEST_RATERS:
        return _too_few(raters)
    by_chance = comb(raters, relevant) / 2**raters
    value = (relevant / raters - by_chance) / (1 - by_chance)
    return Estimate(value=value, n=raters, k=1, method="agreement beyond chance of A of N")


def content_validity_ratio(essential: int, raters: int, *, level: float = 0.95) -> Estimate | Unavailable:
    """Return the content validity ratio (CVR) of votes that an item is essential.

    Parameters
    ----------
    essential : raters who call the item essential
    raters : all who voted: essential, useful or not needed
    level : confidence level of the interval

    Returns
    -------
    Estimate or Unavailable
        Unavailable with fewer than three raters.

    Raises
    ------
    ValueError
        There are more votes than raters, or fewer than none.

    Notes
    -----
    CVR = (n_e - N/2) / (N/2) = 2 n_e / N - 1. The interval is Wilson's of n_e / N, put on this range. What
    the ratio must reach is `critical_votes`, exactly; Lawshe's printed table (0.62 for ten raters) is not
    used, since it lies below significance. R has no function for it: ``2 * n_e / N - 1``.

    References
    ----------
    Lawshe, C. H. (1975). A quantitative approach to content validity. Personnel Psychology, 28, 563-575.

    Ayre, C., & Scally, A. J. (2014). Critical values for Lawshe's content validity ratio. Measurement and
    Evaluation in Counseling and Development, 47, 79-86.

    Examples
    --------
    >>> content_validity_ratio(9, 10).value
    0.8
    """
    _check(essential, raters)
    if raters < FEWEST_RATERS:
        return _too_few(raters)
    low, high = (2 * end - 1 for end in wilson(essential, raters, level))
    value = (2 * essential - raters) / raters
    return Estimate(value=value, low=low, high=high, level=level, n=raters, k=1, method="2 n_e / N - 1")


def critical_votes(raters: int, *, alpha: float = 0.05) -> int | Unavailable:
    """Return the fewest votes "essential" that chance alone would seldom reach.

    Parameters
    ----------
    raters : all who voted
    alpha : the largest one-sided chance of so many votes or more

    Returns
    -------
    int or Unavailable
        Unavailable where even all votes could be chance: with fewer than five raters at 0.05.

    Notes
    -----
    The smallest n_e with P(X ≥ n_e) ≤ α for X binomial of N and 1/2: ``qbinom(0.05, N, 0.5, lower.tail =
    FALSE) + 1`` in R. Exact, without a table.

    References
    ----------
    Ayre, C., & Scally, A. J. (2014). Critical values for Lawshe's content validity ratio. Measurement and
    Evaluation in Counseling and Development, 47, 79-86.

    Examples
    --------
    >>> [critical_votes(n) for n in (5, 8, 10, 15)]
    [5, 7, 9, 12]
    """
    for votes in range(raters + 1):
        if float(bdtrc(votes - 1, raters, 0.5)) <= alpha:
            return votes
    return Unavailable(reason="too few rows", detail=f"{raters} raters: all of them could agree by chance")


@dataclass(frozen=True, kw_only=True)
class ScaleContentValidity:
    """The content validity of a scale: the mean of the items' indices, and the share that all agree on."""

    average: Estimate | Unavailable
    universal: Estimate | Unavailable


def scale_content_validity(relevant: ArrayLike, *, level: float = 0.95) -> ScaleContentValidity:
    """Return S-CVI/Ave and S-CVI/UA of the items of a scale.

    Parameters
    ----------
    relevant : raters x items array of 1 (relevant) and 0, NaN where a rater did not rate an item
    level : confidence level of the interval of the average

    Returns
    -------
    ScaleContentValidity

    Notes
    -----
    S-CVI/Ave = Σ I-CVI_i / k; S-CVI/UA = (items that every rater calls relevant) / k. The interval of the
    average is Student's over the raters' own shares, cut at 0 and 1: raters are what was drawn, items were
    not, so that S-CVI/UA, whose value falls with every rater who is added, has none. R has no function:
    ``mean(colMeans(x, na.rm = TRUE))`` and ``mean(colMeans(x, na.rm = TRUE) == 1)``.

    References
    ----------
    Polit, D. F., & Beck, C. T. (2006). The content validity index: Are you sure you know what's being
    reported? Research in Nursing & Health, 29, 489-497.

    Examples
    --------
    >>> found = scale_content_validity([[1, 1], [1, 0], [1, 1], [1, 1]])
    >>> (found.average.value, found.universal.value)
    (0.875, 0.5)
    """
    votes = as_matrix(relevant)
    raters, k = votes.shape
    if k == 0:
        why = Unavailable(reason="too few items", detail="0 of at least 1")
        return ScaleContentValidity(average=why, universal=why)
    rated = (~np.isnan(votes)).sum(axis=0)
    if rated.min() < FEWEST_RATERS:
        return ScaleContentValidity(average=_too_few(int(rated.min())), universal=_too_few(int(rated.min())))
    shares = np.nansum(votes, axis=0) / rated
    average = _average(votes, float(shares.mean()), raters, level)
    universal = Estimate(
        value=float((np.nansum(votes, axis=0) == rated).mean()),
        n=raters,
        k=k,
        method="share of items that every rater calls relevant",
    )
    return ScaleContentValidity(average=average, universal=universal)


def asked_share(raters: int) -> float | Unavailable:
    """Return the least I-CVI that is asked for with so many raters.

    Examples
    --------
    >>> [asked_share(n) for n in (4, 7, 12)]
    [1.0, 0.83, 0.78]
    """
    return next((least for fewest, least in LEAST_SHARE if raters >= fewest), _too_few(raters))


def reaches(share: float, least: float) -> bool:
    """Tell whether a share reaches a bound that was published with two digits: 7 of 9 reaches 0.78."""
    return round(share, 2) >= least


def _average(votes: Matrix, value: float, raters: int, level: float) -> Estimate:
    k = votes.shape[1]
    method = "mean of the items' indices; interval over raters"
    own = np.array([row[~np.isnan(row)].mean() for row in votes if not np.isnan(row).all()])
    spread = float(own.std(ddof=1))
    if spread == 0:
        why = Unavailable(reason="no interval", detail="every rater has the same share")
        return Estimate(value=value, n=raters, k=k, method=method, no_interval=why)
    width = float(stdtrit(len(own) - 1, (1 + level) / 2)) * spread / sqrt(len(own))
    low, high = max(value - width, 0.0), min(value + width, 1.0)
    return Estimate(value=value, low=low, high=high, level=level, n=raters, k=k, method=method)


def _check(votes: int, raters: int) -> None:
    if not 0 <= votes <= raters:
        raise ValueError(f"{votes} votes of {raters} raters: give a number from 0 to the number of raters")


def _too_few(raters: int) -> Unavailable:
    return Unavailable(reason="too few rows", detail=f"{raters} raters of at least {FEWEST_RATERS}")
