"""Roots and determinants by plain elimination, in one order of operations on every processor.

LAPACK adds in an order that depends on the processor. If a matrix is nearly singular, figures made of its
inverse or determinant have few correct digits, and differ between processors. Here each step is done element
by element, so that all processors round alike.
"""

import numpy as np

from analysis.estimate import Matrix


def lower_root(S: Matrix) -> Matrix:
    """Return the lower triangular L with LL' = S, which is Cholesky's decomposition.

    Parameters
    ----------
    S : symmetric k x k, positive definite

    Returns
    -------
    k x k array

    Raises
    ------
    numpy.linalg.LinAlgError
        where S is not positive definite

    Examples
    --------
    >>> lower_root(np.array([[4.0, 2.0], [2.0, 2.0]]))
    array([[2., 0.],
           [1., 1.]])
    """
    left, L = np.array(S, dtype=np.float64), np.zeros(S.shape)
    for j in range(len(S)):
        if not left[j, j] > 0:
            raise np.linalg.LinAlgError("the matrix is not positive definite")
        L[j:, j] = left[j:, j] / np.sqrt(left[j, j])
        left[j + 1 :, j + 1 :] -= np.multiply.outer(L[j + 1 :, j], L[j + 1 :, j])
    return L


def inverse_root(S: Matrix) -> Matrix:
    """Return T with TST' = I, the inverse of `lower_root`: x'S⁻¹x is the sum of squares of Tx.

    Parameters, errors: as for `lower_root`.

    Examples
    --------
    >>> inverse_root(np.array([[4.0, 2.0], [2.0, 2.0]]))
    array([[ 0.5,  0. ],
           [-0.5,  1. ]])
    """
    L = lower_root(S)
    T = np.eye(len(L))
    for j in range(len(L)):
        T[j] /= L[j, j]
        T[j + 1 :] -= np.multiply.outer(L[j + 1 :, j], T[j])
    return T


def log_determinant(S: Matrix) -> float:
    """Return the logarithm of the determinant of a positive definite matrix.

    Parameters, errors: as for `lower_root`. Equals R's ``determinant(S)$modulus``.

    Examples
    --------
    >>> round(log_determinant(np.array([[4.0, 2.0], [2.0, 2.0]])), 6) == round(float(np.log(4)), 6)
    True
    """
    return 2 * float(np.log(np.diagonal(lower_root(S))).sum())
