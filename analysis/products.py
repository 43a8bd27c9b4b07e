"""Sums and products of items over rows of small integers, compiled."""

import numpy as np
from numpy.typing import NDArray

from analysis.compiled import compiled
from analysis.counts import Counts

_STEP = 4096  # rows of 16-bit items that stay in cache while every pair is multiplied


@compiled
def add_products(items: NDArray[np.int8], sums: Counts, products: Counts) -> None:
    """Add, over the rows of k x n items, the sum of each item and of each two items' product, i <= j.

    Sums of a block are kept in 32 bits, which a processor multiplies and adds 32 at a time; 4096 products of
    two bytes cannot exceed them.
    """
    k, n = items.shape
    wide = np.empty((k, _STEP), np.int16)
    for start in range(0, n, _STEP):
        rows = min(_STEP, n - start)
        for i in range(k):
            total = np.int32(0)
            for r in range(rows):
                wide[i, r] = items[i, start + r]
                total = np.int32(total + np.int32(wide[i, r]))
            sums[i] += total
        for i in range(k):
            for j in range(i, k):
                product = np.int32(0)
                for r in range(rows):
                    product = np.int32(product + np.int32(wide[i, r]) * np.int32(wide[j, r]))
                products[i, j] += product
