"""Differences of correlations that were found in the same people."""

from dataclasses import dataclass
from math import atanh, sqrt, tanh

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, stdtr

from analysis.estimate import Estimate, Probability, Unavailable, as_matrix
from analysis.inference.significance import SignificanceTest

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrelationDifference:
    """First correlation less second, between Zou's limits, and the tests that they are equal.

    `williams` is there only where the two share a variable.
    """

    difference: Estimate
    steiger: SignificanceTest
    dunn_clark: SignificanceTest
    williams: SignificanceTest | None


def fisher_limits(r: float, n: int, level: float = 0.95, error: float | None = None) -> tuple[float, float]:
    """Return tanh(atanh r ± z / √(n - 3)), or with another standard error of atanh r."""
    if abs(r) >= 1:
        return r, r
    half = float(ndtri((1 + level) / 2)) * (1 / sqrt(n - 3) if error is None else error)
    return tanh(atanh(r) - half), tanh(atanh(r) + half)


def overlapping_difference(
    r12: float, r13: float, r23: float, n: int, *, level: float = 0.95
) -> CorrelationDifference | Unavailable:
    """Compare r12 with r13: two correlations with one and the same variable, in the same people.

    Parameters
    ----------
    r12, r13, r23
        Correlations of the three variables, between n people.
    n
        Number of people, the same for all three.
    level
        Level of the interval.

    Returns
    -------
    CorrelationDifference or Unavailable
        Unavailable with fewer than 4 people, where the two variables cannot be told apart, or a correlation
        is ±1. ValueError where three variables cannot have such correlations.

    Notes
    -----
    Williams' t = (r12 - r13) √((n - 1)(1 + r23) / (2(n - 1)/(n - 3) det R + m²(1 - r23)³)) with m the mean of
    r12 and r13 and n - 3 degrees of freedom (Steiger 1980, equation 7); equals
    ``psych::r.test(n, r12, r23 = r23, r13 = r13)``. z of the difference of Fisher's transforms with their
    covariance at the mean of the two correlations (Steiger) or at each (Dunn & Clark); limits of r12 - r13 by
    Zou (2007).

    References
    ----------
    Steiger, J. H. (1980). Tests for comparing elements of a correlation matrix. Psychological Bulletin, 87,
    245-251.
    Zou, G. Y. (2007). Toward using confidence intervals to compare correlations. Psychological Methods, 12,
    399-413.

    Examples
    --------
    >>> found = overlapping_difference(0.50, 0.35, 0.49, 260)
    >>> print(found.williams)
    2.747 (df = 257), p = 0.00643
    """
    refused = _refused([[1, r12, r13], [r12, 1, r23], [r13, r23, 1]], n, level)
    if refused is not None:
        return refused
    determinant = 1 - r12**2 - r13**2 - r23**2 + 2 * r12 * r13 * r23
    mean = (r12 + r13) / 2
    below = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - r23) ** 3
    t = (r12 - r13) * sqrt((n - 1) * (1 + r23) / below)
    williams = SignificanceTest(statistic=t, df=float(n - 3), p=Probability(2 * stdtr(n - 3, -abs(t))))

    def covariance(a: float, b: float) -> float:
        return r23 * (1 - a**2 - b**2) - a * b * (1 - a**2 - b**2 - r23**2) / 2

    pooled = covariance(mean, mean) / (1 - mean**2) ** 2
    separate = covariance(r12, r13) / ((1 - r12**2) * (1 - r13**2))
    return _difference(r12, r13, n, level=level, covariances=(pooled, separate), williams=williams)


