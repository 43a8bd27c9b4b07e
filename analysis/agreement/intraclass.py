"""Agreement of raters or occasions: the six intraclass correlations with their intervals."""

from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from analysis.agreement.mean_squares import MeanSquares, check_level, mean_squares
from analysis.estimate import Estimate, PrintedTable, TableParts, Unavailable, as_matrix, table

Interval = tuple[float | None, float | None]
NONE: Final[Interval] = (None, None)

FORMS: Final[dict[str, str]] = {
    "ICC1": "ICC(1,1): one-way, absolute agreement, single measurement",
    "ICC2": "ICC(2,1): two-way random, absolute agreement, single measurement",
    "ICC3": "ICC(3,1): two-way mixed, consistency, single measurement",
    "ICC1k": "ICC(1,k): one-way, absolute agreement, mean of k measurements",
    "ICC2k": "ICC(2,k): two-way random, absolute agreement, mean of k measurements",
    "ICC3k": "ICC(3,k): two-way mixed, consistency, mean of k measurements",
}


class IntraclassCorrelations(PrintedTable, dict[str, Estimate | Unavailable]):
    """The six forms by name; prints as a table."""

    def _rows(self) -> list[tuple[str, object, object, object]]:
        return [
            (name, str(icc), None, None)
            if isinstance(icc, Unavailable)
            else (name, icc.value, icc.low, icc.high)
            for name, icc in self.items()
        ]

    def __str__(self) -> str:
        return table(*self._table())

    def _table(self) -> TableParts:
        return ("form", "value", "low", "high"), self._rows()


def intraclass_correlation(
    X: ArrayLike, *, level: float = 0.95, missing: Literal["complete", "reml"] = "complete"
) -> IntraclassCorrelations:
    """Return the six intraclass correlations of Shrout and Fleiss, ``ICC1`` to ``ICC3k``.

    Parameters
    ----------
    X
        People by raters (or occasions), n x k; NaN where a measurement is missing.
    level
        Level of the intervals.
    missing
        ``"complete"`` leaves out people with a missing measurement. ``"reml"`` keeps everyone who has at
        least one, by restricted maximum likelihood of the crossed random model; no exact interval exists
        then, so none is given.

    Returns
    -------
    IntraclassCorrelations
        A dict from ICC1 to ICC3k of Estimate; Unavailable where fewer than 3 people or 2 raters remain, or
        where nothing varies. Perfect agreement is 1 without an interval.

    Raises
    ------
    ValueError
        `missing` is neither "complete" nor "reml".

    Notes
    -----
    With mean squares of people B, raters J, residual E and within people W,

    - ICC1 = (B - W) / (B + (k-1)W), ICC1k = (B - W) / B;
    - ICC2 = (B - E) / (B + (k-1)E + k(J-E)/n), ICC2k = (B - E) / (B + (J-E)/n);
    - ICC3 = (B - E) / (B + (k-1)E), ICC3k = (B - E) / B.

    Intervals come from the F distribution; for ICC2 by the approximation of Satterthwaite, and for ICC2k
    by stepping up the ends of ICC2, as Shrout and Fleiss do (``irr::icc`` takes other degrees of freedom
    there). Equal to ``psych::ICC(na.omit(x), lmer = FALSE)``; with ``"reml"`` the values are those of
    ``psych::ICC(x, lmer = TRUE)``. A negative value is given as it is.

    References
    ----------
    Shrout, P. E., & Fleiss, J. L. (1979). Intraclass correlations: uses in assessing rater reliability.
    Psychological Bulletin, 86, 420-428.
    McGraw, K. O., & Wong, S. P. (1996). Forming inferences about some intraclass correlation coefficients.
    Psychological Methods, 1, 30-46.

    Examples
    --------
    >>> X = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> print(intraclass_correlation(X))
    form   value     low   high
    ICC1   0.166  -0.133  0.723
    ICC2   0.290   0.019  0.761
    ICC3   0.715   0.342  0.946
    ICC1k  0.443  -0.884  0.912
    ICC2k  0.620   0.071  0.927
    ICC3k  0.909   0.676  0.986
    """
    check_level(level)
    matrix = as_matrix(X)
    if missing == "reml":
        # Imported here, because the optimiser is slow to import and few callers need it.
        from analysis.agreement.variance_components import crossed_components  # noqa: PLC0415

        squares = crossed_components(matrix)
        how = "REML, all measurements"
    elif missing == "complete":
        squares = mean_squares(matrix)
        how = "complete rows"
    else:
        raise ValueError(f"missing must be 'complete' or 'reml', not {missing!r}")
    if isinstance(squares, Unavailable):
        return IntraclassCorrelations(dict.fromkeys(FORMS, squares))
    exact = missing == "complete"
    forms = {name: _icc(name, squares, how, level=level, exact=exact) for name in FORMS}
    return IntraclassCorrelations(forms)


