"""Population counts of planes of bits, compiled."""

from typing import Any

import numpy as np
from numba.core import types
from numba.extending import intrinsic

from analysis.counts.compiled import compiled
from analysis.counts.joint import Counts, Planes


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
