"""Robust CFI, TLI and RMSEA of ordered items: the normal-theory fit of their polychoric correlations."""

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.algebra import inverse
from analysis.factor_models.confirmatory.estimation.discrepancy import weighted
from analysis.factor_models.confirmatory.estimation.least_squares import LeastSquaresSolution
from analysis.factor_models.confirmatory.fit_measures import Corrected


def corrected_for_categories(solution: LeastSquaresSolution, df: int) -> Corrected | None:
    """Return the statistics behind the robust measures of ordered items.

    Savalei (2021): the normal-theory statistic of the polychoric correlations at the estimates of least
    squares, and the factor that it would have in expectation if the model held, tr(R' V R Γ) / df with
    R = I - Δ (Δ' W Δ)⁻¹ Δ' W. None where correlations are not positive definite.
    """
    if solution.gamma is None:
        return None
    value = baseline = spread = trace = 0.0
    pairs, count = 0, solution.structure.count
    bread = inverse(solution.information)
    outer, inner = np.zeros((count, count)), np.zeros((count, count))
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
        W = inverse(model)
        value += n * (float(np.linalg.slogdet(model)[1]) + float(np.sum(W * R)) - log_determinant - k)
        baseline -= n * log_determinant
        gamma = solution.gamma[place][first:, first:]
        jacobian = implied.jacobian[first:]
        moved = weighted(solution.V[place], implied.jacobian)[first:]
        through, normal = gamma @ moved, _information_times(W, jacobian)
        outer += share * (moved.T @ through)
        inner += share * (jacobian.T @ normal)
        trace += float(np.sum(_information_times(W, gamma) * np.eye(len(gamma))))
        trace -= 2 * share * float(np.sum(bread * (through.T @ normal).T))
        spread += float(np.trace(gamma)) / share
        pairs += len(gamma)
    trace += float(np.sum((bread @ outer) * (bread @ inner).T))
    return Corrected(value=value, factor=trace / df, baseline=baseline, baseline_factor=spread / pairs)


def _information_times(W: Matrix, X: Matrix) -> Matrix:
    """Return the normal-theory information of correlations times columns of them: W dR W for each."""
    k = len(W)
    i, j = np.triu_indices(k, 1)
    square = np.zeros((X.shape[1], k, k))
    square[:, i, j] = square[:, j, i] = X.T
    return np.ascontiguousarray(np.matmul(np.matmul(W, square), W)[:, i, j].T)
