"""How the free parameters of a model make up the slopes and intercepts of its items."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.estimate import Matrix
from analysis.item_response.category_curves import Array, Family


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """The linear map from free parameters to slopes and intercepts: `design` (sparse) @ free.

    `place` (k x C) is the index of each item's slope and intercepts among all of them, -1 for none.
    """

    family: Family
    design: Any
    place: NDArray[np.int64]

    def unfold(self, free: Matrix) -> tuple[Matrix, Matrix]:
        """Return k slopes and k x (C - 1) intercepts, NaN beyond an item's own."""
        return self.unfold_values(self.design @ free)

    def unfold_values(self, values: Matrix) -> tuple[Matrix, Matrix]:
        """Return one number per slope and intercept as k and k x (C - 1), NaN beyond an item's own."""
        padded = np.where(self.place >= 0, values[self.place], np.nan)
        return padded[:, 0], padded[:, 1:]

    def gather(self, by_slot: Array) -> Matrix:
        """Return the sums, for each free parameter, of one number per slope and intercept (k x C)."""
        values = np.zeros(self.design.shape[0])
        used = self.place >= 0
        values[self.place[used]] = by_slot[used]
        return np.asarray(self.design.T @ values)

    def put_blocks(self, blocks: Array, whole: Matrix) -> None:
        """Write one matrix per item (k x C x C) to its place on the diagonal of `whole`."""
        rows, columns = np.broadcast_arrays(self.place[:, :, np.newaxis], self.place[:, np.newaxis, :])
        used = (rows >= 0) & (columns >= 0)
        whole[rows[used], columns[used]] = blocks[used]

    def reduce(self, whole: Matrix) -> Matrix:
        """Return a matrix of all slopes and intercepts as one of the free parameters."""
        return np.asarray(self.design.T @ (self.design.T @ whole).T)


def places(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where the slope and the intercepts of each item stand among all of them, k x C, -1 for none."""
    slots = np.arange(sizes.max())
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.where(slots < sizes[:, np.newaxis], first[:, np.newaxis] + slots, -1)
