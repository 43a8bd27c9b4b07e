"""Factor scores: the position of each row on the factors of a fitted model."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from analysis.estimate import Matrix, Unavailable, as_matrix
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.group_moments import sample_moments
from analysis.factor_models.confirmatory.model.implied_moments import Implied

Method = Literal["regression", "Bartlett", "EBM", "ML"]
_STEPS: Final = 100
_SETTLED: Final = 1e-8
_FAR: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class FactorScores:
    """Scores, rows x factors, NaN for a row that has none.

    `se` holds the standard errors where they are the same for all rows (regression and Bartlett).
    """

    scores: Matrix
    se: Matrix | None
    factors: tuple[str, ...]
    method: Method


def factor_scores(
    fit: FittedModel, X: ArrayLike, *, method: Method | None = None, group: int = 0
) -> FactorScores | Unavailable:
    """Return the factor scores of rows of answers.

    Parameters
    ----------
    fit : a fitted model
    X : n x k, columns in the order of ``fit.items``; NaN for missing
    method : "regression" or "Bartlett" for continuous items (complete rows); "EBM" (the mode of the factors'
        posterior distribution) or "ML" (the mode of the likelihood) for ordered ones (the answers present in
        each row)
    group : which group's model the rows belong to

    Returns
    -------
    FactorScores, or Unavailable where the solution is improper.

    Raises
    ------
    ValueError
        The method is not for such items: continuous, or ordered.

    Notes
    -----
    Regression: Φ Λ' Σ⁻¹ (x - μ); Bartlett: (Λ' Θ⁻¹ Λ)⁻¹ Λ' Θ⁻¹ (x - μ). Equals
    ``lavaan::lavPredict(fit, method =)``. Under ML there is no score where all answers of a factor's items
    are extreme: NaN.

    References
    ----------
    Thurstone, L. L. (1935). The Vectors of Mind. University of Chicago Press.
    Bartlett, M. S. (1937). The statistical conception of mental factors. British Journal of Psychology, 28,
    97-104.
    """
    if fit.improper:
        return Unavailable(reason="improper solution", detail="; ".join(fit.improper))
    chosen = method or ("EBM" if fit.table.ordered else "regression")
    if (chosen in {"EBM", "ML"}) != fit.table.ordered:
        raise ValueError(
            f"{chosen} scores are not for {'ordered' if fit.table.ordered else 'continuous'} items"
        )
    rows = as_matrix(X)
    implied = fit.solution.implied[group]
    if fit.table.ordered:
        scores = _modes(fit, implied, rows, group, prior=chosen == "EBM")
        return FactorScores(scores=scores, se=None, factors=fit.factors, method=chosen)
    mean = implied.mean if fit.table.means else sample_moments(fit.solution, group)[0]
    L, phi = implied.matrices["loadings"], implied.factor_covariance
    if chosen == "regression":
        weights = np.linalg.solve(implied.covariance, L @ phi).T
        error = phi - weights @ L @ phi
    else:
        theta = implied.matrices["residual"]
        inward = np.linalg.solve(theta, L).T
        inner = inward @ L
        if np.linalg.cond(inner) > 1e12:  # noqa: PLR2004 - a factor without items of its own
            return Unavailable(reason="not defined", detail="Bartlett scores need items of each factor's own")
        error = inverse(inner)
        weights = error @ inward
    scores = (rows - mean) @ weights.T + (implied.factor_mean if chosen == "regression" else 0)
    se = np.sqrt(np.maximum(np.diagonal(error), 0))
    return FactorScores(scores=scores, se=se, factors=fit.factors, method=chosen)


def _modes(fit: FittedModel, implied: Implied, rows: Matrix, group: int, *, prior: bool) -> Matrix:
    """Return the mode of each row's posterior (or likelihood) by Newton's method."""
    L, sd = implied.matrices["loadings"], np.sqrt(implied.residual_variance)
    slope = L / sd[:, None]
    low, high = _limits(fit, implied, rows, group)
    low, high = low / sd, high / sd
    precision = inverse(implied.factor_covariance) if prior else np.zeros((len(fit.factors),) * 2)
    centre = implied.factor_mean
    eta = np.tile(centre, (len(rows), 1))
    active = np.flatnonzero(np.isfinite(low).any(axis=1) | np.isfinite(high).any(axis=1))
    best = _log_posterior(eta, slope, (low, high), centre, precision)
    for _ in range(_STEPS):
        if not active.size:
            break
        at = eta[active]
        score, curve = _interval_slopes(at @ slope.T, low[active], high[active])
        gradient = score @ slope - (at - centre) @ precision
        hessian = np.einsum("ik,km,kn->imn", curve, slope, slope) + precision
        hessian += 1e-9 * np.eye(len(centre))
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        step *= np.minimum(1, 3 / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-12))
        moved = np.zeros(len(active), bool)
        for _ in range(30):
            trial = at + step
            value = _log_posterior(trial, slope, (low[active], high[active]), centre, precision)
            better = ~moved & (value >= best[active] - 1e-12)
            eta[active[better]], best[active[better]] = trial[better], value[better]
            moved |= better
            if moved.all():
                break
            step[~moved] /= 2
        active = active[(np.abs(step).max(axis=1) > _SETTLED) & (np.abs(eta[active]).max(axis=1) < _FAR)]
    lost = np.abs(eta).max(axis=1) >= _FAR
    if not prior:
        known = np.isfinite(low) | np.isfinite(high)
        lost |= ((known.astype(float) @ (L != 0)) == 0).any(axis=1)
    return np.where(lost[:, None], np.nan, eta)


def _limits(fit: FittedModel, implied: Implied, rows: Matrix, group: int) -> tuple[Matrix, Matrix]:
    """Return, for each answer, the thresholds that it lies between, less the item's intercept."""
    low, high = np.full(rows.shape, -np.inf), np.full(rows.shape, np.inf)
    item_of = implied.structure.threshold_item
    for item, categories in enumerate(fit.categories[group]):
        steps = implied.matrices["threshold"][item_of == item, 0] - implied.matrices["intercept"][item, 0]
        edges = np.concatenate([[-np.inf], steps, [np.inf]])
        answers = rows[:, item]
        known = ~np.isnan(answers)
        places = np.searchsorted(categories, answers[known])
        if not np.isin(answers[known], categories).all():
            raise ValueError(f"{fit.items[item]} has answers that the model has not met")
        low[known, item], high[known, item] = edges[places], edges[places + 1]
    return low, high


