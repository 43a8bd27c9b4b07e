"""Joint counts: for every pair of items, the table of answers by answers, from which most figures follow."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.estimate import Matrix, PrintedTable, TableParts, as_array, check_size, divided, table

Counts = NDArray[np.int64]
Planes = NDArray[np.uint64]
Part = TypeVar("Part")

MAX_CATEGORIES: Final = 64
BLOCK_ROWS: Final = 16_384  # 256 words a plane: planes stay in the cache, and a count fits in 16 bits
COMPILE_FROM: Final = 100_000  # rows below which NumPy takes less time than the import of the compiler


class CodesError(ValueError):
    """Codes of `item` cannot be counted; `wrong` says why without naming one, as the message may do."""

    def __init__(self, message: str, item: str, wrong: str) -> None:
        super().__init__(message, item, wrong)
        self.item, self.wrong = item, wrong

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, kw_only=True)
class JointCounts(PrintedTable):
    """How often each pair of answers was given together.

    ``tables[i, j, a, b]`` is the number of rows that answered item i with category a and item j with category
    b; on the diagonal, ``tables[i, i, a, a]`` is the count of item i. Rows without one of the two answers are
    in `n` but not in that table. Counts of two parts of the data add up, with ``+`` or ``sum``, to the counts
    of the whole; a category that occurs in one part only is added to the other.
    """

    tables: Counts
    categories: tuple[float, ...]
    n: int
    names: tuple[str, ...] | None = None

    @property
    def k(self) -> int:
        """Number of items."""
        return len(self.tables)

    @cached_property
    def item_counts(self) -> Counts:
        """Counts, k x c: how often each item was answered with each category."""
        items = np.arange(self.k)
        return np.ascontiguousarray(np.diagonal(self.tables[items, items], axis1=1, axis2=2))

    @cached_property
    def pair_n(self) -> Counts:
        """Rows, k x k, that answered both items; on the diagonal, the item."""
        counts: Counts = self.tables.sum(axis=(2, 3))
        return counts

    @cached_property
    def complete(self) -> bool:
        """Whether every row answered every item."""
        return bool((self.pair_n == self.n).all())

    @cached_property
    def means(self) -> Matrix:
        """Mean of each item over the rows that answered it (NaN where none did)."""
        answered = np.diagonal(self.pair_n)
        return divided(self.item_counts @ np.array(self.categories), answered, otherwise=np.nan)

    @cached_property
    def covariance(self) -> Matrix:
        """Pairwise covariances, as R's ``cov(x, use = "pairwise")`` (NaN where fewer than two rows)."""
        xy, x, _ = self._sums
        expected = divided(x * x.T, self.pair_n, otherwise=np.nan)
        return divided(xy - expected, self.pair_n - 1, otherwise=np.nan)

    @cached_property
    def correlation(self) -> Matrix:
        """Pairwise correlations, as R's ``cor(x, use = "pairwise")`` (NaN where an item does not vary)."""
        xy, x, xx = self._sums
        squares = xx - divided(x * x, self.pair_n, otherwise=np.nan)
        cross = xy - divided(x * x.T, self.pair_n, otherwise=np.nan)
        return divided(cross, np.sqrt(squares * squares.T), otherwise=np.nan)

    @cached_property
    def _sums(self) -> tuple[Matrix, Matrix, Matrix]:
        """Sums of xy, x and x squared over each pair's rows, as deviations from a value of each item.

        This value is the category that most people chose, so that nothing cancels, and a constant item has a
        variance of exactly nought.
        """
        categories, by_first = np.array(self.categories), self.tables.sum(axis=3)
        values = np.zeros((self.k, len(categories)))
        if values.size:
            values = categories - categories[self.item_counts.argmax(axis=1)][:, None]
        xy = np.einsum("ijab,ia,jb->ij", self.tables, values, values, optimize=True)
        x, xx = (np.einsum("ija,ia->ij", by_first, power) for power in (values, values**2))
        return xy, x, xx

    def take(self, items: Sequence[int]) -> "JointCounts":
        """Return the counts of some of the items, in the order given."""
        chosen = np.asarray(items, dtype=np.intp)
        names = None if self.names is None else tuple(self.names[i] for i in chosen)
        tables = self.tables[np.ix_(chosen, chosen)]
        return JointCounts(tables=tables, categories=self.categories, n=self.n, names=names)

    def recoded(self, categories: Sequence[float]) -> "JointCounts":
        """Return the same counts over a longer list of categories."""
        places = [list(categories).index(value) for value in self.categories]
        tables = np.zeros((self.k, self.k, len(categories), len(categories)), np.int64)
        tables[:, :, np.array(places, np.intp)[:, None], np.array(places, np.intp)] = self.tables
        return JointCounts(tables=tables, categories=tuple(categories), n=self.n, names=self.names)

    def turned(self, ends: Mapping[int, float]) -> "JointCounts":
        """Return the counts with some items turned round: x becomes ends - x, the lowest plus the highest.

        `ends` are those sums by the items' places. Categories that no item has any more are left out.
        """
        own = [[ends[i] - x if i in ends else x for x in self.categories] for i in range(self.k)]
        given = [
            [x for x, n in zip(*each, strict=True) if n] for each in zip(own, self.item_counts, strict=True)
        ]
        union = sorted({x for each in given for x in each})
        # The place of each new category among the old ones; the last, which is empty, where there is none.
        places = np.array(
            [[each.index(x) if x in each else len(each) for x in union] for each in own], np.intp
        )
        c = len(self.categories)
        padded = np.zeros((self.k, self.k, c + 1, c + 1), np.int64)
        padded[:, :, :c, :c] = self.tables
        items = np.arange(self.k)
        tables = padded[
            items[:, None, None, None],
            items[None, :, None, None],
            places.reshape(self.k, 1, len(union), 1),
            places.reshape(1, self.k, 1, len(union)),
        ]
        return JointCounts(tables=tables, categories=tuple(union), n=self.n, names=self.names)

    def __add__(self, other: "JointCounts") -> "JointCounts":
        if not isinstance(other, JointCounts):
            return NotImplemented
        if (self.k, self.names) != (other.k, other.names):
            raise ValueError(f"counts of different items do not add up: {self.names} and {other.names}")
        union = tuple(sorted({*self.categories, *other.categories}))
        if len(union) > MAX_CATEGORIES:
            given = np.zeros((self.k, len(union)), np.bool_)
            for each in (self, other):
                given[:, np.searchsorted(union, each.categories)] |= each.item_counts > 0
            raise _too_many(len(union), given.sum(axis=1), self.names)
        tables = self.recoded(union).tables + other.recoded(union).tables
        return JointCounts(tables=tables, categories=union, n=self.n + other.n, names=self.names)

    def __radd__(self, zero: int) -> "JointCounts":
        return self if zero == 0 else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JointCounts):
            return NotImplemented
        mine, theirs = (self.n, self.categories, self.names), (other.n, other.categories, other.names)
        return mine == theirs and np.array_equal(self.tables, other.tables)

    __hash__ = None  # type: ignore[assignment]  # equal by content, like the arrays it holds

    def _table(self) -> TableParts:
        names = self.names or tuple(f"item {i + 1}" for i in range(self.k))
        headers = ["item", *(f"{value:g}" for value in self.categories), "missing"]
        missing = self.n - self.item_counts.sum(axis=1)
        rows: list[list[object]] = [
            [name, *map(int, counts), int(without)]
            for name, counts, without in zip(names, self.item_counts, missing, strict=True)
        ]
        return headers, rows

    def __repr__(self) -> str:
        return f"JointCounts(k={self.k}, categories={self.categories}, n={self.n})"

    def __str__(self) -> str:
        return f"{self.n} rows\n" + table(*self._table())


