"""Withhold context values so that no combination of them is rarer than five rows in an export.

A value in too rare a combination becomes "withheld" (-66), in those rows alone, column by column from the
last to the first. The result depends only on how often each combination occurs, not on the order of the rows
or on the answers.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from instrument import WITHHELD

LEAST: Final = 5

Value = str | int
Combination = tuple[Value, ...]


def withhold(rows: Sequence[Combination], least: int = LEAST) -> list[Combination]:
    """Return the rows with values withheld until every combination occurs at least `least` times."""
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
    """Withhold values of the last column alone; combinations of the others must be common enough already.

    Whoever joins such rows with an export without that column learns nothing beyond what these rows show.
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
    """If the rows with a value withheld are still too few, withhold it in the next rarest rows as well."""
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
    """Whether a column has more than one value; one that is the same for everybody identifies nobody."""
    return len({each[place] for each in counts}) > 1
