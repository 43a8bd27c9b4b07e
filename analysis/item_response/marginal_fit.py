"""Fits a response model: starting values, two searches that must agree, and standard errors."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import logit

from analysis.estimate import Matrix, Unavailable
from analysis.item_response.category_curves import Family
from analysis.item_response.marginal_likelihood import (
    SETTLED,
    MarginalLikelihood,
    Maximum,
    maximise,
)
from analysis.item_response.parameters import Parameters
from analysis.item_response.response_model import ResponseModel
from analysis.item_response.response_patterns import ResponsePatterns

AGREED: Final = 1e-6  # largest difference of log-likelihoods of searches that ended at the same maximum
NO_SPREAD: Final = 1e-3  # standard deviation of θ below which it counts as being at its bound of 0
_SLOPES: Final = (None, 0.6, 2.0)  # slopes of the starts; None for slopes from the first principal component


def fit(
    patterns: ResponsePatterns, parameters: Parameters, model: str, *, fixed_slopes: bool
) -> ResponseModel | Unavailable:
    """Fit a model by marginal maximum likelihood from two starts at least.

    Parameters
    ----------
    patterns, parameters
        The answers, and the model; the first free parameter is the common slope where `fixed_slopes`.
    model
        Its name.
    fixed_slopes
        Whether slopes are 1 and the standard deviation of θ is a parameter.

    Returns
    -------
    ResponseModel or Unavailable
        Unavailable unless two searches from different starts end at the best likelihood that any reached.
    """
    likelihood = MarginalLikelihood(patterns, parameters)
    best: Maximum | None = None
    refused: list[Unavailable] = []
    values: list[float] = []
    for number, slope in enumerate(_SLOPES):
        start = _start(patterns, parameters, slope)
        ended = maximise(likelihood, start, known=None if best is None else best.information, first=number)
        if isinstance(ended, Unavailable):
            refused.append(ended)
            if len(refused) > 1:
                return refused[0]
            continue
        values.append(ended.log_likelihood)
        if best is not None and abs(ended.log_likelihood - best.log_likelihood) <= AGREED:
            apart = abs(ended.log_likelihood - best.log_likelihood)
            return _model(patterns, parameters, model, best, apart, fixed_slopes=fixed_slopes)
        if best is None:
            best = ended
        elif ended.log_likelihood > best.log_likelihood:
            again = maximise(likelihood, ended.free)  # the information of the other maximum does not apply
            best = again if isinstance(again, Maximum) else best
    told = " and ".join(f"{value:.4f}" for value in values)
    return Unavailable(reason="did not converge", detail=f"different starts end at log-likelihoods {told}")


def _start(patterns: ResponsePatterns, parameters: Parameters, slope: float | None) -> Matrix:
    """Return free parameters from the shares of the categories, and from the answers' correlations."""
    loadings = _loadings(patterns)
    steep = 1.7 * loadings / np.sqrt(1 - loadings**2) if slope is None else slope * np.sign(loadings)
    adjacent = parameters.family == "adjacent"
    values = np.zeros(parameters.design.shape[0])
    for j, (column, size) in enumerate(zip(patterns.codes.T, patterns.sizes, strict=True)):
        given = column >= 0
        chosen = np.bincount(column[given], weights=patterns.weight[given], minlength=size) + 0.5
        share = chosen / chosen.sum()
        a = steep[j] * 2 / size if adjacent else steep[j]
        above = np.cumsum(share[::-1])[::-1][1:]
        d = np.log(share[1:] / share[0]) if adjacent else logit(above) * np.sqrt(1 + 0.35 * a**2)
        values[parameters.place[j, :size]] = [a, *d]
    design = parameters.design
    if design.shape[0] == design.shape[1]:
        return values
    # There are fewer free parameters than slopes and intercepts: the nearest values by least squares.
    return np.asarray(np.linalg.lstsq(design.toarray(), values, rcond=None)[0])


