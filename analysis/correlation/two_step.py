"""The two steps behind polychoric correlations, for all pairs at once: thresholds from the margins, then r.

Items may come from one data set or from many resamples of it: a pair is two indices into a list of items.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.correlation import bivariate_normal
from analysis.estimate import Matrix

Correction = Literal["lavaan", "psych"] | float
Index = NDArray[np.intp]
Flags = NDArray[np.bool_]

BOUND: Final = 0.999
_NOISE: Final = 1e-16  # error of a difference of probabilities
_RARE: Final = 1e-10  # so an observed cell whose probability is below this is computed by itself
_LEAST: Final = 1e-290
_SETTLED: Final = 1e-7  # Newton's method squares its error at each step: after the next one it would be 1e-14
_SETTLED_BY_CHANCE: Final = 1e-4  # after the next step it would be 1e-8, far below what chance adds to r
_FLAT: Final = 1e-6  # information below which a likelihood counts as flat: a standard error of a thousand
_NEWTON_STEPS: Final = 30
_MOST_STEPS: Final = 90
_ROWS: Final = 2048  # rows whose influence is held in memory at once: 9 MB for 30 items


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """Tables of pairs of items `i` and `j`, and the thresholds of the items.

    Categories that an item does not use are moved behind those it does (`order`), its thresholds there are
    infinite, and `used` is how many it does use.
    """

    i: Index
    j: Index
    tables: Matrix
    margins: Matrix
    thresholds: Matrix
    order: Index
    used: Index

    @property
    def h(self) -> Matrix:
        """Thresholds of the rows of each table."""
        return self.thresholds[self.i]

    @property
    def k(self) -> Matrix:
        """Thresholds of the columns of each table."""
        return self.thresholds[self.j]

    @property
    def real(self) -> Flags:
        """The cells that lie between used categories."""
        within = np.arange(self.margins.shape[1]) < self.used[:, None]
        return np.asarray(within[self.i][:, :, None] & within[self.j][:, None, :])

    @property
    def empty(self) -> Flags:
        """The pairs whose table has an empty cell."""
        return np.asarray(((self.tables == 0) & self.real).any(axis=(1, 2)))


def prepare(item_counts: NDArray[Any], tables: NDArray[Any], i: Index, j: Index) -> Pairs:
    """Return pairs ready for estimation from items x categories counts and pairs x categories^2 tables."""
    used = (item_counts > 0).sum(axis=1)
    order = np.argsort(item_counts <= 0, axis=1, kind="stable")[:, : used.max()]
    margins = np.take_along_axis(item_counts, order, axis=1).astype(np.float64)
    if order.shape == item_counts.shape and (used == order.shape[1]).all():
        moved = np.asarray(tables, dtype=np.float64)
    else:
        pair = np.arange(len(tables))[:, None, None]
        moved = tables[pair, order[i][:, :, None], order[j][:, None, :]].astype(np.float64)
    return Pairs(
        i=i, j=j, tables=moved, margins=margins, thresholds=_thresholds(margins), order=order, used=used
    )


def _thresholds(margins: Matrix) -> Matrix:
    """Return the normal quantiles of the cumulative proportions along the last axis, without the last one."""
    cumulated = margins.cumsum(axis=-1)
    total = cumulated[..., -1:]
    inner = cumulated[..., :-1]
    found = np.full(inner.shape, bivariate_normal.INFINITE)
    ndtri(inner / total, out=found, where=inner < total)
    return found


def correlations(pairs: Pairs, correct: Correction, *, unrelated: bool = False) -> Matrix:
    """Return each pair's correlation under a rule for empty cells.

    Those of `unrelated` items are found in half the time, to about 1e-8.
    """
    tables, h, k = pairs.tables, pairs.h, pairs.k
    perfect = np.zeros(len(tables))
    if correct == "lavaan":
        tables, perfect = _moved_into_empty(pairs)
    elif correct == "psych":
        top = np.take_along_axis(pairs.order, pairs.used[:, None] - 1, axis=1)
        if np.ptp(top) > 0:
            own = _filled_apart(pairs)
            tables, h, k = own.tables, own.h, own.k
    elif correct > 0:
        tables = np.where((tables == 0) & pairs.real, correct, tables)
    start, settled = (_at_independence(pairs), _SETTLED_BY_CHANCE) if unrelated else (_start(pairs), _SETTLED)
    return np.where(perfect == 0, maximise(tables, h, k, start, settled=settled), perfect)


def _moved_into_empty(pairs: Pairs) -> tuple[Matrix, Matrix]:
    """Return tables with 0.5 moved into a lone empty cell of 2 x 2, and 1 or -1 where a diagonal is empty."""
    perfect = np.zeros(len(pairs.tables))
    binary = (pairs.used[pairs.i] == 2) & (pairs.used[pairs.j] == 2)  # noqa: PLR2004 - two by two
    corner = pairs.tables[:, :2, :2]
    zero = corner == 0
    if not (binary[:, None, None] & zero).any():
        return pairs.tables, perfect
    main, other = zero[:, 0, 0] | zero[:, 1, 1], zero[:, 0, 1] | zero[:, 1, 0]
    lone = binary & (zero.sum(axis=(1, 2)) == 1)
    shift = 0.5 * lone * (main.astype(float) - other)
    tables = pairs.tables.copy()
    tables[:, :2, :2] += shift[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    both = binary & (zero.sum(axis=(1, 2)) == 2) & (main != other)  # noqa: PLR2004 - two by two
    diagonal = (zero[:, 0, 0] & zero[:, 1, 1]) | (zero[:, 0, 1] & zero[:, 1, 0])
    perfect[both & diagonal] = np.where(other, 1.0, -1.0)[both & diagonal]
    return tables, perfect


def apart(tables: Matrix) -> Pairs:
    """Return the pairs with thresholds of their own tables, as if each pair were a data set."""
    both = np.stack([tables.sum(axis=2), tables.sum(axis=1)], axis=1).reshape(-1, tables.shape[1])
    first = np.arange(0, len(both), 2)
    return prepare(both, tables, first, first + 1)


def _filled_apart(pairs: Pairs) -> Pairs:
    """Return each pair by itself with 0.5 in its empty cells, whose margins then give the thresholds."""
    alone = apart(pairs.tables)
    return apart(np.where((alone.tables == 0) & alone.real, 0.5, alone.tables))


def _start(pairs: Pairs) -> Matrix:
    """Return the r whose Hermite expansion to third order gives each pair's covariance of ranks."""
    ranks = np.arange(pairs.margins.shape[1])
    total = pairs.margins.sum(axis=1)
    mean = pairs.margins @ ranks / total
    tau = pairs.thresholds
    ordinate = np.exp(-tau * tau / 2) / np.sqrt(2 * np.pi)
    first, second, third = ordinate.sum(axis=1), (ordinate * tau).sum(axis=1), ordinate * (tau * tau - 1)
    i, j = pairs.i, pairs.j
    a = first[i] * first[j]
    b = second[i] * second[j] / 2
    c = third.sum(axis=1)[i] * third.sum(axis=1)[j] / 6
    product = np.einsum("pab,a,b->p", pairs.tables, ranks, ranks) / pairs.tables.sum(axis=(1, 2))
    covariance = product - mean[i] * mean[j]
    r = np.clip(covariance / a, -0.9, 0.9)
    for _ in range(3):
        slope = np.maximum(a + r * (2 * b + 3 * c * r), a / 4)
        r = np.clip(r - (r * (a + r * (b + c * r)) - covariance) / slope, -0.95, 0.95)
    return np.asarray(r)


