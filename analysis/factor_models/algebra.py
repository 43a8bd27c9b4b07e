"""Inverses of matrices, with the type that the checker needs."""

import numpy as np

from analysis.estimate import Matrix


def inverse(matrix: Matrix) -> Matrix:
    """Return the inverse of a matrix, or of each of a stack.

    Examples
    --------
    >>> inverse(np.array([[2.0]]))
    array([[0.5]])
    """
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
