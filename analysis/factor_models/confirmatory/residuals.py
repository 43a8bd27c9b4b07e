"""What a factor model leaves unexplained: residual correlations, their z, and SRMR with its interval."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from analysis.estimate import Matrix, Probability
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.estimation.discrepancy import normal_information, weighted
from analysis.factor_models.confirmatory.estimation.full_solution import FullSolution
from analysis.factor_models.confirmatory.estimation.least_squares import LeastSquaresSolution
from analysis.factor_models.confirmatory.fitted_model import FittedModel
from analysis.factor_models.confirmatory.group_moments import sample_correlation, sample_moments


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Residuals of one group, k x k.

    Attributes
    ----------
    correlation : correlations less those that the model implies (Bollen); of ordered items polychoric
    scaled : covariances less implied ones, over the items' standard deviations (Bentler)
    standardised : residual covariances (of ordered items correlations) over their standard errors
    normalised : the same over the standard errors of the sample's covariances; None for ordered items
    names, group : the items and the group
    """

    correlation: Matrix
    scaled: Matrix
    standardised: Matrix
    normalised: Matrix | None
    names: tuple[str, ...]
    group: str

    def largest(self, count: int = 10) -> tuple[tuple[str, str, float, float], ...]:
        """Return the pairs with the largest residual correlations: names, correlation and z."""
        i, j = np.triu_indices(len(self.names), 1)
        order = np.argsort(-np.abs(self.correlation[i, j]), kind="stable")[:count]
        return tuple(
            (
                self.names[i[place]],
                self.names[j[place]],
                float(self.correlation[i[place], j[place]]),
                float(self.standardised[i[place], j[place]]),
            )
            for place in order
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RootMeanSquare:
    """SRMR, its test of exact fit, and the unbiased SRMR with interval and test of close fit.

    `low` and `high` limit the 90 % interval of `unbiased`; `p_close` tests that it is at most 0.05.
    """

    value: float
    se: float
    z: float
    p: float
    unbiased: float
    unbiased_se: float
    low: float
    high: float
    z_close: float
    p_close: float


def residuals(fit: FittedModel) -> tuple[Residuals, ...]:
    """Return the residuals of each group.

    Parameters
    ----------
    fit : a fitted model

    Returns
    -------
    tuple of Residuals

    Notes
    -----
    Equals ``lavaan::residuals(fit, "cor.bollen" | "cor.bentler" | "standardized" | "normalized")``. The
    covariance of residuals is Q Γ Q' / n with Q = I - Δ (Δ' A Δ)⁻¹ Δ' A, A the information of the estimator
    and Γ the asymptotic covariance of the statistics, under normality unless items are ordered.
    """
    return tuple(_of_group(fit, place) for place in range(len(fit.groups)))


def _of_group(fit: FittedModel, place: int) -> Residuals:
    solution, implied = fit.solution, fit.solution.implied[place]
    k = len(fit.items)
    acov = residual_covariance(fit, place)
    if isinstance(solution, LeastSquaresSolution) and fit.table.ordered:
        R, _ = sample_correlation(solution, place)
        gap = R - implied.correlation
        np.fill_diagonal(gap, 0)
        i, j = np.triu_indices(k, 1)
        z = _over(gap[i, j], np.diagonal(acov)[-len(i) :])
        return Residuals(
            correlation=gap,
            scaled=gap,
            standardised=_square(z, k, 1),
            normalised=None,
            names=fit.items,
            group=fit.groups[place],
        )
    _, S = sample_moments(solution, place)
    sd, sd_model = np.sqrt(np.diagonal(S)), np.sqrt(np.diagonal(implied.covariance))
    i, j = np.triu_indices(k)
    gap = (S - implied.covariance)[i, j]
    spread = np.diagonal(_sample_covariance(fit, place))[-len(i) :]
    return Residuals(
        correlation=S / np.outer(sd, sd) - implied.covariance / np.outer(sd_model, sd_model),
        scaled=(S - implied.covariance) / np.outer(sd, sd),
        standardised=_square(_over(gap, np.diagonal(acov)[-len(i) :]), k, 0),
        normalised=_square(_over(gap, spread), k, 0),
        names=fit.items,
        group=fit.groups[place],
    )


def _over(gap: Matrix, variance: Matrix) -> Matrix:
    """Return residuals over their standard errors, nought where both vanish."""
    known = variance > 1e-14 * np.abs(variance).max(initial=1.0)
    return np.where(known, gap / np.sqrt(np.where(known, variance, 1)), 0.0)


def _square(upper: Matrix, k: int, offset: int) -> Matrix:
    matrix = np.zeros((k, k))
    i, j = np.triu_indices(k, offset)
    matrix[i, j] = matrix[j, i] = upper
    return matrix


def _sample_covariance(fit: FittedModel, place: int) -> Matrix:
    """Return the covariance of a group's statistics: as estimated for ordered items, else under normality."""
    solution = fit.solution
    if isinstance(solution, LeastSquaresSolution) and fit.table.ordered:
        assert solution.gamma is not None
        return solution.gamma[place] / fit.n
    if isinstance(solution, FullSolution):
        return inverse(solution.unrestricted[place][0]) / fit.n
    _, S = sample_moments(solution, place)
    return inverse(normal_information(inverse(S), means=fit.table.means)) / fit.n


def residual_covariance(fit: FittedModel, place: int) -> Matrix:
    """Return the covariance matrix of a group's residual statistics."""
    solution, implied = fit.solution, fit.solution.implied[place]
    share = fit.used[place] / fit.n
    jacobian = implied.jacobian
    if isinstance(solution, LeastSquaresSolution):
        weighed = weighted(solution.V[place], jacobian)
        information = solution.information
    else:
        if isinstance(solution, FullSolution):
            A = solution.groups[place].moments(implied.mean, implied.covariance).information()
            A /= fit.used[place]
        else:
            A = normal_information(inverse(implied.covariance), means=fit.table.means)
        weighed = A @ jacobian
        information = solution.expected
    acov = _sample_covariance(fit, place)
    moved = share * jacobian @ np.linalg.solve(information, weighed.T)
    Q = np.eye(len(moved)) - moved
    return np.asarray(Q @ acov @ Q.T)


def root_mean_square(fit: FittedModel, *, close: float = 0.05, level: float = 0.90) -> RootMeanSquare:
    """Return SRMR of the covariances (of ordered items, correlations) with its interval, for one group.

    Notes
    -----
    Equals the column ``cov`` (``cor``) of ``lavaan::lavResiduals(fit)$summary``; of groups, the first.

    References
    ----------
    Maydeu-Olivares (2017). Assessing the size of model misfit in structural equation models. Psychometrika,
    82, 533-558.
    """
    found = residuals(fit)[0]
    k = len(fit.items)
    ordered = fit.table.ordered
    i, j = np.triu_indices(k, 1 if ordered else 0)
    acov = residual_covariance(fit, 0)[-len(i) :, -len(i) :]
    if not ordered:
        _, S = sample_moments(fit.solution, 0)
        unit = 1 / np.sqrt(np.diagonal(S)[i] * np.diagonal(S)[j])
        acov = acov * np.outer(unit, unit)
    e, count = found.scaled[i, j], k * (k + 1) / 2
    trace, squares, total = float(np.trace(acov)), float(np.sum(acov * acov)), float(e @ e)
    value, se = float(np.sqrt(total / count)), float(np.sqrt(squares / (2 * trace * count)))
    expected = float(np.sqrt(trace / count)) * (4 * trace**2 - squares) / (4 * trace**2)
    z = max(value - expected, 0) / se
    across = squares + 2 * float(e @ acov @ e)
    shrink = 1 - across / (4 * total**2)
    unbiased = float(np.sqrt(max(total - trace, 0) / count)) / shrink
    unbiased_se = float(np.sqrt(across / (2 * count * total))) / abs(shrink)
    width = float(ndtri((1 + level) / 2)) * unbiased_se
    z_close = (unbiased - close) / unbiased_se
    return RootMeanSquare(
        value=value,
        se=se,
        z=z,
        p=Probability(ndtr(-z)),
        unbiased=unbiased,
        unbiased_se=unbiased_se,
        low=unbiased - width,
        high=unbiased + width,
        z_close=z_close,
        p_close=Probability(ndtr(-z_close)),
    )