def _at_independence(pairs: Pairs) -> Matrix:
    """Return the score of each r at nought over its information there: the covariance of normal scores."""
    score, information = _normal_scores(pairs)
    products = np.einsum("pab,pa,pb->p", pairs.tables, score[pairs.i], score[pairs.j])
    expected = pairs.tables.sum(axis=(1, 2)) * information[pairs.i] * information[pairs.j]
    return np.asarray(np.clip(products / expected, -0.9, 0.9))


def _normal_scores(pairs: Pairs) -> tuple[Matrix, Matrix]:
    """Return the mean of the normal variable within each category, items x categories, and their variance."""
    tau = pairs.thresholds
    ordinate = np.pad(np.exp(-tau * tau / 2) / np.sqrt(2 * np.pi), ((0, 0), (1, 1)))
    share = pairs.margins / pairs.margins.sum(axis=1, keepdims=True)
    score = -np.diff(ordinate, axis=1) / np.where(share > 0, share, 1)
    return score, (share * score * score).sum(axis=1)


def maximise(tables: Matrix, h: Matrix, k: Matrix, start: Matrix, *, settled: float = _SETTLED) -> Matrix:
    """Return the r that maximises each table's likelihood within the bound, once a step is below `settled`.

    Newton's method inside a bracket. Where the likelihood is flat or a step leaves the bracket, the bound is
    tried and then halving, which alone is left in the end.
    """
    r = start.copy()
    low, high = np.full(r.size, -np.inf), np.full(r.size, np.inf)
    active = np.arange(r.size)
    for count in range(_MOST_STEPS):
        at = r[active]
        first, second = _slopes(tables[active], h[active], k[active], at)
        low[active] = np.where(first > 0, at, low[active])
        high[active] = np.where(first < 0, at, high[active])
        curved = (second < -_FLAT) & (count < _NEWTON_STEPS)
        step = np.where(curved, -first / np.where(curved, second, 1), 2 * np.sign(first))
        r[active] = _inside(at, at + step, low[active], high[active])
        active = active[np.abs(r[active] - at) > settled]
        if active.size == 0:
            break
    return r


