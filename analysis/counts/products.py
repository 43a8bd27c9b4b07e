"""Sums and products of items over rows of small integers, compiled."""

import numpy as np
from numpy.typing import NDArray

from analysis.counts.compiled import compiled
from analysis.counts.joint import Counts

_STEP = 4096  # rows that stay in cache while every pair of items is multiplied


@compiled
def _product(one: NDArray[np.int16], two: NDArray[np.int16]) -> np.int32:
    # 32 bits hold 4096 products of two bytes, and processors multiply and add 16 or 32 of these at a time.
    total = np.int32(0)
    for r in range(one.size):
        total = np.int32(total + np.int32(one[r]) * np.int32(two[r]))
    return total


@compiled
def add_products(items: NDArray[np.int8], sums: Counts, products: Counts) -> None:
    """Add, over the rows of k x n items, the sum of each item and of each two items' product, i <= j."""
    k, n = items.shape
    wide = np.empty((k, _STEP), np.int16)
    ones = np.ones(_STEP, np.int16)
    for start in range(0, n, _STEP):
        rows = min(_STEP, n - start)
        for i in range(k):
            for r in range(rows):
                wide[i, r] = items[i, start + r]
            sums[i] += _product(wide[i, :rows], ones[:rows])
        for i in range(k):
            for j in range(i, k):
                products[i, j] += _product(wide[i, :rows], wide[j, :rows])
