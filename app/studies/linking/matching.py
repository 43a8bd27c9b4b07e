"""Match people by marks that agree in enough places; whoever has two candidates is linked with nobody."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.studies.linking.elements import ENOUGH

Marks = Sequence[str | None]
"""One for each element, in their order; None where it was left blank."""


@dataclass(frozen=True, kw_only=True)
class Matched:
    """Links as positions in the two lists, and how many of each list had a candidate but no link."""

    links: tuple[tuple[int, int], ...]
    ambiguous_earlier: int
    ambiguous_later: int


def match(earlier: Sequence[Marks], later: Sequence[Marks], enough: int = ENOUGH) -> Matched:
    """Link two sheets that agree in `enough` marks where neither agrees so well with any other.

    Of several candidates the best is not taken, since it would be a guess.
    """
    of_later = candidates(earlier, later, enough)
    of_earlier: dict[int, list[int]] = defaultdict(list)
    for place, found in of_later.items():
        for each in found:
            of_earlier[each].append(place)
    links = tuple(
        (found[0], place)
        for place, found in of_later.items()
        if len(found) == 1 and len(of_earlier[found[0]]) == 1
    )
    return Matched(
        links=links,
        ambiguous_earlier=len(of_earlier) - len(links),
        ambiguous_later=len(of_later) - len(links),
    )


def candidates(earlier: Sequence[Marks], later: Sequence[Marks], enough: int) -> dict[int, list[int]]:
    """Map the position of each later sheet that has candidates to the positions of these earlier sheets."""
    bearers: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, marks in enumerate(earlier):
        for element, mark in enumerate(marks):
            if mark is not None:
                bearers[element, mark].append(place)
    found = {}
    for place, marks in enumerate(later):
        agreeing: Counter[int] = Counter()
        for element, mark in enumerate(marks):
            if mark is not None:
                agreeing.update(bearers.get((element, mark), ()))
        if many := [each for each, agreed in agreeing.items() if agreed >= enough]:
            found[place] = many
    return found
