"""Attackers on published reports. They see bytes and know the rules; each function counts its successes.

`publish` turns the answers of an organisation into all that anyone may read of it. Here it is a function; a
test through the service gives one that loads a database and reads its pages.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy

from analysis.disclosure import ITEMS_FROM, Atom, BaseTable, Item, Sum

Person = dict[str, int]
Groups = dict[str, list[Person]]
Publish = Callable[[Groups], bytes]


def ruled_out(
    data_sets: Iterable[tuple[float, ...]],
    display: Callable[[tuple[float, ...]], Hashable],
    answers: Sequence[float],
    insiders: int,
) -> list[tuple[Hashable, tuple[float, ...], float]]:
    """The answers that a display rules out for somebody, given every data set that could have been.

    The first person is the one attacked, those after are the insiders, who know their own. Every order of
    the same answers is among the data sets, so that whoever is attacked could stand first.
    """
    possible: dict[Hashable, set[tuple[float, ...]]] = defaultdict(set)
    for data in data_sets:
        possible[display(data)].add(data[: 1 + insiders])
    return [
        (shown, known, answer)
        for shown, seen in possible.items()
        for known in {each[1:] for each in seen}
        for answer in answers
        if (answer, *known) not in seen
    ]


def scrambled(groups: Groups, below: int, rng: random.Random, codes: Sequence[int]) -> Groups:
    """The same organisation with other answers from everyone in a group of fewer than `below`."""
    return {
        unit: [{item: rng.choice(codes) for item in person} for person in people]
        if len(people) < below
        else people
        for unit, people in groups.items()
    }


def hold_out(publish: Publish, groups: Groups, *, k: int, times: int, codes: Sequence[int]) -> int:
    """A2: change what small groups answered, and look whether anything published changes."""
    rng, seen = random.Random(times), publish(groups)
    return sum(publish(scrambled(groups, k, rng, codes)) != seen for _ in range(times))


def subtraction(publish: Publish, groups: Groups, *, k: int, codes: Sequence[int]) -> int:
    """A5: take the units from the total; what a hidden group answered must make no difference to the rest."""
    hidden = [unit for unit, people in groups.items() if len(people) < k]
    return sum(
        len({publish(_answering(groups, unit, code)) for code in (min(codes), max(codes))}) > 1
        for unit in hidden
    )


def _answering(groups: Groups, unit: str, code: int) -> Groups:
    return {**groups, unit: [dict.fromkeys(person, code) for person in groups[unit]]}


def change(read: Callable[[], bytes], act: Callable[[], object]) -> int:
    """A3 and A4: read, let one more answer come or one be erased, and read again."""
    before = read()
    act()
    return int(read() != before)


def deniability(
    publish: Publish,
    groups: Groups,
    table: BaseTable,
    keyed: Callable[[Item, int], int],
    *,
    times: int,
    seed: int,
) -> tuple[int, int]:
    """A1: somebody, a colleague who knows their own answers, an item, an answer. Is it ruled out?

    It is not if another organisation can be built that publishes the same bytes, where this person gave this
    answer and the colleague's are as they are. Returns attempts and successes; a world that could not be
    found counts as a success, so the second number is too high rather than too low.
    """
    rng, seen, successes = random.Random(seed), publish(groups), 0
    items = {item.id: (facet.items, item) for facet in table.scheme.facets for item in facet.items}
    facets = {item.id: facet.id for facet in table.scheme.facets for item in facet.items}
    for _ in range(times):
        atom = rng.choice(table.atoms)
        people = groups[atom.unit]
        person, insider = rng.sample(range(len(people)), 2)
        name = rng.choice([name for name, code in people[person].items() if code >= 0])
        siblings, item = items[name]
        value = rng.choice(range(item.low, item.high + 1))
        told = atom.sums.get(name if atom.by == "item" else facets[name])
        if told is not None:
            worlds = _worlds(people, person, insider, item, siblings, value, told, atom, keyed)
            successes += not any(publish({**groups, atom.unit: world}) == seen for world in worlds)
    return times, successes


def _worlds(
    people: list[Person],
    person: int,
    insider: int,
    item: Item,
    siblings: Sequence[Item],
    value: int,
    told: Sum,
    atom: Atom,
    keyed: Callable[[Item, int], int],
) -> Iterator[list[Person]]:
    raw = keyed(item, value)  # turning a code round twice gives the code
    for other, answers in enumerate(people):
        if other not in (person, insider) and answers.get(item.id) == raw:
            swapped = list(people)
            swapped[person], swapped[other] = people[other], people[person]
            yield swapped
            return
    world = deepcopy(people)
    if world[person][item.id] >= 0:
        world[person][item.id] = raw
    others = [i for i in range(len(people)) if i not in (person, insider)]
    columns = [item] if atom.by == "item" else list(siblings)
    cells = [(i, each) for each in columns for i in others if world[i].get(each.id, -1) >= 0]
    if told.bound != "exact":
        for i, each in cells:
            world[i][each.id] = keyed(each, each.low if told.bound == "at most" else each.high)
        yield world
    elif atom.by == "item":
        fixed = [keyed(item, world[i][item.id]) for i in (person, insider) if world[i].get(item.id, -1) >= 0]
        for filling in _fillings(told, item, fixed):
            for (i, each), each_value in zip(cells, filling, strict=True):
                world[i][each.id] = keyed(each, each_value)
            yield deepcopy(world)
    else:
        yield from _raised(world, cells, told, siblings, keyed)


def _fillings(told: Sum, item: Item, fixed: list[int]) -> Iterator[list[int]]:
    """What the others may have answered so that sum and bands are as told: people at the ends, or close by."""
    bands = [(band.low, band.high, band.n) for band in told.bands] or [(item.low, item.high, told.n)]
    rooms = [
        [low, high] for low, high, n in bands for _ in range(n - sum(low <= each <= high for each in fixed))
    ]
    spare = int(told.value) - sum(fixed) - sum(low for low, _ in rooms)
    for topmost, step in ((True, 9), (False, 9), (True, 1), (False, 1)):
        values, left = [low for low, _ in rooms], spare
        order = sorted(range(len(rooms)), reverse=topmost)
        while left > 0 and any(values[i] < rooms[i][1] for i in order):
            for i in order:
                lift = max(0, min(step, rooms[i][1] - values[i], left))
                values[i] += lift
                left -= lift
        yield values


def _raised(
    world: list[Person],
    cells: list[tuple[int, Item]],
    told: Sum,
    siblings: Sequence[Item],
    keyed: Callable[[Item, int], int],
) -> Iterator[list[Person]]:
    """Lower everybody else's answers to the foot, then raise one by one until the facet's sum is as told."""
    for i, each in cells:
        world[i][each.id] = keyed(each, each.low)
    for i, each in cells:
        for value in range(each.low, each.high + 1):
            world[i][each.id] = keyed(each, value)
            if abs(_facet_sum(world, siblings, keyed) - told.value) <= 100 / len(siblings):
                yield deepcopy(world)


def _facet_sum(world: list[Person], siblings: Sequence[Item], keyed: Callable[[Item, int], int]) -> float:
    total = 0.0
    for person in world:
        shares = [
            (keyed(item, person[item.id]) - item.low) / (item.high - item.low)
            for item in siblings
            if person.get(item.id, -1) >= 0
        ]
        if len(shares) >= len(siblings) - 1:
            total += 100 * sum(shares) / len(shares)
    return total


def unanimous(
    items: Mapping[str, Item], n: int, keyed: Callable[[Item, int], int], value: int
) -> list[Person]:
    """A unit in which everybody gave the same keyed answer to everything: the harm most to be feared."""
    return [{name: keyed(item, value) for name, item in items.items()} for _ in range(n)]


__all__ = [
    "ITEMS_FROM",
    "change",
    "deniability",
    "hold_out",
    "ruled_out",
    "scrambled",
    "subtraction",
    "unanimous",
]
