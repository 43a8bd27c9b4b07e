"""Robust CFI, TLI and RMSEA of ordered items: the normal-theory fit of their polychoric correlations."""

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.discrepancy import normal_theory_weight
from analysis.factor_models.fit_measures import Corrected
from analysis.factor_models.solution import LeastSquaresSolution


def corrected_for_categories(solution: LeastSquaresSolution, df: int) -> Corrected | None:
    """Return the statistics behind robust measures, for one group.

    Savalei (2021): the normal-theory statistic of the polychoric correlations at the estimates of least
    squares, and what it would be expected to be if the model held. None where the correlations are not
    positive definite, or with several groups.
    """
    if len(solution.sizes) != 1 or solution.gamma is None:
        return None
    implied, s, n = solution.implied[0], solution.statistics[0], solution.sizes[0]
    k = len(implied.correlation)
    i, j = np.triu_indices(k, 1)
    first = len(s) - len(i)
    R = np.eye(k)
    R[i, j] = R[j, i] = s[first:]
    model = implied.correlation
    if min(np.linalg.eigvalsh(R)[0], np.linalg.eigvalsh(model)[0]) < np.finfo(float).eps ** 0.5:
        return None
    log_determinant = float(np.linalg.slogdet(R)[1])
    W = np.linalg.inv(model)
    value = n * (float(np.linalg.slogdet(model)[1]) + float(np.sum(W * R)) - log_determinant - k)
    V = _correlation_weight(W, k)
    jacobian = implied.jacobian[first:]
    weight = solution.V[0][first:] if solution.V[0].ndim == 1 else solution.V[0][first:, first:]
    moved = weight[:, None] * jacobian if weight.ndim == 1 else weight @ jacobian
    left = np.eye(len(i)) - jacobian @ np.linalg.solve(solution.information, moved.T)
    gamma = solution.gamma[0][first:, first:]
    factor = float(np.sum((left.T @ V @ left) * gamma)) / df
    return Corrected(
        value=value,
        factor=factor,
        baseline=-n * log_determinant,
        baseline_factor=float(np.trace(gamma)) / len(i),
    )


def _correlation_weight(W: Matrix, k: int) -> Matrix:
    upper = np.triu_indices(k)
    off = upper[0] != upper[1]
    return normal_theory_weight(W)[np.ix_(off, off)]