def joint_counts(
    X: ArrayLike,
    *,
    categories: Sequence[float] | None = None,
    missing: Sequence[float] = (),
    names: Sequence[str] | None = None,
) -> JointCounts:
    """Count, for every pair of items, how often each pair of answers was given together.

    Parameters
    ----------
    X : n x k array of numbers
        Rows are people, columns items; integers (int8 is fastest) or floats, NaN where there is no answer.
        Never copied whole: only one block of rows at a time.
    categories : the answers there can be; by default those that occur
    missing : codes that stand for no answer
    names : names of the items

    Returns
    -------
    JointCounts
        k x k tables of c x c counts, and how many rows answered both items of each pair.

    Raises
    ------
    ValueError
        `X` is not n x k, or there is not a name for each item.
    CodesError
        `X` holds a value that is no category, or more different values than there can be categories.

    Notes
    -----
    Each (item, category) becomes a plane of bits, one bit a row; a cell of a table is the population count of
    two planes' conjunction, 64 rows to an instruction. Equals R's ``table(x[, i], x[, j])`` for every pair.

    Examples
    --------
    >>> import numpy as np
    >>> counts = joint_counts(np.array([[1, 1], [1, 2], [2, np.nan]]))
    >>> counts.tables[0, 1]
    array([[1, 1],
           [0, 0]])
    >>> counts.pair_n
    array([[3, 2],
           [2, 2]])
    """
    return _counted(X, categories, missing, names, processors())