def _icc(name: str, ms: MeanSquares, how: str, *, level: float, exact: bool) -> Estimate | Unavailable:
    n, k = ms.n, ms.k
    mean = name.endswith("k")
    value = _single(name[:4], ms)
    if value is None:
        return Unavailable(reason="not defined", detail="everybody has the same measurements")
    if mean:
        spread = 1 + (k - 1) * value
        if spread <= 0:
            return Unavailable(
                reason="not defined", detail="people do not differ at all, the mean has no variance"
            )
        value = k * value / spread
    ends = _single_interval(name[:4], ms, level) if exact else NONE
    if mean:
        ends = _stepped_up(ends, k)
    low, high = ends
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=None if low is None else level,
        n=n,
        k=k,
        method=f"{FORMS[name]}, {how}",
    )


def _single(name: str, ms: MeanSquares) -> float | None:
    """Return one of the three forms of a single measurement, None where no variance is left for it."""
    n, k, error = ms.n, ms.k, ms.within if name == "ICC1" else ms.residual
    shift = k * (ms.raters - ms.residual) / n if name == "ICC2" else 0.0
    total = ms.people + (k - 1) * error + shift
    return (ms.people - error) / total if total > 0 else None


def _single_interval(name: str, ms: MeanSquares, level: float) -> Interval:
    n, k = ms.n, ms.k
    if name == "ICC2":
        return _agreement_interval(ms, level)
    error, df = (ms.within, n * (k - 1)) if name == "ICC1" else (ms.residual, (n - 1) * (k - 1))
    if error == 0:
        return NONE
    ratio = ms.people / error
    low = ratio / _f_quantile(0.5 + level / 2, n - 1, df)
    high = ratio * _f_quantile(0.5 + level / 2, df, n - 1)
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _agreement_interval(ms: MeanSquares, level: float) -> Interval:
    """Interval of ICC2; ratios are kept as products, so that nothing is divided by a residual of nought."""
    n, k, value = ms.n, ms.k, _single("ICC2", ms)
    if value is None or ms.residual + ms.raters == 0:
        return NONE
    of_raters, of_rest = k * value * ms.raters, (n * (1 + (k - 1) * value) - k * value) * ms.residual
    if of_raters + of_rest <= 0:
        return NONE
    df = (k - 1) * (n - 1) * (of_raters + of_rest) ** 2 / ((n - 1) * of_raters**2 + of_rest**2)
    noise = k * ms.raters + (k * n - k - n) * ms.residual
    upper = _f_quantile(0.5 + level / 2, n - 1, df)
    lower = _f_quantile(0.5 + level / 2, df, n - 1)
    if not np.isfinite(upper):
        return NONE
    low = n * (ms.people - upper * ms.residual) / (upper * noise + n * ms.people)
    high = n * (lower * ms.people - ms.residual) / (noise + n * lower * ms.people)
    return low, high


def _stepped_up(ends: Interval, k: int) -> Interval:
    """Apply Spearman-Brown to the ends of an interval: from a single measurement to the mean of k."""
    low, high = ends
    if low is None or high is None or 1 + (k - 1) * low <= 0:
        return NONE
    return k * low / (1 + (k - 1) * low), k * high / (1 + (k - 1) * high)


def _f_quantile(p: float, numerator: float, denominator: float) -> float:
    # 1 - x from the mirrored beta distribution: exact where x is close to 1.
    x = float(betaincinv(numerator / 2, denominator / 2, p))
    rest = float(betaincinv(denominator / 2, numerator / 2, 1 - p))
    return denominator * x / (numerator * rest) if rest > 0 else float("inf")
