"""Descriptions of the answers to each item, rank correlations, and a test of joint normality."""

from dataclasses import dataclass
from math import fsum
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtr

from analysis.counts.joint import JointCounts
from analysis.estimate import Listing, Matrix, Unavailable, as_matrix, complete_rows
from analysis.linear_algebra.roots import TOO_NEAR, orthogonal, root_of
from analysis.moments import moments

NORMAL_MAD: Final = 1.4826  # standard deviation of a normal variable over its median absolute deviation
BLOCK: Final = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """One item over the rows that answered it; None where too few did, or where nothing varies."""

    n: int
    mean: float | None = None
    sd: float | None = None
    se: float | None = None
    median: float | None = None
    trimmed: float | None = None
    mad: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None


def describe(X: ArrayLike | JointCounts, *, definition: Literal[2, 3] = 3) -> Listing[Description]:
    """Describe the distribution of the answers to each item.

    Parameters
    ----------
    X : n x k array with NaN for missing, or JointCounts
    definition : of skewness and kurtosis: 3 as psych and Minitab have them, 2 as SPSS and SAS

    Returns
    -------
    A tuple with a Description for each item, which prints as a table.

    Raises
    ------
    ValueError
        `definition` is neither 2 nor 3.

    Notes
    -----
    The trimmed mean leaves out a tenth at either end; `mad` is 1.4826 times the median absolute deviation.
    With m the central moments (divisor n) and s the standard deviation (divisor n - 1): definition 3 is
    m₃/s³ and m₄/s⁴ - 3; definition 2 corrects for bias under normality. Equals
    ``psych::describe(x, type = definition)``.

    References
    ----------
    Joanes, D. N., & Gill, C. A. (1998). Comparing measures of sample skewness and kurtosis. The Statistician,
    47, 183-189.

    Examples
    --------
    >>> describe([[1.0], [2.0], [2.0], [5.0]])[0].skewness
    0.5773502691896257
    """
    if definition not in {2, 3}:
        raise ValueError(f"the definition of skewness must be 2 or 3, not {definition}")
    if isinstance(X, JointCounts):
        values = np.array(X.categories)
        return Listing(_describe(values[row > 0], row[row > 0], definition) for row in X.item_counts)
    columns = as_matrix(X).T
    distinct = (np.unique(column[~np.isnan(column)], return_counts=True) for column in columns)
    return Listing(_describe(values, counts, definition) for values, counts in distinct)


def _describe(values: Matrix, counts: NDArray[np.int64], definition: int) -> Description:
    n = int(counts.sum())
    if n == 0:
        return Description(n=0)
    mean = fsum(values * counts) / n
    centred = values - mean
    squares = fsum(centred**2 * counts)
    median = _quantile_half(values, counts)
    order = np.argsort(np.abs(values - median), kind="stable")
    skewness, kurtosis = _shape(centred, counts, squares, definition) if len(values) > 1 else (None, None)
    sd = np.sqrt(squares / (n - 1)) if n > 1 else None
    return Description(
        n=n,
        mean=mean,
        sd=None if sd is None else float(sd),
        se=None if sd is None else float(sd / np.sqrt(n)),
        median=median,
        trimmed=_trimmed(values, counts),
        mad=NORMAL_MAD * _quantile_half(np.abs(values - median)[order], counts[order]),
        minimum=float(values[0]),
        maximum=float(values[-1]),
        skewness=skewness,
        kurtosis=kurtosis,
    )