def block_counts(
    X: ArrayLike,
    *,
    categories: Sequence[float] | None = None,
    missing: Sequence[float] = (),
    names: Sequence[str] | None = None,
) -> JointCounts:
    """Return what `joint_counts` does, computed by the calling thread alone: one of several that count."""
    return _counted(X, categories, missing, names, 1)


def _counted(
    X: ArrayLike,
    categories: Sequence[float] | None,
    missing: Sequence[float],
    names: Sequence[str] | None,
    workers: int,
) -> JointCounts:
    data = as_array(X)
    if data.dtype.kind == "b":
        data = data.astype(np.int8)
    if data.ndim != 2:  # noqa: PLR2004 - rows by items
        raise ValueError(f"answers must be an n x k array (rows by items), not of {data.ndim} dimensions")
    if names is not None and len(names) != data.shape[1]:
        raise ValueError(f"{len(names)} names for {data.shape[1]} items")
    values = (
        _observed(data, missing, workers) if categories is None else sorted({float(v) for v in categories})
    )
    if not np.isfinite(values).all():
        raise ValueError("categories must be finite numbers")
    if len(values) > MAX_CATEGORIES:
        if categories is not None:
            raise ValueError(f"{len(values)} categories; there can be {MAX_CATEGORIES}")
        given = [len(_observed(data[:, [item]], missing, 1)) for item in range(data.shape[1])]
        raise _too_many(len(values), given, names)
    n, k = data.shape
    m = k * len(values)
    add = _compiled_counts() if n >= COMPILE_FROM else _add_counts

    def count(starts: range) -> Counts:
        total = np.zeros((m, m), np.int64)
        for start in starts:
            block = data[start : start + BLOCK_ROWS]
            planes = _planes(block, values)
            if categories is not None and np.bitwise_count(planes).sum() < block.size:
                _refuse_unknown(block, start, (*values, *missing), names)
            add(planes, len(values), total)
        return total

    half = sum(_in_stripes(count, n, workers), np.zeros((m, m), np.int64))
    upper = np.triu(half)
    tables = (upper + np.triu(half, 1).T).reshape(k, len(values), k, len(values)).transpose(0, 2, 1, 3)
    return JointCounts(
        tables=np.ascontiguousarray(tables),
        categories=tuple(values),
        n=n,
        names=None if names is None else tuple(names),
    )


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_stripes(work: Callable[[range], Part], n: int, workers: int) -> Iterator[Part]:
    """Share the starts of the blocks of n rows among threads, each an unbroken stripe."""
    starts = range(0, n, BLOCK_ROWS)
    if workers == 1 or len(starts) < 2 * workers:
        yield work(starts)
        return
    cuts = [len(starts) * part // workers for part in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(work, [starts[first:last] for first, last in pairwise(cuts)])


def _too_many(number: int, given: ArrayLike, names: Sequence[str] | None) -> CodesError:
    """Return the error for so many different values, of which each item has so many."""
    return CodesError(
        f"{number} different values: these are measurements rather than categories; "
        "give the rows themselves, or the categories",
        _name(int(np.argmax(given)), names),
        f"more than {MAX_CATEGORIES} different codes in all columns together, most of them here",
    )


def _name(item: int, names: Sequence[str] | None) -> str:
    return f"item {item + 1}" if names is None else names[item]


def _observed(data: NDArray[Any], missing: Sequence[float], workers: int) -> list[float]:
    """Return the values that occur, in order, without those that stand for no answer."""

    def distinct(starts: range) -> set[float]:
        found: set[float] = set()
        for start in starts:
            found.update(_distinct(data[start : start + BLOCK_ROWS]))
            if len(found) > MAX_CATEGORIES + len(missing):
                break
        return found

    values = set().union(*_in_stripes(distinct, len(data), workers)) - {float(code) for code in missing}
    if values:
        check_size(min(values), max(values))
    return sorted(values)


def _distinct(block: NDArray[Any]) -> list[float]:
    if block.size == 0:
        return []
    if block.dtype.kind == "f":
        values = np.unique(block)
        return [float(value) for value in values[~np.isnan(values)]]
    low, high = int(block.min()), int(block.max())
    if high - low > 255:  # noqa: PLR2004 - more than a byte can hold: sorting is quicker than looking for each
        return [float(value) for value in np.unique(block)]
    return [float(value) for value in range(low, high + 1) if (block == value).any()]


def _planes(block: NDArray[Any], values: Sequence[float]) -> Planes:
    """Return one plane of bits for each (item, category), a bit set where the row gave that answer."""
    columns = np.ascontiguousarray(block.T)
    words = -(-len(block) // 64)
    planes = np.zeros((len(columns) * len(values), words), np.uint64)
    filled = planes.view(np.uint8)[:, : -(-len(block) // 8)]
    for place, value in enumerate(values):
        if columns.dtype.kind == "f" or value.is_integer():
            code = value if columns.dtype.kind == "f" else int(value)
            filled[place :: len(values)] = np.packbits(columns == code, axis=1)
    return planes


def _refuse_unknown(
    block: NDArray[Any], start: int, known: Sequence[float], names: Sequence[str] | None
) -> None:
    """Raise CodesError where the block holds a value that is neither a category nor missing."""
    unknown = ~np.isin(block, known)
    if block.dtype.kind == "f":
        unknown &= ~np.isnan(block)
    if unknown.any():
        row, item = np.argwhere(unknown)[0]
        name, none = _name(item, names), "is none of the categories or missing codes "
        none += ", ".join(f"{value:g}" for value in known)
        message = f"row {start + row + 1}, {name}: {block[row, item]:g} {none}"
        raise CodesError(message, name, f"a code {none}")


def _add_counts(planes: Planes, c: int, total: Counts) -> None:
    """Add the population count of every two planes' conjunction to the upper triangle of `total`."""
    for first in range(0, len(planes), max(c, 1)):
        both = planes[first : first + c, None] & planes[None, first:]
        total[first : first + c, first:] += np.bitwise_count(both).sum(axis=2, dtype=np.uint16)


def _compiled_counts() -> Callable[[Planes, int, Counts], None]:
    from analysis.counts.kernels import add_counts  # noqa: PLC0415 - the compiler takes half a second to import

    return add_counts