def _loadings(patterns: ResponsePatterns) -> Matrix:
    """Return loadings on the answers' first principal component, most of them positive."""
    given = (patterns.codes >= 0).astype(np.float64)
    codes = np.where(patterns.codes >= 0, patterns.codes, 0).astype(np.float64)
    weight = patterns.weight[:, np.newaxis]
    together = np.maximum((weight * given).T @ given, 1.0)
    mean = (weight * codes).sum(axis=0) / (weight * given).sum(axis=0)
    centred = (codes - mean) * given
    products = (weight * centred).T @ centred / together
    sd = np.sqrt(np.diagonal(products))
    values, vectors = np.linalg.eigh(products / np.outer(sd, sd))
    loadings = 0.9 * vectors[:, -1] * np.sqrt(values[-1])
    loadings *= 1.0 if loadings.sum() >= 0 else -1.0
    bounded: Matrix = np.sign(loadings) * np.clip(np.abs(loadings), 0.1, 0.9)
    return np.where(bounded == 0, 0.1, bounded)


def _model(
    patterns: ResponsePatterns,
    parameters: Parameters,
    model: str,
    best: Maximum,
    second_start: float,
    *,
    fixed_slopes: bool,
) -> ResponseModel | Unavailable:
    try:
        factor = cho_factor(best.information, lower=True)
    except (LinAlgError, ValueError):
        return Unavailable(reason="singular matrix", detail="the information at the maximum is not positive")
    if best.distance > 100 * SETTLED:
        return Unavailable(
            reason="did not converge", detail=f"{best.distance:.2g} standard errors from the maximum"
        )
    covariance = np.asarray(cho_solve(factor, np.eye(len(best.free))))
    covariance = (covariance + covariance.T) / 2
    whole = np.asarray(parameters.design @ (parameters.design @ covariance).T)
    a, d = parameters.unfold(best.free)
    a_se, d_se = parameters.unfold_values(np.sqrt(np.diagonal(whole)))
    sd, sd_se = 1.0, None
    if fixed_slopes:
        # θ is counted in units in which all slopes are 1; the common slope is then its standard deviation.
        sd, sd_se = float(abs(best.free[0])), float(np.sqrt(covariance[0, 0]))
        if sd < NO_SPREAD:
            return Unavailable(reason="improper solution", detail="the standard deviation of θ is 0")
        a, a_se = np.ones_like(a), np.full_like(a, np.nan)
    elif a.sum() < 0:
        a, covariance, whole = _turned(a, parameters.place, covariance, whole)
    b, b_se = _thresholds(parameters.family, parameters.place, a, d, whole, fixed_slopes=fixed_slopes)
    return ResponseModel(
        model=model,
        family=parameters.family,
        names=patterns.names,
        categories=patterns.categories,
        slopes=a,
        slopes_se=a_se,
        intercepts=d,
        intercepts_se=d_se,
        thresholds=b,
        thresholds_se=b_se,
        sd=sd,
        sd_se=sd_se,
        structure=parameters,
        covariance=covariance,
        log_likelihood=best.log_likelihood,
        parameters=len(best.free),
        n=patterns.n,
        distance=best.distance,
        gradient=best.gradient,
        second_start=second_start,
    )


def _turned(
    slopes: Matrix, place: NDArray[np.int64], covariance: Matrix, whole: Matrix
) -> tuple[Matrix, Matrix, Matrix]:
    """Reverse the latent dimension if needed, so that most items increase with it."""
    sign = np.ones(len(whole))
    sign[place[:, 0]] = -1.0
    return -slopes, covariance * np.outer(sign, sign), whole * np.outer(sign, sign)


def _thresholds(
    family: Family, place: NDArray[np.int64], a: Matrix, d: Matrix, whole: Matrix, *, fixed_slopes: bool
) -> tuple[Matrix, Matrix]:
    """Return thresholds and their standard errors by the delta method."""
    steps = d if family == "cumulative" else np.diff(d, axis=1, prepend=0.0)
    b = -steps / a[:, np.newaxis]
    se = np.full_like(b, np.nan)
    for j, slots in enumerate(place):
        own = slots[slots >= 0]
        size = own.size - 1
        toward = np.zeros((size, size + 1))
        toward[:, 0] = 0.0 if fixed_slopes else -b[j, :size] / a[j]
        toward[:, 1:] = -np.eye(size) / a[j]
        if family == "adjacent":
            toward[1:, 1:-1] += np.eye(size - 1) / a[j]
        se[j, :size] = np.sqrt(np.diagonal(toward @ whole[np.ix_(own, own)] @ toward.T))
    return b, se
