"""The smallest-cell rule: what a site's joint counts say of few people is not said.

Counts of pairs of answers look harmless and are not: where one person alone gave an answer, the tables of
that item spell out everything else that they answered. So, before counts leave a site:

1. no counts leave of fewer than `FEWEST` people;
2. an answer to an item that fewer than `smallest` people gave is joined to the answer beside it;
3. in the table of each pair, every count from 1 to `smallest` - 1 becomes 0 or `smallest` by chance.

The third step goes through the table back and forth and carries what is not yet told from one small count to
the next, so that every count is right on average and errors stay small and near each other in what is
computed from them. Chance is drawn anew each time: of the same answers one file is made, not several.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis.counts.joint import Counts, JointCounts

FEWEST: Final = 50
SMALLEST: Final = 5


@dataclass(frozen=True, kw_only=True)
class Joined:
    """An answer to an item that few gave: it counts with the answer beside it."""

    item: str
    answer: float
    to: float


@dataclass(frozen=True, kw_only=True)
class Protected:
    """Counts as they may leave, and what was done to them; `smallest` of 1 is no rule."""

    counts: JointCounts
    smallest: int
    joined: tuple[Joined, ...]
    hidden: int
    """Counts of pairs from 1 to `smallest` - 1, which became 0 or `smallest`."""


def protect(counts: JointCounts, rng: np.random.Generator, *, smallest: int = SMALLEST) -> Protected:
    """Apply the smallest-cell rule.

    Parameters
    ----------
    counts : joint counts of a site
    rng : source of chance; never one that another can repeat
    smallest : the least count that is told; 1 turns the rule off

    Returns
    -------
    Protected

    Raises
    ------
    ValueError
        There are too few people, or `smallest` is less than one.
    """
    if smallest < 1:
        raise ValueError(f"the smallest cell is a number of people from 1 on, not {smallest}")
    if smallest == 1:
        return Protected(counts=counts, smallest=1, joined=(), hidden=0)
    if counts.n < FEWEST:
        raise ValueError(
            f"{counts.n} people are too few: counts of fewer than {FEWEST} tell of single people. Join two "
            "sites before counting, or keep these answers where they are"
        )
    told, joined = without_rare(counts, smallest)
    tables, hidden = told.tables.copy(), 0
    for i in range(told.k):
        for j in range(i + 1, told.k):
            rounded, few = _rounded(told.tables[i, j], rng, smallest)
            tables[i, j], tables[j, i] = rounded, rounded.T
            hidden += few
    return Protected(
        counts=replace(told, tables=tables), smallest=smallest, joined=tuple(joined), hidden=hidden
    )


def without_rare(counts: JointCounts, smallest: int) -> tuple[JointCounts, list[Joined]]:
    """Join each answer that fewer than `smallest` gave to the one beside it, towards the middle."""
    joined: list[Joined] = []
    for item in range(counts.k):
        while (place := _rarest(counts.item_counts[item], smallest)) is not None:
            to = _beside(counts.item_counts[item], place)
            name = counts.names[item] if counts.names else f"item {item + 1}"
            joined.append(Joined(item=name, answer=counts.categories[place], to=counts.categories[to]))
            counts = joined_to(counts, item, place, to)
    return counts, joined


def joined_to(counts: JointCounts, item: int, place: int, to: int) -> JointCounts:
    """Return counts in which one answer of an item counts with another."""
    tables = counts.tables.copy()
    tables[item, :, to] += tables[item, :, place]
    tables[item, :, place] = 0
    tables[:, item, :, to] += tables[:, item, :, place]
    tables[:, item, :, place] = 0
    return replace(counts, tables=tables)


def _rarest(margin: Counts, smallest: int) -> int | None:
    """Return the answer that fewest gave, if they are too few and another answer was given at all."""
    given = np.flatnonzero(margin)
    if given.size < 2:  # noqa: PLR2004 - a join needs two
        return None
    place = int(given[margin[given].argmin()])
    return place if margin[place] < smallest else None


def _beside(margin: Counts, place: int) -> int:
    """Return the nearest answer that somebody gave; of two equally near, the one that more gave."""
    others: Sequence[int] = [int(each) for each in np.flatnonzero(margin) if each != place]
    return min(others, key=lambda each: (abs(each - place), -int(margin[each])))


def _rounded(table: Counts, rng: np.random.Generator, smallest: int) -> tuple[Counts, int]:
    """Return a table whose small counts are 0 or `smallest`, each with its own chance, and their number."""
    snake = table.copy()
    snake[1::2] = snake[1::2, ::-1]
    flat = snake.ravel()
    small = np.flatnonzero((flat > 0) & (flat < smallest))
    if small.size:
        start = rng.uniform(0, smallest)
        told = np.floor((start + np.cumsum(flat[small])) / smallest)
        flat[small] = smallest * np.diff(told, prepend=0).astype(np.int64)
    rounded = flat.reshape(table.shape)
    rounded[1::2] = rounded[1::2, ::-1]
    return rounded, int(small.size)
