"""Robust CFI, TLI and RMSEA of ordered items: the normal-theory fit of their polychoric correlations."""

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.discrepancy import normal_theory_weight, weighted
from analysis.factor_models.fit_measures import Corrected
from analysis.factor_models.solution import LeastSquaresSolution


def corrected_for_categories(solution: LeastSquaresSolution, df: int) -> Corrected | None:
    """Return the statistics behind the robust measures of ordered items.

    Savalei (2021): the normal-theory statistic of the polychoric correlations at the estimates of least
    squares, and the factor that it would have in expectation if the model held, tr(R' V R Γ) / df with
    R = I - Δ (Δ' W Δ)⁻¹ Δ' W. None where correlations are not positive definite.
    """
    if solution.gamma is None:
        return None
    value = baseline = 0.0
    normal, jacobians, moved, gammas = [], [], [], []
    for place, implied in enumerate(solution.implied):
        s, n, share = solution.statistics[place], solution.sizes[place], float(solution.weights[place])
        k = len(implied.correlation)
        i, j = np.triu_indices(k, 1)
        first = len(s) - len(i)
        R, model = np.eye(k), implied.correlation
        R[i, j] = R[j, i] = s[first:]
        if min(np.linalg.eigvalsh(R)[0], np.linalg.eigvalsh(model)[0]) < np.finfo(float).eps ** 0.5:
            return None
        log_determinant = float(np.linalg.slogdet(R)[1])
        W = np.linalg.inv(model)
        value += n * (float(np.linalg.slogdet(model)[1]) + float(np.sum(W * R)) - log_determinant - k)
        baseline -= n * log_determinant
        V = solution.V[place]
        jacobians.append(implied.jacobian[first:])
        moved.append(share * weighted(V, implied.jacobian)[first:])
        normal.append(share * _correlation_weight(W, k))
        gammas.append(solution.gamma[place][first:, first:] / share)
    inverse = np.linalg.inv(solution.information)
    total = 0.0
    for g, V in enumerate(normal):
        for h, gamma in enumerate(gammas):
            left = -jacobians[g] @ inverse @ moved[h].T
            if g == h:
                left += np.eye(len(left))
            total += float(np.sum((left.T @ V @ left) * gamma))
    spread = sum(float(np.trace(gamma)) for gamma in gammas)
    pairs = sum(len(gamma) for gamma in gammas)
    return Corrected(value=value, factor=total / df, baseline=baseline, baseline_factor=spread / pairs)


def _correlation_weight(W: Matrix, k: int) -> Matrix:
    upper = np.triu_indices(k)
    off = upper[0] != upper[1]
    return normal_theory_weight(W)[np.ix_(off, off)]
