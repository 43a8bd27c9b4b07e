"""Reliability and validity of composites from loadings, and the added value of subscales."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from analysis.estimate import Estimate, Matrix, Missing, Unavailable
from analysis.moments import Moments, moments
from analysis.reliability.alpha import NOTHING, Data, alpha_of


def composite_reliability(loadings: ArrayLike, uniquenesses: ArrayLike | None = None) -> float:
    """Return the reliability of the sum of the items of one factor, from its loadings.

    Parameters
    ----------
    loadings : k loadings of the items on the factor
    uniquenesses : their k unique variances; by default 1 - λ², the loadings being standardised

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        A unique variance is negative or not a number, the lengths differ or are nought, or all loadings and
        unique variances are nought.

    Notes
    -----
    (Σλ)² / ((Σλ)² + Σψ). Called composite reliability where the loadings are given (Fornell & Larcker 1981;
    Raykov 1997), omega where they are fitted. Equals ``semTools::compRelSEM(fit, obs.var = FALSE)`` of the
    one-factor fit that the loadings are from.

    References
    ----------
    Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with unobservable variables
    and measurement error. Journal of Marketing Research, 18, 39-50.
    Raykov, T. (1997). Estimation of composite reliability for congeneric measures. Applied Psychological
    Measurement, 21, 173-184.

    Examples
    --------
    >>> round(composite_reliability([0.353, 0.388, 0.894, 0.624]), 3)
    0.668
    """
    common, unique = _parts(loadings, uniquenesses)
    return float(common.sum() ** 2 / (common.sum() ** 2 + unique.sum()))


def average_variance_extracted(loadings: ArrayLike, uniquenesses: ArrayLike | None = None) -> float:
    """Return the share of the items' variance that the factor explains.

    Parameters
    ----------
    loadings, uniquenesses : as for `composite_reliability`

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As `composite_reliability`.

    Notes
    -----
    Σλ² / (Σλ² + Σψ). Equals ``semTools::AVE(fit)`` of the fit that the loadings are from.

    References
    ----------
    Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with unobservable variables
    and measurement error. Journal of Marketing Research, 18, 39-50.

    Examples
    --------
    >>> round(average_variance_extracted([0.353, 0.388, 0.894, 0.624]), 3)
    0.366
    """
    common, unique = _parts(loadings, uniquenesses)
    return float((common**2).sum() / ((common**2).sum() + unique.sum()))


def maximal_reliability(loadings: ArrayLike, uniquenesses: ArrayLike | None = None) -> float:
    """Return the reliability of the best weighted sum of the items (coefficient H).

    Parameters
    ----------
    loadings, uniquenesses : as for `composite_reliability`

    Returns
    -------
    float
        Between 0 and 1; 1 where an item has no unique variance.

    Raises
    ------
    ValueError
        As `composite_reliability`.

    Notes
    -----
    s / (1 + s) with s = Σ λ²/ψ. Equals ``semTools::maximalRelia(fit)`` of the one-factor fit that the
    loadings are from.

    References
    ----------
    Hancock, G. R., & Mueller, R. O. (2001). Rethinking construct reliability within latent variable systems.
    In Structural Equation Modeling: Present and Future. Scientific Software International.

    Examples
    --------
    >>> round(maximal_reliability([0.353, 0.388, 0.894, 0.624]), 3)
    0.832
    """
    common, unique = _parts(loadings, uniquenesses)
    if (unique == 0).any():
        return 1.0
    best = (common**2 / unique).sum()
    return float(best / (1 + best))


def _parts(loadings: ArrayLike, uniquenesses: ArrayLike | None) -> tuple[Matrix, Matrix]:
    common = np.asarray(loadings, dtype=np.float64)
    unique = 1 - common**2 if uniquenesses is None else np.asarray(uniquenesses, dtype=np.float64)
    if common.ndim != 1 or common.shape != unique.shape or not common.size:
        raise ValueError("give one loading, and one unique variance if any, for each item of one factor")
    if not (unique >= 0).all():
        raise ValueError("an improper solution: a unique variance is negative, or not a number")
    if not common.any() and not unique.any():
        raise ValueError("neither loadings nor unique variances: there is nothing to be reliable")
    return common, unique


def heterotrait_monotrait(
    X: Data, scales: Mapping[str, Sequence[int]], *, missing: Missing = "complete"
) -> dict[tuple[str, str], Estimate | Unavailable]:
    """Return, for every pair of scales, the heterotrait-monotrait ratio of correlations (HTMT).

    Parameters
    ----------
    X, missing : as for `cronbach_alpha`
    scales : the columns of each scale

    Returns
    -------
    dict of Estimate without an interval, or Unavailable with a scale of one item, a constant item, or items
    of a scale that do not correlate at all.

    Notes
    -----
    b / √(w₁ w₂), with b the mean absolute correlation between the items of the one scale and those of the
    other, w₁ and w₂ the mean absolute correlation of different items within each.
    Equals ``semTools::htmt(..., absolute = TRUE, htmt2 = FALSE)``.

    References
    ----------
    Henseler, Ringle & Sarstedt (2015), Journal of the Academy of Marketing Science 43.
    """
    found = moments(X, missing=missing)
    return {
        (first, second): found
        if isinstance(found, Unavailable)
        else _htmt(found, [*scales[first]], [*scales[second]])
        for first, second in combinations(scales, 2)
    }


def _htmt(found: Moments, first: list[int], second: list[int]) -> Estimate | Unavailable:
    if min(len(first), len(second)) < 2:  # noqa: PLR2004 - one item correlates with nothing of its own
        return Unavailable(reason="too few items", detail="a scale has one item")
    items = [*first, *second]
    if found.constant[items].any():
        constant = next(item for item in items if found.constant[item])
        return Unavailable(reason="constant item", detail=found.name(constant))
    C = found.covariance[np.ix_(items, items)]
    R = np.abs(C / np.sqrt(np.outer(np.diagonal(C), np.diagonal(C))))
    a, b = np.arange(len(first)), np.arange(len(first), len(items))
    within = [R[np.ix_(part, part)][np.triu_indices(len(part), 1)].mean() for part in (a, b)]
    if min(within) < NOTHING:
        return Unavailable(reason="not defined", detail="the items of a scale do not correlate")
    value = float(R[np.ix_(a, b)].mean() / np.sqrt(within[0] * within[1]))
    return Estimate(value=value, n=found.n, k=len(items), method=f"heterotrait-monotrait ratio, {found.rule}")


@dataclass(frozen=True, kw_only=True, slots=True)
class AddedValue:
    """How well a subscale's own score, and the total instead, predict the subscale's true score.

    `subscale` and `total` are proportional reductions of mean squared error (PRMSE); the subscale's own score
    adds value where the first is the greater.
    """

    subscale: float
    total: float
    n: int

    @property
    def adds_value(self) -> bool:
        """Whether the subscale's own score predicts its true score better than the total does."""
        return self.subscale > self.total

    @property
    def ratio(self) -> float | None:
        """The value-added ratio, None where the total predicts nothing."""
        return self.subscale / self.total if self.total > 0 else None