def nonoverlapping_difference(
    R: ArrayLike, n: int, *, level: float = 0.95
) -> CorrelationDifference | Unavailable:
    """Compare the correlation of the first two of four variables with that of the last two.

    Parameters
    ----------
    R
        4 x 4 correlations between the same n people.
    n, level
        As for `overlapping_difference`.

    Returns
    -------
    CorrelationDifference or Unavailable
        As `overlapping_difference`, without Williams' test.

    Raises
    ------
    ValueError
        R is not 4 x 4, or no four variables can have such correlations.

    Notes
    -----
    z = (atanh r12 - atanh r34) √((n - 3) / (2 - 2c)), with c the covariance of the two transforms, at the
    mean of the two correlations (Steiger) or at each (Dunn & Clark); limits of r12 - r34 by Zou (2007).
    Steiger's equals ``psych::r.test(n, r12, r34 = r34, r23 = r23, r13 = r13, r14 = r14, r24 = r24)``.

    References
    ----------
    Steiger, J. H. (1980). Tests for comparing elements of a correlation matrix. Psychological Bulletin, 87,
    245-251.
    Zou, G. Y. (2007). Toward using confidence intervals to compare correlations. Psychological Methods, 12,
    399-413.

    Examples
    --------
    >>> R = [[1, .5, .3, .2], [.5, 1, .2, .3], [.3, .2, 1, .3], [.2, .3, .3, 1]]
    >>> print(nonoverlapping_difference(R, 200).steiger)
    2.478, p = 0.0132
    """
    matrix = as_matrix(R)
    if matrix.shape != (4, 4):
        raise ValueError(f"R must be the 4 x 4 correlations of four variables, not {matrix.shape}")
    refused = _refused(R, n, level)
    if refused is not None:
        return refused
    r_jk, r_jh, r_jm, r_kh, r_km, r_hm = (float(r) for r in matrix[np.triu_indices(4, 1)])

    def covariance(jk: float, hm: float) -> float:
        return (
            (r_jh - jk * r_kh) * (r_km - r_kh * hm)
            + (r_jm - r_jh * hm) * (r_kh - jk * r_jh)
            + (r_jh - r_jm * hm) * (r_km - jk * r_jm)
            + (r_jm - jk * r_km) * (r_kh - r_km * hm)
        ) / 2

    mean = (r_jk + r_hm) / 2
    pooled = covariance(mean, mean) / (1 - mean**2) ** 2
    separate = covariance(r_jk, r_hm) / ((1 - r_jk**2) * (1 - r_hm**2))
    return _difference(r_jk, r_hm, n, level=level, covariances=(pooled, separate))


def _refused(R: ArrayLike, n: int, level: float) -> Unavailable | None:
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not at {level}")
    matrix = as_matrix(R)
    if not np.allclose(matrix, matrix.T) or not np.allclose(np.diagonal(matrix), 1.0):
        raise ValueError("R must be correlations: symmetric, ones on the diagonal")
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < -_ROUNDING:
        raise ValueError("no variables can have these correlations with each other")
    if n < 4:  # noqa: PLR2004 - n - 3 people are left
        return Unavailable(reason="too few rows", detail=f"{n} people, at least 4 are needed")
    if smallest <= _ROUNDING:
        return Unavailable(reason="singular matrix", detail="one variable follows from the others")
    return None


def _difference(
    first: float,
    second: float,
    n: int,
    *,
    level: float,
    covariances: tuple[float, float],
    williams: SignificanceTest | None = None,
) -> CorrelationDifference:
    pooled, separate = covariances
    apart = (atanh(first) - atanh(second)) * sqrt(n - 3)
    (a_low, a_high), (b_low, b_high) = fisher_limits(first, n, level), fisher_limits(second, n, level)
    below, above = first - a_low, b_high - second
    low = sqrt(below**2 + above**2 - 2 * separate * below * above)
    below, above = second - b_low, a_high - first
    high = sqrt(above**2 + below**2 - 2 * separate * above * below)
    return CorrelationDifference(
        difference=Estimate(
            value=first - second,
            low=first - second - low,
            high=first - second + high,
            level=level,
            n=n,
            k=2,
            method="difference of dependent correlations, Zou's limits",
        ),
        steiger=_z(apart / sqrt(2 - 2 * pooled)),
        dunn_clark=_z(apart / sqrt(2 - 2 * separate)),
        williams=williams,
    )


def _z(z: float) -> SignificanceTest:
    return SignificanceTest(statistic=z, p=Probability(2 * ndtr(-abs(z))))
