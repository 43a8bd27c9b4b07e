"""What is counted of a large table in one pass, part by part: joint counts, missing answers, a random sample.

Everything is a whole number or a set, so that tallies of parts add up to that of the whole in any order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.counts.engines import Engine, in_threads
from analysis.counts.joint import Counts, JointCounts, block_counts
from analysis.files.chunked import ROWS
from analysis.files.parquet_pages import EMPTY
from analysis.files.parquet_parts import (
    Block,
    ParquetFile,
    Part,
    part_blocks,
    part_values,
    parts_of,
    refuse_twice,
)

SAMPLE: Final = 10_000
SEED: Final = 20_261_201
Missing = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be counted: columns, the codes of each that are no answers, and sets of columns by place.

    Of each set the rows are counted that are complete on it. `usable` are the columns in which missing
    answers are counted row by row, by default all. `marks` are columns of which it matters which values there
    are, and not who has them; a file may lack them.
    """

    items: tuple[str, ...]
    missing: Missing
    sets: tuple[tuple[int, ...], ...] = ()
    usable: tuple[int, ...] | None = None
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What was counted of rows; tallies of different rows add up, with ``+``.

    Rows without one answer are counted in `empty` and nowhere else. `counts` are of the answers as given,
    over all rows; `complete` of each set, over the rows that answered all of it. `kinds` has for each item
    how often it held each of its codes for no answer, and no code at all (`EMPTY`). `lacking[m]` rows lack
    m answers. `sample` are the rows drawn, as they are in the file, by their position among all rows.
    `marks` are pairs of column and value.
    """

    empty: int
    counts: JointCounts
    complete: tuple[JointCounts, ...]
    kinds: tuple[Mapping[int, int], ...]
    lacking: Counts
    sample: Mapping[int, Block]
    marks: frozenset[tuple[str, str]]

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            empty=self.empty + other.empty,
            counts=self.counts + other.counts,
            complete=tuple(a + b for a, b in zip(self.complete, other.complete, strict=True)),
            kinds=tuple(
                {code: a.get(code, 0) + b.get(code, 0) for code in sorted({*a, *b})}
                for a, b in zip(self.kinds, other.kinds, strict=True)
            ),
            lacking=self.lacking + other.lacking,
            sample={**self.sample, **other.sample},
            marks=self.marks | other.marks,
        )

    @property
    def rows(self) -> Block:
        """The rows drawn, in the order of the file."""
        drawn = [self.sample[place] for place in sorted(self.sample)]
        return np.array(drawn, np.int8).reshape(len(drawn), self.counts.k)


def tally(
    files: Sequence[ParquetFile],
    wanted: Wanted,
    *,
    engine: Engine = in_threads,
    scheduler: str = "",
    sample: int = SAMPLE,
    progress: Callable[[str, int, int], None] | None = None,
) -> Tally:
    """Count Parquet files.

    Parameters
    ----------
    files
        The files, as `files_of` finds them.
    wanted
        What is to be counted.
    engine, scheduler
        Who counts the parts, and where; by default the threads of this machine.
    sample
        How many rows are drawn at random, from a fixed seed: the same ones whoever counts.
    progress
        Is told, after each part, how many parts are counted and how many there are.

    Returns
    -------
    Tally

    Raises
    ------
    TableError
        A file lacks a column, has it twice, or has something else in it than whole numbers from -127 to 127.
    CodesError
        There are more different codes than can be counted.
    EngineError
        The engine cannot be used.
    """
    parts = parts_of(files, wanted.items)
    for file in files:
        refuse_twice(file, wanted.marks)
    n = sum(part.n for part in parts)
    drawn = np.sort(np.random.default_rng(SEED).choice(n, min(n, sample), replace=False))
    ends = np.searchsorted(drawn, [part.first + part.n for part in parts])
    tasks = [
        (part, drawn[first:last]) for part, first, last in zip(parts, [0, *ends][:-1], ends, strict=True)
    ]
    found = _nothing(wanted)
    for done, counted in enumerate(engine(partial(part_tally, wanted), tasks, scheduler), start=1):
        found += counted
        if progress:
            progress("rows counted", done, len(tasks))
    return found


def part_tally(wanted: Wanted, task: tuple[Part, NDArray[np.intp]]) -> Tally:
    """Count one part, and take the rows at some positions of it."""
    part, drawn = task
    found = _nothing(wanted)
    first = part.first
    for block in part_blocks(part, wanted.items, rows=ROWS):
        here = drawn[(drawn >= first) & (drawn < first + len(block))]
        sample = {int(place): block[place - first].copy() for place in here}
        found += replace(_block_tally(wanted, block), sample=sample)
        first += len(block)
    marks = part_values(part, wanted.marks) if wanted.marks else ()
    return replace(found, marks=frozenset(marks))


def _nothing(wanted: Wanted) -> Tally:
    return _block_tally(wanted, np.empty((0, len(wanted.items)), np.int8))


def _block_tally(wanted: Wanted, block: Block) -> Tally:
    answers, kinds = _without_codes(block, wanted.missing)
    lacks = answers == EMPTY
    nobody = lacks.all(axis=1)
    if nobody.any():
        kept = np.asfortranarray(block[~nobody])
        return replace(_block_tally(wanted, kept), empty=int(nobody.sum()))
    usable = lacks if wanted.usable is None else lacks[:, wanted.usable]
    counts = block_counts(answers, missing=(EMPTY,), names=wanted.items)
    return Tally(
        empty=0,
        counts=counts,
        complete=tuple(
            _complete(counts, answers, ~lacks[:, places].any(axis=1), places) for places in wanted.sets
        ),
        kinds=kinds,
        lacking=np.bincount(usable.sum(axis=1), minlength=usable.shape[1] + 1),
        sample={},
        marks=frozenset(),
    )


def _without_codes(block: Block, missing: Missing) -> tuple[Block, tuple[dict[int, int], ...]]:
    """Return a block with `EMPTY` for every code of no answer, and how often each item held each of them."""
    answers, kinds = block, []
    for item, codes in enumerate(missing):
        column = block[:, item]
        found = {code: int((column == code).sum()) for code in (EMPTY, *codes)}
        kinds.append({code: times for code, times in found.items() if times})
        if any(found[code] for code in codes):
            answers = answers.copy(order="F") if answers is block else answers
            answers[np.isin(column, codes), item] = EMPTY
    return answers, tuple(kinds)


def _complete(
    counts: JointCounts, answers: Block, complete: NDArray[np.bool_], places: Sequence[int]
) -> JointCounts:
    if complete.all():
        return counts.take(places).turned({})  # as if counted alone: categories that it has not are left out
    names = [counts.names[place] for place in places] if counts.names else None
    kept = np.asfortranarray(answers[np.ix_(complete, np.array(places, np.intp))])
    return block_counts(kept, missing=(EMPTY,), names=names)
