"""The sample's moments behind a solution, group by group."""

import numpy as np

from analysis.estimate import Matrix
from analysis.factor_models.confirmatory.estimation.fitting import AnySolution
from analysis.factor_models.confirmatory.estimation.full_solution import FullSolution
from analysis.factor_models.confirmatory.estimation.least_squares import LeastSquaresSolution
from analysis.factor_models.confirmatory.estimation.normal_solution import NormalSolution


def sample_correlation(solution: LeastSquaresSolution, group: int) -> tuple[Matrix, Matrix]:
    """Return a group's polychoric correlations and thresholds."""
    k = len(solution.structure.table.items)
    s = solution.statistics[group]
    pairs = k * (k - 1) // 2
    R = np.eye(k)
    i, j = np.triu_indices(k, 1)
    R[i, j] = R[j, i] = s[len(s) - pairs :]
    return R, s[: len(s) - pairs]


def sample_moments(solution: AnySolution, group: int) -> tuple[Matrix, Matrix]:
    """Return a group's means and covariances (of full information, the unrestricted ones)."""
    if isinstance(solution, NormalSolution):
        return solution.groups[group].mean, solution.groups[group].covariance
    if isinstance(solution, FullSolution):
        mean, covariance, _ = solution.groups[group].saturated
        return mean, covariance
    k = len(solution.structure.table.items)
    s = solution.statistics[group]
    upper = s[len(s) - k * (k + 1) // 2 :]
    S = np.empty((k, k))
    i, j = np.triu_indices(k)
    S[i, j] = S[j, i] = upper
    return (s[:k] if solution.structure.table.means else np.zeros(k)), S
