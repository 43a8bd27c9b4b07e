"""Reliability of a sum of items: Cronbach's alpha, McDonald's omega and what each item does to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike

from analysis import bootstrap
from analysis.counts import JointCounts
from analysis.estimate import Estimate, Matrix, Unavailable, as_matrix, complete_rows
from analysis.intervals import ANALYTIC, OF_ALPHA, Coefficient, influence
from analysis.moments import Missing, Moments, moments
from analysis.onefactor import OneFactor, one_factor, one_factor_fits

NOTHING: Final = 1e-12  # a variance this small beside the items' own is rounding
BOOTSTRAP: Final = frozenset({"percentile", "bca"})
Data = ArrayLike | JointCounts | Moments
OF_ROWS: Final = BOOTSTRAP | {"adf"}


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
    Negative values are shown as they are. A constant item counts in k, as in the formula.

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
    _check(interval, {*OF_ALPHA, *BOOTSTRAP}, level)
    found = moments(X, missing=missing)
    if isinstance(found, Unavailable):
        return found
    value = alpha_of(found.covariance)
    if value is None:
        return Unavailable(reason="no variance")
    C, k = found.covariance, found.k
    total, trace = C.sum(), np.trace(C)
    alpha = Coefficient(
        value=value,
        gradient=k / (k - 1) * (trace / total**2 - np.eye(k) / total),
        covariance=C,
        n=found.n,
        rows=_rows(X, found) if interval in OF_ROWS else None,
    )
    method = f"Cronbach's alpha, {found.rule}"
    if interval in OF_ALPHA:
        low, high = OF_ALPHA[interval](alpha, level)
        return Estimate(
            value=value,
            low=low,
            high=high,
            level=level,
            n=found.n,
            k=k,
            method=f"{method}, {interval} interval",
        )
    weights = bootstrap.resampled_weights(found.n, resamples, rng)
    traces, totals = bootstrap.resampled_variances(alpha.needed_rows(), weights)
    replicates = np.full(resamples, np.nan)
    np.divide(traces, totals, out=replicates, where=totals > NOTHING * k)
    return _bootstrapped(alpha, k / (k - 1) * (1 - replicates), interval, level, method)


def standardised_alpha(X: Data, *, missing: Missing = "complete") -> Estimate | Unavailable:
    """Estimate alpha of the sum of the standardised items, from the mean correlation r: kr / (1 + (k - 1)r).

    Parameters
    ----------
    X, missing : as for `cronbach_alpha`; pairwise correlations are pairwise covariances over the items' own
        standard deviations

    Returns
    -------
    Estimate without an interval, or Unavailable as for `cronbach_alpha` and where an item is constant.

    Notes
    -----
    Equals ``psych::alpha(x)$total$std.alpha`` (psych 2.2.9; later versions average pairwise correlations).
    """
    found = moments(X, missing=missing)
    if isinstance(found, Unavailable):
        return found
    if found.constant.any():
        return Unavailable(reason="constant item", detail=f"item {int(np.argmax(found.constant)) + 1}")
    value = alpha_of(found.correlation)
    if value is None:
        return Unavailable(reason="no variance")
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


def item_statistics(X: Data, *, missing: Missing = "complete") -> tuple[ItemStatistics, ...] | Unavailable:
    """Describe each item: mean, standard deviation, correlation with the rest, alpha without it.

    Parameters
    ----------
    X, missing : as for `cronbach_alpha`

    Returns
    -------
    One ItemStatistics for each item, in order, or Unavailable for all as for `cronbach_alpha`; a single
    figure is Unavailable where an item or the rest does not vary, or where two items are all there are.

    Notes
    -----
    Equals ``psych::alpha(x)``: ``item.stats`` (mean, sd, r.drop) and ``alpha.drop`` (raw_alpha).
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
            without = float((k - 1) / (k - 2) * (1 - dropped_trace[j] / rest[j])) if k > 2 else _TWO_ITEMS  # noqa: PLR2004
        if found.constant[j]:
            item_rest = Unavailable(reason="constant item")
        elif varies:
            item_rest = float((with_all[j] - variances[j]) / np.sqrt(variances[j] * rest[j]))
        described.append(
            ItemStatistics(
                n=int(found.answered[j]),
                mean=float(found.means[j]),
                sd=float(np.sqrt(variances[j])),
                item_rest=item_rest,
                alpha_if_dropped=without,
            )
        )
    return tuple(described)


_TWO_ITEMS = Unavailable(reason="too few items", detail="one item would remain")


