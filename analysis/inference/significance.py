"""Tests of hypotheses: what one returns, and the correction for several at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import Matrix, Probability


@dataclass(frozen=True, kw_only=True, slots=True)
class SignificanceTest:
    """A test statistic with its degrees of freedom (`df2` of an F alone) and two-sided p."""

    statistic: float
    df: float | None = None
    df2: float | None = None
    p: Probability

    def __str__(self) -> str:
        df = ", ".join(f"{df:g}" for df in (self.df, self.df2) if df is not None)
        return f"{self.statistic:.3f}{f' (df = {df})' if df else ''}, p = {self.p:.3g}"


def holm(p: ArrayLike) -> Matrix:
    """Return p values adjusted for as many tests as there are (Holm 1979), NaN where there is none.

    Parameters
    ----------
    p
        p values of one family of tests, NaN for a test that could not be made: it does not count.

    Returns
    -------
    Matrix
        m adjusted p values in the same order, NaN where `p` is.

    Notes
    -----
    The i-th smallest of m becomes the largest of (m - j + 1) p_(j) over j ≤ i, at most 1. Equals
    ``p.adjust(p, "holm")``.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
    Statistics, 6, 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p, dtype=np.float64)
    adjusted = np.full_like(given, np.nan)
    places = np.flatnonzero(~np.isnan(given))
    order = places[np.argsort(given[places], kind="stable")]
    left = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(given[order] * left), 1.0)
    return adjusted
