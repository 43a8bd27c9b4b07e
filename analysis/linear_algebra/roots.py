"""Roots of correlation matrices from rows, which keep digits that the correlations lose near singularity.

With R = T'T, an eigenvalue of R is the square of a singular value of T. Rounding leaves five digits of an
eigenvalue of 1e-10 computed from R, and eleven if it is computed from T, which is made of the rows without R.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix, Unavailable

CLEAR: Final = 1e-5  # an eigenvalue above this share of the largest has eleven digits when computed from R
NOUGHT: Final = 1e-13  # below this share an eigenvalue of R is rounding error
NOUGHT_IN_ROWS: Final = 1e-24  # the same of T'T, where T is made of the rows
DIGITS: Final = 1e4  # an eigenvalue this many times larger has the four digits that a figure needs
OUTSIDE: Final = 1e-8  # largest share in the dependent directions of an item that is not dependent

TOO_NEAR: Final = Unavailable(
    reason="singular matrix", detail="or so nearly that the answers do not tell which: rounding would decide"
)


@dataclass(frozen=True, kw_only=True)
class Root:
    """Eigenvalues (ascending) and eigenvectors (k x k) of a correlation matrix R.

    `independent` says which eigenvalues are not nought; `certain` whether each clearly is or is not.
    """

    eigenvalues: Matrix
    vectors: Matrix
    independent: NDArray[np.bool_]
    certain: bool

    @property
    def free(self) -> NDArray[np.bool_]:
        """The items that others do not determine."""
        free: NDArray[np.bool_] = np.square(self.vectors[:, ~self.independent]).sum(axis=1) < OUTSIDE**2
        return free

    @property
    def inverse(self) -> Matrix:
        """A matrix A (k x rank) such that A A' is the inverse of R; of the free items alone if R has none."""
        inverse: Matrix = self.vectors[:, self.independent] / np.sqrt(self.eigenvalues[self.independent])
        return inverse


def root_of(R: Matrix, rows: Matrix | None = None) -> Root:
    """Return the root of correlations; near singularity, of the n x k rows where they are known."""
    nought = NOUGHT
    eigenvalues, vectors = np.linalg.eigh(R)
    if rows is not None and eigenvalues[0] < CLEAR * eigenvalues[-1]:
        singular, vectors = _of_rows(rows)
        eigenvalues, nought = np.square(singular), NOUGHT_IN_ROWS
    share = eigenvalues / eigenvalues[-1]
    return Root(
        eigenvalues=eigenvalues,
        vectors=vectors,
        independent=share > nought,
        certain=not ((share > nought) & (share < DIGITS * nought)).any(),
    )


def _of_rows(rows: Matrix) -> tuple[Matrix, Matrix]:
    """Return singular values, rising, and vectors of the rows as standardised items."""
    _, triangle = orthogonal(rows)
    found = np.linalg.svd(triangle)
    values = np.zeros(rows.shape[1])
    values[: len(found.S)] = found.S
    return values[::-1], found.Vh[::-1].T


def orthogonal(rows: Matrix) -> tuple[Matrix, Matrix]:
    """Return Q (n x k) and T (k x k) whose product is the rows with each item centred to length 1."""
    rows = np.ascontiguousarray(rows)  # so that sums run in one order, whatever the memory layout
    units = rows - rows.mean(axis=0)
    units -= units.mean(axis=0)  # removes the rounding error of the means
    units /= np.sqrt(np.square(units).sum(axis=0))
    Q, T = np.linalg.qr(units)
    return Q, T
