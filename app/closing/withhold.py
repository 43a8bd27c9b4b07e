"""No combination of what is known about people may be rarer than five rows in an export.

A value that makes one too rare becomes "withheld" (-66), in those rows alone, from the last column to the
first. What is withheld depends on how often each combination occurs and on nothing else: not on the order of
the rows, not on what was answered.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from instrument import WITHHELD

LEAST: Final = 5
FEWEST: Final = 10
"""Fewer rows are given to nobody."""

Value = str | int
Combination = tuple[Value, ...]


def withhold(rows: Sequence[Combination], least: int = LEAST) -> list[Combination]:
    """The rows with values withheld until every combination stands `least` times or more."""
    if 0 < len(rows) < least:
        raise ValueError(f"{len(rows)} rows are fewer than the {least} that every combination must have")
    counts = Counter(rows)
    shown = {combination: combination for combination in counts}
    for place in reversed(range(len(rows[0]) if rows else 0)):
        if _tells_apart(counts, place):
            _withhold(shown, _too_rare(counts, shown, least), [place])
    shown = _with_the_rarest(counts, shown, least)
    return [shown[row] for row in rows]


def withhold_last(rows: Sequence[Combination], least: int = LEAST) -> list[Combination]:
    """Withhold values of the last column alone, the others being common enough already.

    Whoever joins such rows with those that lack the column learns nothing that these rows do not show.
    """
    beside: dict[Combination, list[Combination]] = defaultdict(list)
    for row in rows:
        beside[row[:-1]].append(row[-1:])
    shown = {
        (*rest, *last): (*rest, *now)
        for rest, lasts in beside.items()
        for last, now in zip(lasts, withhold(lasts, least), strict=True)
    }
    return [shown[row] for row in rows]


def _with_the_rarest(
    counts: Counter[Combination], shown: dict[Combination, Combination], least: int
) -> dict[Combination, Combination]:
    """Where all that could be withheld still stands too rarely, the rarest of the rest joins it."""
    everything = [place for place in range(len(next(iter(shown), ()))) if _tells_apart(counts, place)]
    while failing := _too_rare(counts, shown, least):
        enough = _counted(counts, {each: now for each, now in shown.items() if each not in failing})
        rarest = min(enough, key=lambda now: (enough[now], repr(now)))
        _withhold(shown, [each for each, now in shown.items() if now == rarest], everything)
    return shown


def _withhold(
    shown: dict[Combination, Combination], these: Collection[Combination], places: Collection[int]
) -> None:
    for each in these:
        now = shown[each]
        shown[each] = tuple(WITHHELD if place in places else value for place, value in enumerate(now))


def _too_rare(
    counts: Counter[Combination], shown: Mapping[Combination, Combination], least: int
) -> set[Combination]:
    n = _counted(counts, shown)
    return {each for each, now in shown.items() if n[now] < least}


def _counted(counts: Counter[Combination], shown: Mapping[Combination, Combination]) -> Counter[Combination]:
    n: Counter[Combination] = Counter()
    for each, now in shown.items():
        n[now] += counts[each]
    return n


def _tells_apart(counts: Counter[Combination], place: int) -> bool:
    """A column that is the same for everybody tells nothing, and withholding it helps nobody."""
    return len({each[place] for each in counts}) > 1