def added_value(
    X: Data, scales: Mapping[str, Sequence[int]], *, missing: Missing = "complete"
) -> dict[str, AddedValue | Unavailable]:
    """Judge whether each subscale adds value to the total of all subscales (Haberman's PRMSE).

    Parameters
    ----------
    X, missing : as for `cronbach_alpha`
    scales : the columns of each subscale; the total is the sum of them all, and no item stands in two

    Returns
    -------
    dict of AddedValue, or Unavailable with fewer than two items in a subscale or where its alpha is not
    between 0 and 1, so that nothing is known of its true score.

    Raises
    ------
    ValueError
        There are fewer than two subscales, or an item stands in two of them.

    Notes
    -----
    With α a subscale's alpha, v its variance and c its covariance with the total of variance V: the PRMSE of
    the subscale is α, that of the total (c - (1 - α) v)² / (α v V). Equals ``subscore::CTTsub``.

    References
    ----------
    Haberman (2008), Journal of Educational and Behavioral Statistics 33.
    """
    columns = [item for items in scales.values() for item in items]
    if len(set(columns)) < len(columns) or len(scales) < 2:  # noqa: PLR2004 - one subscale is the total
        raise ValueError("give two or more subscales, and each item to one of them")
    found = moments(X, missing=missing)
    if isinstance(found, Unavailable):
        return dict.fromkeys(scales, found)
    return {name: _added_value(found, [*items], columns) for name, items in scales.items()}


def _added_value(found: Moments, items: list[int], columns: list[int]) -> AddedValue | Unavailable:
    if len(items) < 2:  # noqa: PLR2004 - alpha needs two
        return Unavailable(reason="too few items", detail="the subscale has one item")
    C = found.covariance
    variance = C[np.ix_(items, items)].sum()
    alpha = alpha_of(C[np.ix_(items, items)])
    if alpha is None or not 0 < alpha <= 1:
        said = "the subscale does not vary" if alpha is None else f"alpha of the subscale is {alpha:.3f}"
        return Unavailable(reason="not defined", detail=said)
    true_with_total = C[np.ix_(items, columns)].sum() - (1 - alpha) * variance
    total_variance = C[np.ix_(columns, columns)].sum()
    if total_variance <= NOTHING * variance:
        return Unavailable(reason="no variance")
    total = float(true_with_total**2 / (alpha * variance * total_variance))
    return AddedValue(subscale=alpha, total=total, n=found.n)