def mcdonald_omega(
    X: Data,
    *,
    variance: Literal["model", "observed"] = "model",
    missing: Missing = "complete",
    interval: Literal["normal", "adf", "percentile", "bca"] = "normal",
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
    names: Sequence[str] | None = None,
) -> Estimate | Unavailable:
    """Estimate McDonald's omega (total) of the sum of the items from a one-factor model.

    Parameters
    ----------
    X, missing, level, resamples, rng : as for `cronbach_alpha`
    variance : what the squared sum of the loadings is divided by
        "model": the variance of the sum that the model implies; "observed": the one in the data.
    interval : "normal" (delta method, the answers normal), "adf" (the same without that assumption), or a
        bootstrap "percentile" or "bca", which fits the model anew in every resample
    names : names of the items, for the reason why there is no figure

    Returns
    -------
    Estimate, or Unavailable with fewer than three items, a constant item, no convergence, or an improper
    solution (Heywood case), which is never replaced by a bounded one.

    Notes
    -----
    (Σλ)² / ((Σλ)² + Σψ) with λ and ψ by maximum likelihood. Equals
    ``semTools::compRelSEM(lavaan::cfa("F =~ ...", x), obs.var = FALSE)``, with "observed" ``obs.var = TRUE``.

    References
    ----------
    McDonald (1999). Raykov (2002). Jorgensen, Pornprasertmanit, Schoemann & Rosseel (2022), semTools.

    Examples
    --------
    >>> X = np.random.default_rng(1).normal(size=(200, 1)) + np.random.default_rng(2).normal(size=(200, 4))
    >>> omega = mcdonald_omega(X)  # in the population 0.8
    >>> round(omega.value, 3), round(omega.low, 3), round(omega.high, 3)
    (0.758, 0.703, 0.813)
    """
    _check(interval, {*ANALYTIC, *BOOTSTRAP}, level)
    if variance not in {"model", "observed"}:
        raise ValueError(f"variance must be 'model' or 'observed', not {variance!r}")
    found = moments(X, missing=missing)
    if isinstance(found, Unavailable):
        return found
    fit = one_factor(found.covariance, names=names)
    if isinstance(fit, Unavailable):
        return fit
    observed = variance == "observed"
    omega = Coefficient(
        value=float(_omegas(fit.loadings, fit.uniquenesses, found.covariance if observed else None)),
        gradient=_omega_gradient(fit, observed=observed),
        covariance=found.covariance,
        n=found.n,
        rows=_rows(X, found) if interval in OF_ROWS else None,
    )
    method = f"omega total by maximum likelihood, {variance} variance, {found.rule}"
    if interval in ANALYTIC:
        low, high = ANALYTIC[interval](omega, level)
        return Estimate(
            value=omega.value,
            low=low,
            high=high,
            level=level,
            n=found.n,
            k=found.k,
            method=f"{method}, {interval} interval",
        )
    weights = bootstrap.resampled_weights(found.n, resamples, rng)
    replicates = _resampled_omegas(omega.needed_rows(), weights, fit, observed=observed)
    return _bootstrapped(omega, replicates, interval, level, method)


def _omegas(loadings: Matrix, uniquenesses: Matrix, observed: Matrix | None) -> Matrix:
    """Return omega for each of a stack of fits; `observed` holds their covariance matrices, or None."""
    common = loadings.sum(axis=-1) ** 2
    total = common + uniquenesses.sum(axis=-1) if observed is None else observed.sum(axis=(-2, -1))
    ratio: Matrix = common / total
    return ratio


def _omega_gradient(fit: OneFactor, *, observed: bool) -> Matrix:
    """Return the derivative of omega with respect to the covariance matrix."""
    k, sum_ = len(fit.loadings), fit.loadings.sum()
    if observed:
        total = fit.covariance.sum()
        by_parameters = fit.gradient(np.full(k, 2 * sum_ / total), np.zeros(k))
        with_total: Matrix = by_parameters - sum_**2 / total**2
        return with_total
    unique = fit.uniquenesses.sum()
    total = sum_**2 + unique
    return fit.gradient(np.full(k, 2 * sum_ * unique / total**2), np.full(k, -(sum_**2) / total**2))


def _resampled_omegas(
    rows: Matrix, weights: Iterable[bootstrap.Weights], fit: OneFactor, *, observed: bool
) -> Matrix:
    """Return omega in each resample, NaN where the model has no proper solution there."""
    replicates = []
    for covariances in bootstrap.resampled_covariances(rows, weights):
        omegas = np.full(len(covariances), np.nan)
        varied = (np.diagonal(covariances, axis1=1, axis2=2) > NOTHING).all(axis=1)
        C = covariances[varied]
        sd = np.sqrt(np.diagonal(C, axis1=1, axis2=2))
        fits = one_factor_fits(C / (sd[:, :, None] * sd[:, None, :]), fit.standardised, tolerance=1e-6)
        found = _omegas(sd * fits.loadings, sd**2 * fits.uniquenesses, C if observed else None)
        omegas[varied] = np.where(fits.proper, found, np.nan)
        replicates.append(omegas)
    return np.concatenate(replicates)


def _check(interval: str, known: set[str], level: float) -> None:
    if interval not in known:
        raise ValueError(f"interval must be one of {', '.join(sorted(known))}, not {interval!r}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not at {level}")


def _rows(X: Data, found: Moments) -> Matrix | None:
    """Return the complete rows where these are what the moments are of."""
    if isinstance(X, JointCounts | Moments) or found.rule != "complete rows":
        return None
    return complete_rows(as_matrix(X))


def _bootstrapped(
    found: Coefficient, replicates: Matrix, interval: str, level: float, method: str
) -> Estimate:
    """Return the estimate with its bootstrap interval, or without one and the reason in its method."""
    limits = (
        bootstrap.percentile_interval(replicates, level)
        if interval == "percentile"
        else bootstrap.bca_interval(found.value, replicates, influence(found), level)
    )
    method = f"{method}, {interval} interval of {len(replicates)} resamples"
    if isinstance(limits, str):
        return Estimate(value=found.value, n=found.n, k=found.k, method=f"{method} not available: {limits}")
    low, high = limits
    return Estimate(value=found.value, low=low, high=high, level=level, n=found.n, k=found.k, method=method)
