"""Attackers on published reports. They read bytes and know the rules; each function counts its successes.

`publish` turns the answers of an organisation into all that anyone may read of it. Here it is a function; a
test through the service passes one that loads a database and reads its pages.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor

from analysis.disclosure.base_table import Atom, BaseTable, Item, Sum

Person = dict[str, int]
Groups = dict[str, list[Person]]
Publish = Callable[[Groups], bytes]
Turn = Callable[[Item, int], int]
HALF_A_STEP = 2.5  # given by five answers on a scale of five


def ruled_out(
    data_sets: Iterable[tuple[float, ...]],
    display: Callable[[tuple[float, ...]], Hashable],
    answers: Sequence[float],
    insiders: int,
) -> list[tuple[Hashable, tuple[float, ...], float]]:
    """The answers that a display rules out for somebody, given every data set that is possible.

    The first person is the one attacked, those after are the insiders, who know their own. Every order of the
    same answers is among the data sets, so that whoever is attacked can be the first.
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
    """A2: change what small groups answered, and check whether anything published changes."""
    rng, seen = random.Random(times), publish(groups)
    return sum(publish(scrambled(groups, k, rng, codes)) != seen for _ in range(times))


def subtraction(publish: Publish, groups: Groups, *, k: int, codes: Sequence[int]) -> int:
    """A5: subtract the units from the total; a hidden group's answers must make no difference to the rest."""
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


@dataclass(frozen=True)
class Attack:
    """Did this person give this answer to this item? Asked together with an insider, who knows their own."""

    person: int
    insider: int
    item: Item
    siblings: tuple[Item, ...]
    value: int
    told: Sum
    by: str


def deniability(
    publish: Publish, groups: Groups, table: BaseTable, keyed: Turn, *, times: int, seed: int
) -> tuple[int, int]:
    """A1: for a person, a colleague who knows their own answers, an item and an answer: is it ruled out?

    It is not if another organisation can be built that publishes the same bytes, in which this person gave
    this answer and the colleague's answers are unchanged. Returns attempts and successes; where no such
    organisation is found, that counts as a success, so the second number is too high rather than too low.
    """
    rng, seen, attempts, successes = random.Random(seed), publish(groups), 0, 0
    while attempts < times:
        atom = rng.choice(table.atoms)
        people = groups[atom.unit]
        attack = _attack(table, atom, people, rng)
        if attack is not None:
            attempts += 1
            worlds = _worlds(people, attack, keyed)
            successes += not any(publish({**groups, atom.unit: world}) == seen for world in worlds)
    return attempts, successes


def _attack(table: BaseTable, atom: Atom, people: list[Person], rng: random.Random) -> Attack | None:
    person, insider = rng.sample(range(len(people)), 2)
    name = rng.choice([name for name, code in people[person].items() if code >= 0])
    [(facet, item)] = [(f, i) for f in table.scheme.facets for i in f.items if i.id == name]
    told = atom.sums.get(name if atom.by == "item" else facet.id)
    value = rng.choice(range(item.low, item.high + 1))
    return None if told is None else Attack(person, insider, item, facet.items, value, told, atom.by)


def _worlds(people: list[Person], attack: Attack, keyed: Turn) -> Iterator[list[Person]]:
    person, item, told = attack.person, attack.item, attack.told
    raw = keyed(item, attack.value)  # turning a code round twice gives the code
    others = [i for i in range(len(people)) if i not in (person, attack.insider)]
    for other in others:
        if people[other].get(item.id) == raw:
            swapped = list(people)
            swapped[person], swapped[other] = people[other], people[person]
            yield swapped
            return
    world = copied(people)
    world[person][item.id] = raw
    columns = (item,) if attack.by == "item" else attack.siblings
    cells = [(i, each) for each in columns for i in others if world[i].get(each.id, -1) >= 0]
    if told.bound != "exact":
        for i, each in cells:
            world[i][each.id] = keyed(each, each.low if told.bound == "at most" else each.high)
        yield world
    elif attack.by == "item":
        known = (world[i].get(item.id, -1) for i in (person, attack.insider))
        for filling in _fillings(told, item, [keyed(item, code) for code in known if code >= 0]):
            for (i, _), value in zip(cells, filling, strict=True):
                world[i][item.id] = keyed(item, value)
            yield copied(world)
    else:
        yield from _raised(world, cells, told, attack.siblings, keyed)


def copied(people: list[Person]) -> list[Person]:
    return [dict(person) for person in people]


def _fillings(told: Sum, item: Item, fixed: list[int]) -> Iterator[list[int]]:
    """What the others may have answered given sum and bands: people at the ends, or close together."""
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
    keyed: Turn,
) -> Iterator[list[Person]]:
    """Lower everybody else's answers to the lowest, then raise one by one until the facet's sum fits.

    Answers of people who answered all of a facet change its sum in smaller steps: they come last, or first.
    """
    complete = {i for i, _ in cells if all(world[i].get(each.id, -1) >= 0 for each in siblings)}
    for first in (False, True):
        for i, each in cells:
            world[i][each.id] = keyed(each, each.low)
        for i, each in sorted(cells, key=lambda cell: (cell[0] in complete) != first):
            for value in range(each.low, each.high + 1):
                world[i][each.id] = keyed(each, value)
                if abs(_facet_sum(world, siblings, keyed) - told.value) <= HALF_A_STEP:
                    yield copied(world)
    yield from _raised_in_part(world, cells, complete, told, siblings=siblings, keyed=keyed)


def _raised_in_part(
    world: list[Person],
    cells: list[tuple[int, Item]],
    complete: set[int],
    told: Sum,
    *,
    siblings: Sequence[Item],
    keyed: Turn,
) -> Iterator[list[Person]]:
    """Raise those with missing answers by each possible amount, then the others up to the sum.

    Sums change by 5 and by 6.25, so `_raised` can step over the published sum.
    """
    in_part = [cell for cell in cells if cell[0] not in complete]
    in_full = [cell for cell in cells if cell[0] in complete]

    def fill(cells: list[tuple[int, Item]], points: int) -> None:
        for i, each in cells:
            lift = min(points, each.high - each.low)
            world[i][each.id] = keyed(each, each.low + lift)
            points -= lift

    most = sum(each.high - each.low for _, each in in_full)
    for points in range(sum(each.high - each.low for _, each in in_part) + 1):
        fill(in_part, points)
        fill(in_full, 0)
        lacking = told.value - _facet_sum(world, siblings, keyed)
        for more in {floor(lacking / (2 * HALF_A_STEP)), ceil(lacking / (2 * HALF_A_STEP))}:
            if 0 <= more <= most:
                fill(in_full, more)
                yield copied(world)


def _facet_sum(world: list[Person], siblings: Sequence[Item], keyed: Turn) -> float:
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