def _inside(at: Matrix, new: Matrix, low: Matrix, high: Matrix) -> Matrix:
    """Return `new` where it lies in the bracket; else the bound if untried, else the middle."""
    far = np.where(high == np.inf, BOUND, (at + high) / 2)
    new = np.where(new >= np.minimum(high, BOUND), far, new)
    far = np.where(low == -np.inf, -BOUND, (at + low) / 2)
    return np.asarray(np.where(new <= np.maximum(low, -BOUND), far, new))


def _slopes(tables: Matrix, h: Matrix, k: Matrix, r: Matrix) -> tuple[Matrix, Matrix]:
    """Return the first and second derivative of each table's log-likelihood by r (Olsson 1979)."""
    change, bend = _relative_slopes(tables, h, k, r)
    first = np.einsum("pab,pab->p", tables, change)
    second = np.einsum("pab,pab->p", tables, bend - change * change)
    return first, second


def _relative_slopes(tables: Matrix, h: Matrix, k: Matrix, r: Matrix) -> tuple[Matrix, Matrix]:
    """Return the first and second derivative by r of the probability of each cell, over that probability."""
    chance = _chance(h, k, r)
    corner = bivariate_normal.density(h, k, r)
    change = bivariate_normal.spread(corner) / chance
    bend = bivariate_normal.spread(corner * bivariate_normal.density_slope(h, k, r)) / chance
    rare = (tables > 0) & (chance < _RARE)
    if rare.any():
        change[rare], bend[rare] = bivariate_normal.rare_slopes(*_rare_cells(rare, h, k, r))
    return change, bend


def probable(tables: Matrix, h: Matrix, k: Matrix, r: Matrix) -> Matrix:
    """Return the probability of each cell, to several digits even where a rare cell was observed."""
    chance = _chance(h, k, r)
    rare = (tables > 0) & (chance < _RARE)
    if rare.any():
        chance[rare] = np.maximum(np.exp(bivariate_normal.log_rare(*_rare_cells(rare, h, k, r))), _LEAST)
    return chance


def _chance(h: Matrix, k: Matrix, r: Matrix) -> Matrix:
    inner = bivariate_normal.cumulative(h, k, r)
    return np.maximum(bivariate_normal.cells(inner, ndtr(h), ndtr(k)), _NOISE)


def _rare_cells(rare: Flags, h: Matrix, k: Matrix, r: Matrix) -> tuple[bivariate_normal.Sides, Matrix]:
    """Return the sides of the cells marked, and the r of each."""
    pair, row, column = np.nonzero(rare)
    end = np.full((len(h), 1), bivariate_normal.INFINITE)
    rows, columns = np.hstack([-end, h, end]), np.hstack([-end, k, end])
    sides = (rows[pair, row], rows[pair, row + 1], columns[pair, column], columns[pair, column + 1])
    return sides, r[pair]


@dataclass(frozen=True, kw_only=True, slots=True)
class Influence:
    """How far one row moves each estimate, by its answers; the last place stands for a missing answer.

    `items` is items x (categories + 1) x thresholds, `pairs` is pairs x (categories + 1)^2.
    """

    items: Matrix
    pairs: Matrix


def influence(pairs: Pairs, r: Matrix) -> Influence:
    """Return the inverse of the block triangular information times the scores (Muthen 1984)."""
    r = np.clip(r, -BOUND, BOUND)
    items = _item_influence(pairs)
    tables, h, k = pairs.tables, pairs.h, pairs.k
    chance = probable(tables, h, k, r)
    score = _relative_slopes(tables, h, k, r)[0]
    weight = tables * score / chance
    information = np.einsum("pab,pab->p", tables, score * score)
    by_row = threshold_slope(h, k, r)
    by_column = threshold_slope(k, h, r)
    across_i = np.einsum("ptb,ptb->pt", by_row, -np.diff(weight, axis=1))
    across_j = np.einsum("ptb,ptb->pt", by_column, -np.diff(weight.transpose(0, 2, 1), axis=1))
    full = np.pad(score, ((0, 0), (0, 1), (0, 1)))
    full -= np.einsum("pat,pt->pa", items[pairs.i], across_i)[:, :, None]
    full -= np.einsum("pbt,pt->pb", items[pairs.j], across_j)[:, None, :]
    known = information > _FLAT
    full *= (known / np.where(known, information, 1))[:, None, None]
    return Influence(items=items, pairs=full)


