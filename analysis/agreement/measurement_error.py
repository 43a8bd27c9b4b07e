"""Precision of repeated measurements: measurement error, limits of agreement, change."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri, nctdtrit, ndtri, stdtrit

from analysis.agreement.mean_squares import MeanSquares, check_level, mean_squares
from analysis.agreement.pairs import pair_columns
from analysis.estimate import (
    Estimate,
    Matrix,
    PrintedTable,
    TableParts,
    Unavailable,
    complete_rows,
    table,
)

_HEADERS: Final = ("figure", "value", "low", "high")


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasurementError(PrintedTable):
    """Standard error of measurement, and the smallest change that exceeds it in one person and in a group."""

    sem: Estimate
    sdc: Estimate
    sdc_group: Estimate

    def _rows(self) -> list[tuple[str, float, float | None, float | None]]:
        named = (("SEM", self.sem), ("SDC, one person", self.sdc), ("SDC, group", self.sdc_group))
        return [(name, e.value, e.low, e.high) for name, e in named]

    def __str__(self) -> str:
        return table(*self._table())

    def _table(self) -> TableParts:
        return _HEADERS, self._rows()


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitsOfAgreement(PrintedTable):
    """Mean difference of two measurements and the limits that hold most single differences."""

    bias: Estimate
    low: Estimate
    high: Estimate
    sd: float

    def _rows(self) -> list[tuple[str, float, float | None, float | None]]:
        named = (("mean difference", self.bias), ("lower limit", self.low), ("upper limit", self.high))
        return [(name, e.value, e.low, e.high) for name, e in named]

    def __str__(self) -> str:
        return table(*self._table())

    def _table(self) -> TableParts:
        return _HEADERS, self._rows()


def measurement_error(
    X: ArrayLike,
    *,
    definition: Literal["agreement", "consistency", "within"] = "agreement",
    level: float = 0.95,
) -> MeasurementError | Unavailable:
    """Return the standard error of measurement and the smallest detectable change.

    Parameters
    ----------
    X
        People by occasions, n x k; people with a missing measurement are left out.
    definition
        ``"agreement"`` counts a shift between occasions as error, ``"consistency"`` does not; ``"within"`` is
        the spread of each person's measurements, whatever the occasion.
    level
        Level of the intervals, and of the change that is called detectable.

    Returns
    -------
    MeasurementError or Unavailable
        Unavailable where fewer than 3 people or 2 occasions remain, or where nothing varies.

    Raises
    ------
    ValueError
        `definition` is none of those offered.

    Notes
    -----
    SEM² is the variance of occasions, nought where it comes out negative, plus the residual one (agreement),
    the residual mean square E (consistency; for two occasions sd(d)/√2), or the mean square within people W
    (within; for two occasions Σd²/2n). SDC = z·√2·SEM in one person and SDC/√n in a group of n. Intervals
    come from the χ² distribution of the mean square: (n - 1)(k - 1) degrees of freedom of E, n(k - 1) of W,
    those of Satterthwaite for agreement. Base R has no call for it; written out there from mean squares it
    gives the same.

    References
    ----------
    de Vet, H. C. W., Terwee, C. B., Mokkink, L. B., & Knol, D. L. (2011). Measurement in Medicine. Cambridge.

    Examples
    --------
    >>> print(measurement_error([[40, 42], [55, 50], [61, 66], [30, 29], [48, 51]]))
    figure           value    low    high
    SEM              2.757  1.652   7.922
    SDC, one person  7.641  4.578  21.958
    SDC, group       3.417  2.047   9.820
    """
    check_level(level)
    squares = mean_squares(X)
    if isinstance(squares, Unavailable):
        return squares
    n, k = squares.n, squares.k
    if definition not in _ERRORS:
        raise ValueError(f"definition must be one of {', '.join(_ERRORS)}, not {definition!r}")
    square, df = _ERRORS[definition](squares)
    ends = (None, None) if square == 0 else _root_interval(square, df, level)
    z = float(ndtri(0.5 + level / 2)) * sqrt(2)

    def estimate(factor: float, name: str) -> Estimate:
        low, high = (None if end is None else factor * end for end in ends)
        interval_level = None if low is None else level
        return Estimate(
            value=factor * sqrt(square),
            low=low,
            high=high,
            level=interval_level,
            n=n,
            k=k,
            method=f"{name}, {definition}, complete rows",
        )

    return MeasurementError(
        sem=estimate(1.0, "standard error of measurement"),
        sdc=estimate(z, f"smallest detectable change of one person at {level:.0%}"),
        sdc_group=estimate(z / sqrt(n), f"smallest detectable change of the group at {level:.0%}"),
    )


def limits_of_agreement(
    first: ArrayLike,
    second: ArrayLike,
    *,
    interval: Literal["exact", "approximate"] = "exact",
    level: float = 0.95,
) -> LimitsOfAgreement | Unavailable:
    """Return the limits of agreement of two measurements of the same people.

    Parameters
    ----------
    first, second
        n measurements each; people without both are left out.
    interval
        Of the limits: ``"exact"`` where differences are normal, or Bland and Altman's approximation.
    level
        Share of single differences that the limits should hold, and level of the intervals.

    Returns
    -------
    LimitsOfAgreement or Unavailable
        Of first - second. Unavailable where fewer than 3 people have both.

    Raises
    ------
    ValueError
        `interval` is none of those offered.

    Notes
    -----
    Limits are d̄ ± z·s. The mean has the interval of Student's t; a limit that of the noncentral t on n - 1
    degrees of freedom, d̄ + t'(p; z√n)·s/√n (Carkeet 2015), or Student's with var(limit) = s²(1/n +
    z²/(2(n-1))). Base R has no call for it; written out there, with ``qt(p, n - 1, z*sqrt(n))`` for the exact
    limits, it gives the same.

    References
    ----------
    Bland, J. M., & Altman, D. G. (1999). Measuring agreement in method comparison studies. Statistical
    Methods in Medical Research, 8, 135-160.
    Carkeet, A. (2015). Exact parametric confidence intervals for Bland-Altman limits of agreement. Optometry
    and Vision Science, 92, e71-e80.

    Examples
    --------
    >>> print(limits_of_agreement([40, 55, 61, 30, 48], [42, 50, 66, 29, 51]))
    figure            value      low    high
    mean difference  -0.800   -5.641   4.041
    lower limit      -8.441  -24.095  -4.399
    upper limit       6.841    2.799  22.495
    """
    check_level(level)
    pairs = complete_rows(pair_columns(first, second))
    n = len(pairs)
    if n < 3:  # noqa: PLR2004 - the smallest sample with an interval
        return Unavailable(reason="too few rows", detail=f"{n} people have both measurements, not 3")
    difference = pairs[:, 0] - pairs[:, 1]
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    z, t = float(ndtri(0.5 + level / 2)), float(stdtrit(n - 1, 0.5 + level / 2))
    if interval == "exact":
        tails = np.array([0.5 - level / 2, 0.5 + level / 2])
        near, far = (nctdtrit(n - 1, z * sqrt(n), tails) / sqrt(n)).tolist()
    elif interval == "approximate":
        half = t * sqrt(1 / n + z * z / (2 * (n - 1)))
        near, far = z - half, z + half
    else:
        raise ValueError(f"interval must be 'exact' or 'approximate', not {interval!r}")

    def estimate(value: float, low: float, high: float, name: str) -> Estimate:
        method = f"{name}, pairs"
        return Estimate(value=value, low=low, high=high, level=level, n=n, k=2, method=method)

    error = t * sd / sqrt(n)
    return LimitsOfAgreement(
        bias=estimate(bias, bias - error, bias + error, "mean of first - second"),
        low=estimate(
            bias - z * sd,
            bias - far * sd,
            bias - near * sd,
            f"lower limit of {level:.0%} of differences, {interval} interval",
        ),
        high=estimate(
            bias + z * sd,
            bias + near * sd,
            bias + far * sd,
            f"upper limit of {level:.0%} of differences, {interval} interval",
        ),
        sd=sd,
    )


def reliable_change(first: ArrayLike, second: ArrayLike, sem: float) -> Matrix:
    """Return each person's change from first to second in units of its standard error.

    Parameters
    ----------
    first, second
        n measurements each, NaN where there is none.
    sem
        Standard error of measurement, from other data than the change at hand (see `measurement_error`).

    Returns
    -------
    Matrix
        n indices; NaN for a person without both. Beyond ±1.96 the change exceeds the error of 95 in 100
        people who did not change.

    Raises
    ------
    ValueError
        `sem` is not a positive number.

    Notes
    -----
    RCI = (second - first) / (√2·SEM). Base R has no call for it: it is this one line.

    References
    ----------
    Jacobson, N. S., & Truax, P. (1991). Clinical significance. Journal of Consulting and Clinical
    Psychology, 59, 12-19.

    Examples
    --------
    >>> reliable_change([50, 50], [70, 55], sem=7.7).round(2).tolist()
    [1.84, 0.46]
    """
    if not sem > 0 or not np.isfinite(sem):
        raise ValueError("sem must be a positive number")
    pairs = pair_columns(first, second)
    change: Matrix = (pairs[:, 1] - pairs[:, 0]) / (sqrt(2) * sem)
    return change


def _of_consistency(ms: MeanSquares) -> tuple[float, float]:
    return ms.residual, float((ms.n - 1) * (ms.k - 1))


def _of_agreement(ms: MeanSquares) -> tuple[float, float]:
    if ms.raters <= ms.residual:
        return _of_consistency(ms)
    of_raters, of_residual = ms.raters / ms.n, ms.residual * (ms.n - 1) / ms.n
    spread = of_raters**2 / (ms.k - 1) + of_residual**2 / ((ms.n - 1) * (ms.k - 1))
    return ms.within, ms.within**2 / spread


# The variance of each kind of error, and the degrees of freedom of its interval.
_ERRORS: Final[dict[str, Callable[[MeanSquares], tuple[float, float]]]] = {
    "agreement": _of_agreement,
    "consistency": _of_consistency,
    "within": lambda ms: (ms.within, float(ms.n * (ms.k - 1))),
}


def _root_interval(square: float, df: float, level: float) -> tuple[float, float]:
    low = sqrt(df * square / float(chdtri(df, 0.5 - level / 2)))
    return low, sqrt(df * square / float(chdtri(df, 0.5 + level / 2)))
