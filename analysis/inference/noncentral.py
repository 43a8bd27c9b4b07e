"""Limits of a noncentrality parameter, at which the observed statistic is at a given tail probability."""

from collections.abc import Callable
from math import isnan

from scipy.optimize import brentq
from scipy.special import chdtr, chndtr, fdtr, ncfdtr, nctdtr

Interval = tuple[float, float]
_ERROR = 1e-12


def noncentral_t_limits(t: float, df: float, level: float = 0.95) -> Interval:
    """Return the limits of the noncentrality of Student's t.

    Equals ``MBESS::conf.limits.nct(t, df, level)``.

    Examples
    --------
    >>> [round(limit, 4) for limit in noncentral_t_limits(2.5, 40)]
    [0.4509, 4.5201]
    """

    def below(ncp: float) -> float:
        probability = float(nctdtr(df, ncp, t))
        # Not a number where it is less than 1e-16 from nought or one.
        return float(ncp < t) if isnan(probability) else probability

    low, high = (_root(below, tail, t - 5.0, t + 5.0) for tail in ((1 + level) / 2, (1 - level) / 2))
    return low, high


def noncentral_f_limits(F: float, df1: float, df2: float, level: float = 0.95) -> Interval:
    """Return the limits of the noncentrality of F, 0 where a limit does not exist.

    Equals ``MBESS::conf.limits.ncf(F, level, df1, df2)``.

    Examples
    --------
    >>> [round(limit, 4) for limit in noncentral_f_limits(4.0, 3, 297)]
    [0.8883, 27.0991]
    """
    return _limits(lambda ncp: float(ncfdtr(df1, df2, ncp, F)), float(fdtr(df1, df2, F)), df1 * F, level)


def noncentral_chi_square_limits(statistic: float, df: float, level: float = 0.95) -> Interval:
    """Return the limits of the noncentrality of chi-square, 0 where a limit does not exist.

    Equals ``MBESS::conf.limits.nc.chisq(statistic, level, df)``.

    Examples
    --------
    >>> [round(limit, 4) for limit in noncentral_chi_square_limits(10.0, 2)]
    [0.8261, 24.9611]
    """
    return _limits(
        lambda ncp: float(chndtr(statistic, df, ncp)), float(chdtr(df, statistic)), statistic, level
    )


def _limits(cdf: Callable[[float], float], central: float, start: float, level: float) -> Interval:
    """Return both limits, 0 where even `central`, the probability at a noncentrality of 0, is too small."""

    def below(ncp: float) -> float:
        return cdf(ncp) if ncp > 0 else central

    low, high = (
        0.0 if central <= tail else _root(below, tail, 0.0, start + 10.0)
        for tail in ((1 + level) / 2, (1 - level) / 2)
    )
    return low, high


def _root(falling: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Return where a falling function has a value, beyond the bracket if need be."""
    step = max(high - low, 1.0)
    while falling(low) < value:
        low, step = low - step, 2 * step
    while falling(high) > value:
        high, step = high + step, 2 * step
    return float(brentq(lambda at: falling(at) - value, low, high, xtol=_ERROR, rtol=_ERROR))