def _item_influence(pairs: Pairs) -> Matrix:
    """Return how far an answer moves its item's thresholds: the inverse information times the score."""
    items, size = pairs.margins.shape
    step = np.arange(size - 1)
    finite = step < pairs.used[:, None] - 1
    ordinate = np.exp(-(pairs.thresholds**2) / 2) / np.sqrt(2 * np.pi)
    share = pairs.margins / pairs.margins.sum(axis=1, keepdims=True)
    share = np.where(share > 0, share, 1)
    score = np.zeros((items, size + 1, size - 1))
    score[:, step, step] = np.where(finite, ordinate / share[:, :-1], 0)
    score[:, step + 1, step] = np.where(finite, -ordinate / share[:, 1:], 0)
    information = np.einsum("ma,mas,mat->mst", pairs.margins, score[:, :-1], score[:, :-1])
    information[:, step, step] += ~finite
    return np.asarray(score @ np.linalg.inv(information))


def threshold_slope(h: Matrix, k: Matrix, r: Matrix) -> Matrix:
    """Return how the probability of row t, less that of row t + 1, changes with threshold t, by column."""
    below = bivariate_normal.conditional(h, k, r)
    ordinate = np.exp(-h * h / 2) / np.sqrt(2 * np.pi)
    grid = np.concatenate([np.zeros_like(h)[:, :, None], below, ordinate[:, :, None]], axis=2)
    return np.diff(grid, axis=2)


def standard_errors(pairs: Pairs, moved: Influence) -> Matrix:
    """Return the standard error of each r: the root of the sum over rows of its squared influence."""
    squares = moved.pairs**2
    total = np.einsum("pab,pab->p", pairs.tables, squares[:, :-1, :-1])
    alone_i = pairs.margins[pairs.i] - pairs.tables.sum(axis=2)
    alone_j = pairs.margins[pairs.j] - pairs.tables.sum(axis=1)
    total += np.einsum("pa,pa->p", alone_i, squares[:, :-1, -1])
    total += np.einsum("pb,pb->p", alone_j, squares[:, -1, :-1])
    return np.asarray(np.sqrt(total))


def covariance(codes: NDArray[np.uint8], pairs: Pairs, moved: Influence, categories: int) -> Matrix:
    """Return the covariance matrix of all thresholds and correlations, from rows of answers.

    `codes` is n x items: the place of each answer among all `categories`, or their number where missing.
    """
    total: Matrix | float = 0.0
    for _, rows in row_influence(codes, pairs, moved, categories):
        total = total + rows @ rows.T
    return np.asarray(total)


def row_influence(
    codes: NDArray[np.uint8], pairs: Pairs, moved: Influence, categories: int
) -> Iterator[tuple[int, Matrix]]:
    """Yield blocks of rows: the place of the first, and the influence of each (estimates x rows).

    The array is the same every time and is overwritten by the next block; a last block is filled up with rows
    of influence nought.
    """
    places = _places(pairs, categories)
    by_item = [
        np.ascontiguousarray(table[place, : used - 1].T)
        for table, place, used in zip(moved.items, places, pairs.used, strict=True)
    ]
    by_pair = np.take_along_axis(
        np.take_along_axis(moved.pairs, places[pairs.i][:, :, None], axis=1),
        places[pairs.j][:, None, :],
        axis=2,
    )
    width = sum(map(len, by_item)) + len(by_pair)
    step = -(-len(codes) // max(1, -(-len(codes) // _ROWS)))
    rows = np.empty((width, step))
    for start in range(0, len(codes), step):
        block = np.full((step, codes.shape[1]), categories, np.intp)  # rows without answers have no influence
        block[: len(codes) - start] = codes[start : start + step]
        _look_up(np.ascontiguousarray(block.T), by_item, by_pair, rows)
        yield start, rows


def _places(pairs: Pairs, categories: int) -> Index:
    """Return where each answer of each item stands in the tables of influence; the last is missing."""
    items, size = pairs.order.shape
    places = np.full((items, categories + 1), size)
    np.put_along_axis(places, pairs.order, np.arange(size)[None, :], axis=1)
    return places


def _look_up(codes: Index, by_item: list[Matrix], by_pair: Matrix, rows: Matrix) -> None:
    """Fill `rows` (estimates x rows) with the influence of the answers `codes` (items x rows)."""
    first = 0
    for answers, table in zip(codes, by_item, strict=True):
        np.take(table, answers, axis=1, out=rows[first : first + len(table)], mode="clip")
        first += len(table)
    items, side = len(codes), by_pair.shape[1]
    flat, done = by_pair.reshape(-1), 0
    for item in range(items - 1):
        later = items - item - 1
        places = codes[item + 1 :] + side * (codes[item] + side * (done + np.arange(later)[:, None]))
        np.take(flat, places, out=rows[first : first + later], mode="clip")
        first, done = first + later, done + later