def _quantile_half(values: Matrix, counts: NDArray[np.int64]) -> float:
    """Return the median of values that stand in order, each as often as `counts` says."""
    upto, n = counts.cumsum(), int(counts.sum())
    middle = np.searchsorted(upto, [(n - 1) // 2, n // 2], side="right")
    return float(values[middle].mean())


def _trimmed(values: Matrix, counts: NDArray[np.int64]) -> float:
    """Return the mean without the tenth of the rows at either end."""
    n = int(counts.sum())
    cut = n // 10
    upto = counts.cumsum()
    inside = np.minimum(upto, n - cut) - np.maximum(upto - counts, cut)
    return fsum(values * np.maximum(inside, 0)) / (n - 2 * cut)


def _shape(
    centred: Matrix, counts: NDArray[np.int64], squares: float, definition: int
) -> tuple[float | None, float | None]:
    n = int(counts.sum())
    variance = squares / (n if definition == 2 else n - 1)  # noqa: PLR2004 - see `describe`
    skewness = fsum(centred**3 * counts) / n / variance**1.5
    kurtosis = fsum(centred**4 * counts) / n / variance**2 - 3
    if definition == 3:  # noqa: PLR2004
        return skewness, kurtosis
    if n <= 3:  # noqa: PLR2004 - the corrections divide by n - 2 and n - 3
        return None, None
    corrected = ((n + 1) * kurtosis + 6) * (n - 1) / ((n - 2) * (n - 3))
    return skewness * np.sqrt(n * (n - 1)) / (n - 2), corrected


def spearman(X: ArrayLike | JointCounts) -> Matrix:
    """Return the rank correlations of the items, pair by pair over the rows that answered both.

    Parameters
    ----------
    X : n x k array with NaN for missing, or JointCounts

    Returns
    -------
    Matrix
        k x k; NaN where one of the two items does not vary.

    Notes
    -----
    r = Σab / √(Σa² Σb²) with a and b the ranks less their mean, ties at the middle of their ranks. Equals R's
    ``cor(x, use = "pairwise", method = "spearman")``.

    References
    ----------
    Spearman, C. (1904). The proof and measurement of association between two things. American Journal of
    Psychology, 15, 72-101.

    Examples
    --------
    >>> float(spearman([[1, 1], [2, 4], [3, 9], [4, 2]])[0, 1])
    0.4
    """
    if isinstance(X, JointCounts):
        k = X.k
        found = {(i, j): _by_table(X.tables[i, j]) for i in range(k) for j in range(i + 1)}
    else:
        columns = as_matrix(X).T
        k = len(columns)
        found = {(i, j): _by_rows(columns[i], columns[j]) for i in range(k) for j in range(i + 1)}
    return np.array([[found[max(i, j), min(i, j)] for j in range(k)] for i in range(k)])


def _by_rows(x: Matrix, y: Matrix) -> float:
    both = ~np.isnan(x) & ~np.isnan(y)
    first, second = _ranks(x[both]), _ranks(y[both])
    return _correlation(float(first @ second), float(first @ first), float(second @ second))


def _ranks(values: Matrix) -> Matrix:
    """Return the rank of each value less the mean rank, tied ones sharing the middle of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Matrix = _middles(counts)[places]
    return ranks


def _by_table(pair: NDArray[np.int64]) -> float:
    rows, columns = pair.sum(axis=1), pair.sum(axis=0)
    first, second = _middles(rows), _middles(columns)
    return _correlation(float(first @ pair @ second), float(first**2 @ rows), float(second**2 @ columns))


def _middles(counts: NDArray[np.int64]) -> Matrix:
    """Return the middle rank of each category less the mean rank."""
    middles: Matrix = counts.cumsum() - (counts + counts.sum()) / 2
    return middles


def _correlation(xy: float, xx: float, yy: float) -> float:
    return xy / (xx * yy) ** 0.5 if xx > 0 and yy > 0 else np.nan


@dataclass(frozen=True, kw_only=True, slots=True)
class Mardia:
    """Multivariate skewness and kurtosis, with the tests that they are those of a normal distribution."""

    skewness: float
    kurtosis: float
    skewness_test: float
    skewness_test_small: float
    skewness_p: float
    skewness_p_small: float
    kurtosis_test: float
    kurtosis_p: float
    n: int
    k: int


def mardia(X: ArrayLike) -> Mardia | Unavailable:
    """Test whether the items are jointly normal.

    Parameters
    ----------
    X : n x k array with NaN for missing; complete rows are used

    Returns
    -------
    Mardia, or Unavailable with fewer rows than items or items that are linearly dependent.

    Notes
    -----
    Kurtosis is b₂ = mean of (z'S⁻¹z)², tested by (b₂ - k(k + 2)) / √(8k(k + 2)/n); skewness b₁ by n b₁/6 on
    k(k + 1)(k + 2)/6 degrees of freedom, in small samples times a factor near 1.
    Skewness is the mean over all pairs of rows of (z'S⁻¹z*)³, here from the third moments of the whitened
    items, so that no n x n matrix is formed; they are whitened by a QR decomposition of the rows, which keeps
    the digits that S loses where items are nearly dependent. Equals ``psych::mardia(x)``.

    References
    ----------
    Mardia (1970), Biometrika 57.
    """
    rows = complete_rows(as_matrix(X))
    found = moments(rows)
    if isinstance(found, Unavailable):
        return found
    n, k = rows.shape
    if found.constant.any():
        return Unavailable(reason="constant item", detail=f"item {int(np.argmax(found.constant)) + 1}")
    root = root_of(found.correlation, rows)
    if not root.independent.all():
        return Unavailable(reason="singular matrix")
    if not root.certain:
        return TOO_NEAR
    whitened = orthogonal(rows)[0] * np.sqrt(n - 1)
    third = np.zeros((k * k, k))
    for first in range(0, n, BLOCK):
        Z = whitened[first : first + BLOCK]
        third += (Z[:, :, None] * Z[:, None, :]).reshape(len(Z), k * k).T @ Z
    skewness = float(((third / n) ** 2).sum())
    kurtosis = float(((whitened**2).sum(axis=1) ** 2).mean())
    small = (k + 1) * (n + 1) * (n + 3) / (n * ((n + 1) * (k + 1) - 6))
    test, df = n * skewness / 6, k * (k + 1) * (k + 2) / 6
    z = (kurtosis - k * (k + 2)) * np.sqrt(n / (8 * k * (k + 2)))
    return Mardia(
        skewness=skewness,
        kurtosis=kurtosis,
        skewness_test=test,
        skewness_test_small=test * small,
        skewness_p=float(chdtrc(df, test)),
        skewness_p_small=float(chdtrc(df, test * small)),
        kurtosis_test=float(z),
        kurtosis_p=float(2 * ndtr(-abs(z))),
        n=n,
        k=k,
    )
