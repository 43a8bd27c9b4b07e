"""The correlation matrix nearest to a matrix that is no correlation matrix of any data."""

from typing import Final

import numpy as np

from analysis.estimate import Matrix

LEAST_EIGENVALUE: Final = 1e-8


def nearest_correlation(R: Matrix, *, least: float = LEAST_EIGENVALUE) -> Matrix:
    """Return the correlation matrix nearest to `R` (in sum of squares) with no eigenvalue below `least`.

    Parameters
    ----------
    R : symmetric k x k with a unit diagonal
    least : the smallest eigenvalue allowed

    Returns
    -------
    k x k array

    Notes
    -----
    The N that makes Σ (R_ij - N_ij)² least, with N_ii = 1 and no eigenvalue below `least`, by alternating
    projections with Dykstra's correction (Higham 2002). Equals R's
    ``Matrix::nearPD(R, corr = TRUE, keepDiag = TRUE)$mat``; psych's ``cor.smooth`` raises the eigenvalues
    once and rescales, which changes more.

    References
    ----------
    Higham, N. J. (2002). Computing the nearest correlation matrix: a problem from finance. IMA Journal of
    Numerical Analysis, 22, 329-343.

    Examples
    --------
    >>> import numpy as np
    >>> R = np.array([[1, 0.9, 0.1], [0.9, 1, 0.9], [0.1, 0.9, 1]])
    >>> np.linalg.eigvalsh(R)[0] < 0, np.linalg.eigvalsh(nearest_correlation(R))[0] > 0
    (np.True_, np.True_)
    """
    near, correction = np.array(R, dtype=np.float64), np.zeros_like(R, dtype=np.float64)
    for _ in range(1000):
        shifted = near - correction
        definite = _with_eigenvalues(shifted, least)
        correction = definite - shifted
        before, near = near, definite.copy()
        np.fill_diagonal(near, 1)
        if np.abs(near - before).max() < LEAST_EIGENVALUE / 100:
            break
    definite = _with_eigenvalues(near, least)
    scale = np.sqrt(np.diag(definite))
    return np.asarray(definite / np.outer(scale, scale))


def _with_eigenvalues(R: Matrix, least: float) -> Matrix:
    values, vectors = np.linalg.eigh(R)
    return np.asarray((vectors * np.maximum(values, least)) @ vectors.T)


def is_definite(R: Matrix) -> bool:
    """Tell whether no eigenvalue is zero or less, within rounding."""
    return bool(np.linalg.eigvalsh(R)[0] > LEAST_EIGENVALUE)
