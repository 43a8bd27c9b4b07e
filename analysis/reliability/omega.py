"""McDonald's omega of the sum of items that have one factor in common."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from analysis.estimate import Estimate, Matrix, Missing, Unavailable
from analysis.factor_models.one_factor import OneFactor, one_factor, one_factor_fits
from analysis.inference import bootstrap
from analysis.inference.intervals import ANALYTIC, Coefficient, bootstrapped, check, with_limits
from analysis.moments import Moments, moments
from analysis.reliability.alpha import NOTHING, Data, alpha_coefficient, alpha_replicates


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

    Raises
    ------
    ValueError
        `variance` or `interval` is none of those offered, or `level` is not between 0 and 1.

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
    check(interval, ANALYTIC, level)
    if variance not in {"model", "observed"}:
        raise ValueError(f"variance must be 'model' or 'observed', not {variance!r}")
    found = moments(X, missing=missing)
    if isinstance(found, Unavailable):
        return found
    fit = one_factor(found.covariance, names=names)
    if isinstance(fit, Unavailable):
        return fit
    observed = variance == "observed"
    omega = omega_coefficient(found, fit, observed=observed)
    if interval in ANALYTIC:
        return with_limits(omega, interval, level, ANALYTIC[interval](omega, level))
    covariances = bootstrap.resampled_covariances(*bootstrap.resampled(omega.needed_rows(), resamples, rng))
    replicates = [omega_replicates(C, fit, observed=observed) for C in covariances]
    return bootstrapped(omega, interval, level, np.concatenate(replicates))


def alpha_and_omega(
    X: Data,
    *,
    interval: Literal["percentile", "bca"] = "bca",
    level: float = 0.95,
    resamples: int = 2000,
    rng: np.random.Generator | None = None,
    names: Sequence[str] | None = None,
) -> tuple[Estimate | Unavailable, Estimate | Unavailable]:
    """Return alpha and omega with bootstrap intervals from the same resamples, for the time of one.

    Parameters
    ----------
    X, interval, level, resamples, rng, names : as for `mcdonald_omega`; complete rows are used

    Returns
    -------
    What `cronbach_alpha` and `mcdonald_omega` return with this interval.
    """
    check(interval, (), level)
    found = moments(X)
    if isinstance(found, Unavailable):
        return found, found
    alpha, fit = alpha_coefficient(found), one_factor(found.covariance, names=names)
    if isinstance(alpha, Unavailable):
        return alpha, alpha
    alphas, omegas = [], []
    for C in bootstrap.resampled_covariances(*bootstrap.resampled(alpha.needed_rows(), resamples, rng)):
        alphas.append(alpha_replicates(found.k, np.trace(C, axis1=1, axis2=2), C.sum(axis=(1, 2))))
        if isinstance(fit, OneFactor):
            omegas.append(omega_replicates(C, fit, observed=False))
    return (
        bootstrapped(alpha, interval, level, np.concatenate(alphas)),
        fit
        if isinstance(fit, Unavailable)
        else bootstrapped(
            omega_coefficient(found, fit, observed=False), interval, level, np.concatenate(omegas)
        ),
    )


def omega_coefficient(found: Moments, fit: OneFactor, *, observed: bool) -> Coefficient:
    """Return omega with its gradient."""
    variance = "observed" if observed else "model"
    return Coefficient(
        value=float(_omegas(fit.loadings, fit.uniquenesses, found.covariance if observed else None)),
        gradient=_gradient(fit, observed=observed),
        covariance=found.covariance,
        n=found.n,
        rows=found.rows,
        method=f"omega total by maximum likelihood, {variance} variance, {found.rule}",
    )


def _omegas(loadings: Matrix, uniquenesses: Matrix, observed: Matrix | None) -> Matrix:
    """Return omega for each of a stack of fits; `observed` holds their covariance matrices, or None."""
    common = loadings.sum(axis=-1) ** 2
    total = common + uniquenesses.sum(axis=-1) if observed is None else observed.sum(axis=(-2, -1))
    ratio: Matrix = common / total
    return ratio


def _gradient(fit: OneFactor, *, observed: bool) -> Matrix:
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


def omega_replicates(covariances: Matrix, fit: OneFactor, *, observed: bool) -> Matrix:
    """Return omega of each of a stack of covariance matrices, NaN where it has no proper solution."""
    omegas = np.full(len(covariances), np.nan)
    nothing = NOTHING * np.diagonal(fit.covariance)
    varied = (np.diagonal(covariances, axis1=1, axis2=2) > nothing).all(axis=1)
    C = covariances[varied]
    sd = np.sqrt(np.diagonal(C, axis1=1, axis2=2))
    fits = one_factor_fits(C / (sd[:, :, None] * sd[:, None, :]), fit.standardised, tolerance=1e-6)
    found = _omegas(sd * fits.loadings, sd**2 * fits.uniquenesses, C if observed else None)
    omegas[varied] = np.where(fits.proper, found, np.nan)
    return omegas