def _interval_slopes(eta: Matrix, low: Matrix, high: Matrix) -> tuple[Matrix, Matrix]:
    """Return the slope of ln P(low < η + e < high), e standard normal, by η, and minus the second slope."""
    a, b = low - eta, high - eta
    chance = np.maximum(_between(a, b), 1e-300)
    at_a, at_b = _density(a), _density(b)
    score = (at_a - at_b) / chance
    bend = (np.where(np.isfinite(a), a, 0) * at_a - np.where(np.isfinite(b), b, 0) * at_b) / chance
    return score, np.maximum(score * score - bend, 1e-12) * (np.isfinite(low) | np.isfinite(high))


def _density(z: Matrix) -> Matrix:
    return np.where(np.isfinite(z), np.exp(-np.minimum(z * z, 1400) / 2) / np.sqrt(2 * np.pi), 0.0)


def _between(a: Matrix, b: Matrix) -> Matrix:
    """Return the normal probability between a and b, from whichever tail is the smaller."""
    turned = a > 0
    left, right = np.where(turned, -b, a), np.where(turned, -a, b)
    return np.asarray(ndtr(right) - ndtr(left))


def _log_posterior(
    eta: Matrix, slope: Matrix, limits: tuple[Matrix, Matrix], centre: Matrix, precision: Matrix
) -> Matrix:
    (low, high), along = limits, eta @ slope.T
    fit = np.log(np.maximum(_between(low - along, high - along), 1e-300)).sum(axis=1)
    gap = eta - centre
    return np.asarray(fit - 0.5 * np.einsum("im,mn,in->i", gap, precision, gap))
