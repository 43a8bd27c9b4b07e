"""Answers as response models use them: categories numbered from 0 in each item, equal rows counted once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimate import Matrix, Unavailable, as_matrix

Codes = NDArray[np.int16]

MOST_CATEGORIES: Final = 60
BITS: Final = 62  # bits of a whole number that holds a row


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponsePatterns:
    """Distinct rows of answers to k items.

    `codes` is patterns x k: the number of the category, counted from 0 among those that occur in the item, or
    -1 where there is no answer. `weight` counts the people of each pattern. `pattern_of` is, for each row of
    the answers as given, its pattern, or -1 for a row with no answer at all. `categories` holds the
    answers that occur in each item, in ascending order.
    """

    codes: Codes
    weight: Matrix
    pattern_of: NDArray[np.int64]
    categories: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]

    @property
    def n(self) -> int:
        """Number of people with at least one answer."""
        return int(self.weight.sum())

    @property
    def k(self) -> int:
        """Number of items."""
        return int(self.codes.shape[1])

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of categories of each item."""
        return np.array([len(found) for found in self.categories])

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Which patterns have an answer to every item."""
        return np.asarray((self.codes >= 0).all(axis=1))

    def for_rows(self, of_patterns: Matrix) -> Matrix:
        """Return one value (or row) per row of the answers as given, NaN for a row with no answer."""
        found = of_patterns[self.pattern_of].astype(np.float64)
        found[self.pattern_of < 0] = np.nan
        return found


def response_patterns(
    X: ArrayLike, *, names: Sequence[str] | None = None, shared: bool = False
) -> ResponsePatterns | Unavailable:
    """Return the distinct rows of answers.

    Parameters
    ----------
    X
        Answers, n x k, NaN where there is none. A row without any answer is not counted.
    names
        Of the items; by default "item 1" and so on.
    shared
        Whether all items have the categories that occur in any of them.

    Returns
    -------
    ResponsePatterns or Unavailable
        Unavailable with no rows, and where an item has the same answer in every row. A category that nobody
        chose has no parameter: the categories that occur are numbered on.

    Raises
    ------
    ValueError
        Where an item has more than 60 different answers: those are measurements.

    Examples
    --------
    >>> found = response_patterns([[1, 1], [5, 2], [1, 1]])
    >>> found.codes.tolist(), found.weight.tolist(), found.categories
    ([[0, 0], [1, 1]], [2.0, 1.0], ((1.0, 5.0), (1.0, 2.0)))
    """
    rows = as_matrix(X)
    k = rows.shape[1]
    said = tuple(f"item {j + 1}" for j in range(k)) if names is None else tuple(names)
    if len(said) != k:
        raise ValueError(f"there are {k} items but {len(said)} names")
    answered = (~np.isnan(rows)).any(axis=1) if k else np.zeros(len(rows), dtype=bool)
    if not answered.any():
        return Unavailable(reason="too few rows", detail="no row has an answer")
    codes = np.full((int(answered.sum()), k), -1, dtype=np.int16)
    occurring = [np.unique(column[~np.isnan(column)]) for column in rows[answered].T]
    for name, values in zip(said, occurring, strict=True):
        if len(values) > MOST_CATEGORIES:
            raise ValueError(f"{name} has {len(values)} different answers, which are measurements")
    constant = [name for name, values in zip(said, occurring, strict=True) if len(values) < 2]  # noqa: PLR2004
    if constant:
        return Unavailable(reason="constant item", detail=", ".join(constant))
    if shared:
        occurring = [np.unique(np.concatenate(occurring))] * k
    for j, (column, values) in enumerate(zip(rows[answered].T, occurring, strict=True)):
        given = ~np.isnan(column)
        codes[given, j] = np.searchsorted(values, column[given])
    categories = [tuple(values.tolist()) for values in occurring]
    kept, weight, places = distinct(codes)
    pattern_of = np.full(len(rows), -1, dtype=np.int64)
    pattern_of[answered] = places
    return ResponsePatterns(
        codes=kept, weight=weight, pattern_of=pattern_of, categories=tuple(categories), names=said
    )


def distinct(codes: Codes) -> tuple[Codes, Matrix, NDArray[np.int64]]:
    """Return distinct rows, their counts, and which of them each row is; with too many rows all are kept."""
    sizes = codes.max(axis=0).astype(np.int64) + 2
    if np.log2(sizes).sum() >= BITS:
        return np.ascontiguousarray(codes), np.ones(len(codes)), np.arange(len(codes))
    factors = np.concatenate([[1], np.cumprod(sizes[:-1])])
    packed = (codes.astype(np.int64) + 1) @ factors
    _, first, places, weight = np.unique(packed, return_index=True, return_inverse=True, return_counts=True)
    return np.ascontiguousarray(codes[first]), weight.astype(np.float64), places.astype(np.int64)
