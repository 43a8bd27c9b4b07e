"""Reliability and validity from a fitted factor model: omega of every kind, variance extracted, HTMT."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtr

from analysis.correlation import bivariate_normal as bivariate
from analysis.estimate import Listing, Matrix, Unavailable
from analysis.factor_models.confirmatory.estimation.least_squares import LeastSquaresSolution
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.group_moments import sample_correlation, sample_moments


@dataclass(frozen=True, kw_only=True, slots=True)
class FactorReliability:
    """Reliability of the sum of a factor's items.

    `omega` divides by the observed variance of the sum, `omega_model` by the one that the model implies; of
    ordered items both are about the sum of the answers as given (Green and Yang), and `omega_latent` about
    the normal variables behind them. `alpha` is coefficient alpha of the items (of ordered items, ordinal
    alpha). `extracted` is the average variance extracted, `composite` composite reliability, both of
    standardised loadings. `hierarchical` counts the factor's own part alone where other factors share its
    items; None where none does.
    """

    factor: str
    group: str
    items: tuple[str, ...]
    omega: float
    omega_model: float
    omega_latent: float | None
    alpha: float
    extracted: float
    composite: float
    hierarchical: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class HigherOrder:
    """Reliability of the sum of all items below a factor of factors.

    `total` is the share of the sum's model-implied variance that comes from the higher factor,
    `observed` the same of the observed variance, `of_factors` the share of the variance of the sum of the
    factors below, and `partial` of what remains without the uniqueness of these.
    """

    factor: str
    group: str
    total: float
    observed: float
    of_factors: float
    partial: float


@dataclass(frozen=True, kw_only=True, slots=True)
class General:
    """What a general factor of all items explains beside group factors (a bifactor model).

    `omega_total` and `omega_hierarchical` of the sum of all items; `explained_common_variance` is the general
    factor's share of the common variance, `uncontaminated` that of correlations between items of different
    group factors.
    """

    factor: str
    group: str
    omega_total: float
    omega_hierarchical: float
    explained_common_variance: float
    uncontaminated: float


def factor_reliability(fit: FittedModel) -> Listing[FactorReliability] | Unavailable:
    """Return the reliability of the sum of each factor's items.

    Parameters
    ----------
    fit : a fitted model

    Returns
    -------
    Listing of FactorReliability, or Unavailable where the solution is improper.

    Notes
    -----
    omega = (Σλ)² φ over the variance of the sum. Equals ``semTools::compRelSEM(fit)``, `omega_model`
    ``compRelSEM(fit, obs.var = FALSE)``, `omega_latent` ``compRelSEM(fit, ord.scale = FALSE)``, `alpha`
    ``compRelSEM(fit, tau.eq = TRUE)`` (of ordered items with ``ord.scale = FALSE``), `extracted`
    ``semTools::AVE(fit)`` where items have unit variance.

    References
    ----------
    McDonald (1999). Green and Yang (2009). Fornell and Larcker (1981). Jorgensen and others (2022), semTools.
    """
    if fit.improper:
        return Unavailable(reason="improper solution", detail="; ".join(fit.improper))
    rows = []
    for place in range(len(fit.groups)):
        for factor in fit.factors:
            items = [name for name in fit.table.indicators(factor) if name in fit.items]
            if items:
                rows.append(_one_factor(fit, place, factor, items))
    return Listing(rows)


def _one_factor(fit: FittedModel, place: int, factor: str, items: list[str]) -> FactorReliability:
    implied = fit.solution.implied[place]
    chosen = [fit.items.index(name) for name in items]
    grid = np.ix_(chosen, chosen)
    column = fit.factors.index(factor)
    loadings = implied.matrices["loadings"][chosen, column]
    variance = implied.factor_covariance[column, column]
    latent = variance * np.outer(loadings, loadings)
    model, observed = _totals(fit, place)
    sd = np.sqrt(np.diagonal(implied.covariance))[chosen]
    standard = loadings * np.sqrt(variance) / sd
    shared = any(
        implied.matrices["loadings"][chosen][:, other].any()
        for other in range(len(fit.factors))
        if other != column
    )
    common = implied.gain @ implied.matrices["factor"] @ implied.gain.T
    omega_latent = None
    if fit.table.ordered:
        scale = np.outer(implied.scale[chosen], implied.scale[chosen])
        omega_latent = float((latent * scale).sum() / observed[grid].sum())
        answers = [_answers(fit, place, chosen, R) for R in (latent * scale, observed[grid], model[grid])]
        omega, omega_model = (float(answers[0].sum() / answers[at].sum()) for at in (1, 2))
        hierarchical = omega if shared else None
        if shared:
            whole = _answers(fit, place, chosen, common[grid] * scale)
            omega, omega_model = (float(whole.sum() / answers[at].sum()) for at in (1, 2))
    else:
        omega, omega_model = (float(latent.sum() / S[grid].sum()) for S in (observed, model))
        hierarchical = omega if shared else None
        if shared:
            omega, omega_model = (float(common[grid].sum() / S[grid].sum()) for S in (observed, model))
    S, k = observed[grid], len(items)
    alpha = k / (k - 1) * (1 - np.trace(S) / S.sum()) if k > 1 else float("nan")
    return FactorReliability(
        factor=factor,
        group=fit.groups[place],
        items=tuple(items),
        omega=omega,
        omega_model=omega_model,
        omega_latent=omega_latent,
        alpha=float(alpha),
        extracted=float((standard**2).mean()),
        composite=float(standard.sum() ** 2 / (standard.sum() ** 2 + (1 - standard**2).sum())),
        hierarchical=hierarchical,
    )


def _totals(fit: FittedModel, place: int) -> tuple[Matrix, Matrix]:
    """Return implied and observed covariances (divisor n - 1); of ordered items, correlations."""
    implied = fit.solution.implied[place]
    if fit.table.ordered:
        assert isinstance(fit.solution, LeastSquaresSolution)
        return implied.correlation, sample_correlation(fit.solution, place)[0]
    return implied.covariance, sample_moments(fit.solution, place)[1]


def _answers(fit: FittedModel, place: int, chosen: Sequence[int], R: Matrix) -> Matrix:
    """Return the covariances of answers whose normal variables have the correlations R."""
    implied = fit.solution.implied[place]
    item_of = implied.structure.threshold_item
    thresholds = [implied.thresholds[item_of == item] for item in chosen]
    steps = [np.diff(fit.categories[place][item]) for item in chosen]
    width = max(map(len, steps))
    tau, sizes = np.full((len(chosen), width), bivariate.INFINITE), np.zeros((len(chosen), width))
    for row, (cut, step) in enumerate(zip(thresholds, steps, strict=True)):
        tau[row, : len(cut)], sizes[row, : len(step)] = cut, step
    i, j = np.triu_indices(len(chosen))
    rho = np.clip(R[i, j], -1, 1)
    both = bivariate.cumulative(tau[i], tau[j], rho) - ndtr(tau[i])[:, :, None] * ndtr(tau[j])[:, None, :]
    covariances = np.empty((len(chosen), len(chosen)))
    covariances[i, j] = covariances[j, i] = np.einsum("pab,pa,pb->p", both, sizes[i], sizes[j])
    return covariances


def higher_order_reliability(fit: FittedModel) -> Listing[HigherOrder] | Unavailable:
    """Return the reliability of the sum of all items below each factor of factors, continuous items.

    Notes
    -----
    Equals ``semTools::reliabilityL2(fit, factor)`` (`total`, `of_factors`, `partial`) and
    ``compRelSEM(fit, higher = factor)`` (`observed`).
    """
    if fit.improper:
        return Unavailable(reason="improper solution", detail="; ".join(fit.improper))
    rows = []
    for place in range(len(fit.groups)):
        for column, factor in enumerate(fit.factors):
            below = [fit.factors.index(name) for name in fit.table.indicators(factor) if name in fit.factors]
            if below:
                rows.append(_higher(fit, place, column, below))
    return Listing(rows)


def _higher(fit: FittedModel, place: int, column: int, below: list[int]) -> HigherOrder:
    implied = fit.solution.implied[place]
    variance = implied.matrices["factor"][column, column]
    gamma = implied.total[below, column]
    direct = implied.matrices["loadings"][:, below]
    items = np.flatnonzero(direct.any(axis=1))
    grid = np.ix_(items, items)
    model, observed = _totals(fit, place)
    true = float((direct[items] @ gamma).sum() ** 2 * variance)
    own = np.diagonal(implied.factor_covariance)[below] - gamma**2 * variance
    second = float(gamma.sum() ** 2 * variance)
    error = float(implied.matrices["residual"][grid].sum())
    return HigherOrder(
        factor=fit.factors[column],
        group=fit.groups[place],
        total=true / float(model[grid].sum()),
        observed=true / float(observed[grid].sum()),
        of_factors=second / (second + float(own.sum())),
        partial=true / (true + error),
    )


def general_factor(fit: FittedModel, factor: str) -> Listing[General] | Unavailable:
    """Return what a general factor explains beside the group factors of a bifactor model.

    Parameters
    ----------
    fit : a fitted model
    factor : the general factor

    References
    ----------
    Reise, Scheines, Widaman and Haviland (2013). Rodriguez, Reise and Haviland (2016).
    """
    if fit.improper:
        return Unavailable(reason="improper solution", detail="; ".join(fit.improper))
    rows = []
    for place, group in enumerate(fit.groups):
        implied = fit.solution.implied[place]
        column = fit.factors.index(factor)
        L = implied.matrices["loadings"] * np.sqrt(np.diagonal(implied.factor_covariance))
        common = implied.gain @ implied.matrices["factor"] @ implied.gain.T
        model, _ = _totals(fit, place)
        general = np.outer(L[:, column], L[:, column])
        if fit.table.ordered:
            scale = np.outer(implied.scale, implied.scale)
            every = list(range(len(fit.items)))
            common, general, model = (
                _answers(fit, place, every, R) for R in (common * scale, general * scale, model)
            )
        others = [other for other in range(L.shape[1]) if other != column]
        alike = (L[:, others] != 0).astype(float)
        i, j = np.triu_indices(len(L), 1)
        apart = (alike @ alike.T)[i, j] == 0
        standard = L / np.sqrt(np.diagonal(implied.covariance))[:, None]
        rows.append(
            General(
                factor=factor,
                group=group,
                omega_total=float(common.sum() / model.sum()),
                omega_hierarchical=float(general.sum() / model.sum()),
                explained_common_variance=float((standard[:, column] ** 2).sum() / (standard**2).sum()),
                uncontaminated=float(apart.mean()),
            )
        )
    return Listing(rows)


def maximal_reliability(fit: FittedModel, *, group: int = 0) -> float | Unavailable:
    """Return the reliability of that weighted sum of all items which has the most of it.

    The largest eigenvalue of S⁻¹ Λ Φ Λ', S the observed covariances; of ordered items, of their answers.
    Equals ``semTools::maximalRelia(fit)``.
    """
    if fit.improper:
        return Unavailable(reason="improper solution", detail="; ".join(fit.improper))
    implied = fit.solution.implied[group]
    common = implied.gain @ implied.matrices["factor"] @ implied.gain.T
    _, observed = _totals(fit, group)
    if fit.table.ordered:
        every = list(range(len(fit.items)))
        scale = np.outer(implied.scale, implied.scale)
        common, observed = (_answers(fit, group, every, R) for R in (common * scale, observed))
    return float(np.linalg.eigvals(np.linalg.solve(observed, common)).real.max())


def heterotrait_monotrait(
    fit: FittedModel, *, geometric: bool = False, group: int = 0
) -> dict[tuple[str, str], float]:
    """Return the heterotrait-monotrait ratio of every pair of factors with two items of their own or more.

    Parameters
    ----------
    fit : a fitted model; of ordered items the polychoric correlations are taken
    geometric : whether correlations are averaged geometrically (HTMT2)
    group : which group

    Notes
    -----
    Equals ``semTools::htmt(model, data, ordered =, htmt2 =)``.

    References
    ----------
    Henseler, Ringle and Sarstedt (2015). Roemer, Schuberth and Henseler (2021).
    """
    _, S = _totals(fit, group)
    sd = np.sqrt(np.diagonal(S))
    R = np.abs(S / np.outer(sd, sd))
    scales = {
        factor: [fit.items.index(name) for name in fit.table.indicators(factor) if name in fit.items]
        for factor in fit.factors
    }
    scales = {factor: items for factor, items in scales.items() if len(items) > 1}

    def average(values: Matrix) -> float:
        with np.errstate(divide="ignore"):
            return float(np.exp(np.log(values).mean()) if geometric else values.mean())

    within = {f: average(R[np.ix_(x, x)][np.triu_indices(len(x), 1)]) for f, x in scales.items()}
    return {
        (a, b): average(R[np.ix_(scales[a], scales[b])].ravel()) / float(np.sqrt(within[a] * within[b]))
        for a, b in combinations(scales, 2)
    }
