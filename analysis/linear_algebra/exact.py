"""Sums of products that are the same on every processor, in whatever order it adds.

Answers are small whole numbers, and sums of whole numbers below 2^53 are exact in double precision. Other
numbers are cut into slices of whole numbers, whose products add up exactly (Ozaki and others 2012).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from analysis.estimate import Matrix

BITS: Final = 53  # bits of a whole number in double precision
ROWS: Final = 8192  # rows of a block; with 30 items it stays in the cache between centring and multiplying
BITS_OF_FACTORS: Final = (BITS - 1 - ROWS.bit_length()) // 2  # so a block's products add up within BITS
SLICES: Final = 3  # slices of a number; the rest is smaller than rounding error

Sliced = list[tuple[Matrix, Matrix]]


def whole(X: Matrix) -> bool:
    """Whether all answers (none missing) are whole numbers."""
    return all(bool((X[rows] == np.rint(X[rows])).all()) for rows in blocks(len(X)))


def near(X: Matrix) -> Matrix:
    """Return a value close to each item's mean: a whole number where all answers (none missing) are.

    Deviations from it lose no digits, and those of whole answers stay whole.

    Examples
    --------
    >>> near(np.array([[1.0, 4.0], [2.0, 4.0], [2.0, 5.0]]))
    array([2., 4.])
    """
    means: Matrix = X.mean(axis=0)
    return np.rint(means) if whole(X) else means


def blocks(n: int) -> Iterator[slice]:
    """Yield the rows in parts that fit into the cache."""
    for first in range(0, n, ROWS):
        yield slice(first, first + ROWS)


def cross_products(A: Matrix, B: Matrix) -> Matrix:
    """Return A'B, the sums of products of the columns of the one with those of the other.

    Parameters
    ----------
    A, B : n x k and n x m arrays without a gap

    Returns
    -------
    k x m array
        The same on every processor: of whole numbers the sums themselves, as far as they are below 2^53, of
        others the sums but for the last digits.

    References
    ----------
    Ozaki, K., Ogita, T., Oishi, S., and Rump, S. M. (2012). Error-free transformations of matrix
    multiplication by using fast routines of matrix multiplication and its applications. Numerical
    Algorithms, 59, 95-118.

    Examples
    --------
    >>> cross_products(np.array([[1.0], [2.0]]), np.array([[0.5, 2.0], [0.25, 3.0]]))
    array([[1., 8.]])
    """
    total = np.zeros((A.shape[1], B.shape[1]))
    for rows in blocks(len(A)):
        left = _slices(A[rows], BITS_OF_FACTORS)
        right = left if A is B else _slices(B[rows], BITS_OF_FACTORS)
        for order in range(SLICES - 1, -1, -1):  # the smallest first
            for place, (of_a, size_a) in enumerate(left):
                if 0 <= order - place < len(right):
                    of_b, size_b = right[order - place]
                    total += (of_a.T @ of_b) * np.multiply.outer(size_a, size_b)
    return total


def weighted_sums(weights: Matrix, columns: Matrix, drawn: float) -> Matrix:
    """Return weights @ columns for whole weights that add up to no more than `drawn` in a row.

    Examples
    --------
    >>> weighted_sums(np.array([[2.0, 0.0, 1.0]]), np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]), 3)
    array([[ 5., 17.]])
    """
    slices = _slices(columns, BITS - 1 - int(drawn).bit_length())[: SLICES - 1]
    total = np.zeros((len(weights), columns.shape[1]))
    for part, size in reversed(slices):
        total += (weights @ part) * size
    return total


def _slices(A: Matrix, bits: int) -> Sliced:
    """Return whole numbers of so many bits that add up to A, the largest first, and their units."""
    if max(A.max(initial=0.0), -A.min(initial=0.0)) < 2.0**bits and whole(A):
        return [(A, np.ones(A.shape[1]))]
    largest = np.abs(A).max(axis=0)
    unit = np.ldexp(1.0, np.frexp(largest)[1] - bits)  # a power of two, so that scaling rounds nothing
    rest, slices = A / unit, list[tuple[Matrix, Matrix]]()
    for _ in range(SLICES):
        part = np.rint(rest)
        slices.append((part, unit))
        rest, unit = (rest - part) * 2.0**bits, unit / 2.0**bits
    return slices
