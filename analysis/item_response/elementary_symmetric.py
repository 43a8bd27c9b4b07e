"""Moments of answers given their sum, by elementary symmetric functions.

Items are given by weights of their categories, k x C, that add up to 1 in each item: their probabilities at
any one θ. The distribution of the sum is then the product of the items' polynomials, and everything that is
conditional on the sum is free of θ.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.counts.kernels import compiled

Array = NDArray[np.float64]
Sizes = NDArray[np.int64]


@compiled
def convolved(one: Array, two: Array, length: int) -> Array:
    """Return the first coefficients of the product of two polynomials."""
    found = np.zeros(length)
    for i in range(one.size):
        if one[i] != 0.0:
            for j in range(min(two.size, length - i)):
                found[i + j] += one[i] * two[j]
    return found


@compiled
def sums_after(weights: Array, sizes: Sizes) -> Array:
    """Return the distributions of the sum of the items from the j-th on, (k + 1) x sums."""
    k = sizes.size
    most = 0
    for j in range(k):
        most += sizes[j] - 1
    found = np.zeros((k + 1, most + 1))
    found[k, 0] = 1.0
    for j in range(k - 1, -1, -1):
        found[j] = convolved(found[j + 1], weights[j, : sizes[j]], most + 1)
    return found


@compiled
def conditional_moments(  # noqa: PLR0917 - compiled code takes no keywords
    weights: Array, sizes: Sizes, people: Array, place: NDArray[np.int64], first: Array, second: Array
) -> None:
    """Add to `first` (p) and `second` (p x p) the expected counts of categories and of pairs of them.

    `people` counts those with each sum of category numbers. `place` (k x C) is the index of each category, -1
    for the lowest. The second moments within one item are its first moments, on the diagonal.
    """
    k = sizes.size
    after = sums_after(weights, sizes)
    whole = after[0]
    length = whole.size
    share = np.zeros(length)
    for r in range(length):
        if people[r] > 0.0:
            share[r] = people[r] / whole[r]
    before = np.zeros(length)
    before[0] = 1.0
    for i in range(k):
        rest = convolved(before, after[i + 1], length)
        for c in range(1, sizes[i]):
            total = 0.0
            for r in range(c, length):
                total += share[r] * rest[r - c]
            first[place[i, c]] += total * weights[i, c]
            second[place[i, c], place[i, c]] += total * weights[i, c]
        between = before.copy()
        for j in range(i + 1, k):
            rest = convolved(between, after[j + 1], length)
            for step in range(2, sizes[i] + sizes[j] - 1):
                total = 0.0
                for r in range(step, length):
                    total += share[r] * rest[r - step]
                for c in range(max(1, step - sizes[j] + 1), min(sizes[i], step)):
                    product = total * weights[i, c] * weights[j, step - c]
                    second[place[i, c], place[j, step - c]] += product
                    second[place[j, step - c], place[i, c]] += product
            between = convolved(between, weights[j, : sizes[j]], length)
        before = convolved(before, weights[i, : sizes[i]], length)
