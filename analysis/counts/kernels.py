"""Counts and products over rows of small integers, compiled without the interpreter's lock."""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Planes = NDArray[np.uint64]
"""Bits in words of 64, one bit for each row; one plane for each item and category."""
Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_STEP: Final = 4096  # rows of a block that stays in the cache while every pair of items is multiplied


def compiled(kernel: Kernel) -> Kernel:
    """Compile on first use; keep the machine code beside the source, or nowhere if no folder is writable.

    Examples
    --------
    >>> compiled(lambda x: x + 1)(1)
    2
    """
    try:
        return cast(Kernel, njit(cache=True, nogil=True)(kernel))
    except RuntimeError:  # "no locator available": neither the source's folder nor the user's own is writable
        return cast(Kernel, njit(nogil=True)(kernel))


@intrinsic
def _population_count(_typing: Any, word: Any) -> Any:
    """Return the number of set bits: the processor's own instruction, which LLVM widens to vectors."""
    return types.uint64(word), lambda _context, builder, _signature, args: builder.ctpop(args[0])


@compiled
def add_counts(planes: Planes, c: int, total: Counts) -> None:  # noqa: ARG001 - the NumPy kernel's shape
    """Add the population count of every two planes' conjunction to the upper triangle of `total`."""
    m, words = planes.shape
    for i in range(m):
        for j in range(i, m):
            count = np.uint64(0)
            for w in range(words):
                count += _population_count(planes[i, w] & planes[j, w])  # type: ignore[call-arg]  # numba gives the first
            total[i, j] += np.int64(count)


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
