"""The base table: which figures of a group's answers may be published.

Answers become a base table once, when a wave closes; everything that is ever published is computed from that
table by `analysis.disclosure.release`. tests/privacy proves the guarantee: whoever reads the table, even
together with C colleagues who tell their own answers, can rule out no answer of anybody else.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import floor, fsum
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from analysis.disclosure.basis import Basis, Lacking
from instrument import LEFT_BLANK, Form, Instrument, Words, keyed, rescaled

FLOOR: Final = 5
ITEMS_FROM: Final = 20
INTERVALS_FROM: Final = 30
FINE_FROM: Final = 40

# The bands of a scale by its number of points, the finest first, each given by how many answers it joins.
# Only these, tried in this order, passed tests/privacy; two bands of several answers each never did.
FINE: Final[Mapping[int, tuple[tuple[int, ...], ...]]] = {
    4: ((1, 1, 1, 1), (2, 1, 1), (1, 1, 2)),
    5: ((1, 1, 1, 1, 1), (2, 1, 1, 1), (1, 1, 1, 2)),
}
COARSE: Final[Mapping[int, tuple[tuple[int, ...], ...]]] = {
    2: ((1, 1),),
    3: ((1, 1, 1),),
    5: ((2, 1, 2),),
    7: ((3, 1, 3),),
}

Bound = Literal["exact", "at most", "at least"]
Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """K, the fewest answers of which anything is published, and C, the colleagues who may tell theirs."""

    k: int = 10
    insiders: int = 1


def rules(k: int, insiders: int = 1) -> Rules:
    """Return the rules for a study's K and C; K is at least 5, and the clamp needs K > 2 (C + 1)."""
    least = max(FLOOR, 2 * (insiders + 1) + 1)
    if k < least:
        raise ValueError(f"nothing is told of fewer than {least} people; {k} was asked for")
    return Rules(k=k, insiders=insiders)


# ---- what is asked -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item with its sentence and its answers as they were worded; its values are keyed."""

    id: str
    sentence: str
    reversed: bool
    low: int
    high: int
    labels: tuple[str, ...]
    """The answers as they were worded, from `low` to `high`."""


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A subscale that is scored from items."""

    id: str
    title: str
    items: tuple[Item, ...]
    shown: bool


@dataclass(frozen=True, kw_only=True)
class Total:
    """The mean of facets. It has no sum of its own, which would reveal a clamped facet."""

    id: str
    title: str
    of: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """What was asked, in enough detail for a report to be read without the instrument."""

    facets: tuple[Facet, ...]
    totals: tuple[Total, ...]

    def titles(self) -> dict[str, str]:
        """Name every facet and total."""
        return {f.id: f.title for f in self.facets} | {t.id: t.title for t in self.totals}


def scheme(instrument: Instrument, form_id: str) -> Scheme:
    """Return what a report of this form can show: subscales that share no item, and means of these.

    A subscale that shares an item with an earlier one is left out, since two sums over the same people reveal
    more than either. So is one whose codes are not consecutive, since the clamp assumes every step.
    """
    form, words = instrument.forms[form_id], instrument.words_for_staff(form_id)
    taken: set[str] = set()
    facets: list[Facet] = []
    for subscale in instrument.key.subscales(form_id).values():
        names = {item.id for item in subscale.items}
        items = tuple(_item(form, words, item.id, turned=item.reversed) for item in subscale.items)
        if items and not names & taken and all(_is_consecutive(form, name) for name in names):
            taken |= names
            title = words.facet(subscale.id)
            facets.append(Facet(id=subscale.id, title=title, items=items, shown=subscale.shown))
    known = {facet.id for facet in facets}
    totals = tuple(
        Total(id=subscale.id, title=words.facet(subscale.id), of=subscale.of)
        for subscale in instrument.key.subscales(form_id).values()
        if subscale.of and set(subscale.of) <= known
    )
    return Scheme(facets=tuple(facets), totals=totals)


def _item(form: Form, words: Words, name: str, *, turned: bool) -> Item:
    scale = form.scales[form.by_id[name].scale]
    codes = sorted(scale.codes)
    labels = tuple(words.label(scale.id, code) for code in codes)
    return Item(
        id=name,
        sentence=words.sentence(name),
        reversed=turned,
        low=codes[0],
        high=codes[-1],
        labels=labels,
    )


def _is_consecutive(form: Form, name: str) -> bool:
    codes = sorted(form.scales[form.by_id[name].scale].codes)
    return codes == list(range(codes[0], codes[-1] + 1))


# ---- the base table ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A unit, department or organisation of the one declared tree."""

    id: str
    title: str
    level: str
    parent: str | None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The answers of a unit that no report has used yet, with the (wave, unit) pairs they came in."""

    unit: str
    pairs: tuple[Pair, ...]
    people: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Band:
    """How many gave an answer from `low` to `high`."""

    low: int
    high: int
    n: int


@dataclass(frozen=True, kw_only=True)
class Sum:
    """A clamped sum: exact, or as the bound ("at most", "at least") that is published instead."""

    n: int
    value: float
    bound: Bound
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Atom:
    """What is published of a unit: sums by facet where n < 20, by item from n = 20; the rest is absent."""

    unit: str
    n: int
    by: Literal["facet", "item"]
    sums: Mapping[str, Sum]


@dataclass(frozen=True, kw_only=True)
class About:
    """Which wave of which study, and by what it was asked and scored."""

    study: str
    title: str
    wave: str
    ordinal: int
    closed_on: str
    simulated: bool
    instrument: str
    instrument_title: str
    form: str
    form_hash: str
    key_revision: int
    respondents: str
    """Who was asked, about whom."""
    window: str
    """The time they were asked about."""
    k: int
    leaving: str = "reports"
    """What the study declared that it gives out: a word of analysis.disclosure.leaving."""
    imported: bool = False
    """Whether the answers came from a file."""
    basis: Basis | None = None
    """The evidence on which the report says more, as it held at the close."""
    lacking: Lacking = "not recorded"
    """Why there is none, where there is none."""


@dataclass(frozen=True, kw_only=True)
class BaseTable:
    """All that is kept of a closed wave to publish from; `used` are the pairs that no later table may use."""

    about: About
    scheme: Scheme
    units: tuple[Unit, ...]
    atoms: tuple[Atom, ...]
    used: tuple[Pair, ...]


def base_table(
    about: About,
    instrument: Instrument,
    groups: Iterable[Group],
    tree: Iterable[Unit],
    rules: Rules,
) -> BaseTable:
    """Hold out every group of fewer than K, and keep the figures of the others that the rules allow."""
    plan = scheme(instrument, about.form)
    turned = _turned(instrument, about.form, plan)
    kept = sorted((g for g in groups if len(g.people) >= rules.k), key=lambda group: group.unit)
    atoms: list[Atom] = []
    for unit, people in ((group.unit, group.people) for group in kept):
        if len(people) >= ITEMS_FROM:
            sums = _item_sums(turned, people, rules)
            atoms.append(Atom(unit=unit, n=len(people), by="item", sums=sums))
        else:
            sums = _facet_sums(_facet_scores(instrument, about.form, plan, people), rules)
            atoms.append(Atom(unit=unit, n=len(people), by="facet", sums=sums))
    return BaseTable(
        about=about,
        scheme=plan,
        units=_told(tree, {atom.unit for atom in atoms}),
        atoms=tuple(atoms),
        used=tuple(sorted(pair for group in kept for pair in group.pairs)),
    )


def _told(tree: Iterable[Unit], published: set[str]) -> tuple[Unit, ...]:
    """Keep the units that have an atom, and those above them."""
    declared = {unit.id: unit for unit in tree}
    told: set[str] = set()
    for name in published:
        above: str | None = name
        while above is not None and above not in told:
            told.add(above)
            above = declared[above].parent
    return tuple(declared[name] for name in sorted(told))


def _turned(instrument: Instrument, form_id: str, plan: Scheme) -> dict[Item, dict[int, int]]:
    """Key every answer to every item once, by `instrument.scoring`."""
    return {
        item: {
            code: int(value)
            for code in range(item.low, item.high + 1)
            if (value := keyed(instrument, form_id, item.id, code)) is not None
        }
        for facet in plan.facets
        for item in facet.items
    }


def _item_sums(
    turned: Mapping[Item, Mapping[int, int]], people: Sequence[Mapping[str, Any]], rules: Rules
) -> dict[str, Sum]:
    sums: dict[str, Sum] = {}
    for item, meant in turned.items():
        given = [person.get(item.id, LEFT_BLANK) for person in people]
        answers = [meant[code] for code in given if code in meant]
        if len(answers) >= rules.k:
            sums[item.id] = with_bands(clamp(answers, item.low, item.high, rules), item, answers, rules)
    return sums


def _facet_sums(scores: Mapping[Facet, Sequence[float]], rules: Rules) -> dict[str, Sum]:
    sums: dict[str, Sum] = {}
    for facet, values in scores.items():
        if len(values) >= rules.k:
            step = 100 / len(facet.items) / min(item.high - item.low for item in facet.items)
            sums[facet.id] = clamp(values, 0, 100, rules, step=step)
    return sums


def _facet_scores(
    instrument: Instrument, form_id: str, plan: Scheme, people: Iterable[Mapping[str, Any]]
) -> dict[Facet, list[float]]:
    """Score everybody by `instrument.scoring`, on 0 to 100 whatever the method of the key."""
    found: dict[Facet, list[float]] = {facet: [] for facet in plan.facets}
    for person in people:
        scores = rescaled(instrument, form_id, person)
        for facet, values in found.items():
            if (value := scores[facet.id].value) is not None:
                values.append(value)
    return found


# ---- the clamp and the bands ---------------------------------------------------------------------------


def clamp(values: Sequence[float], low: float, high: float, rules: Rules, *, step: float = 1) -> Sum:
    """R4: return a sum only if it leaves every answer possible for everyone, even to C colleagues together.

    Otherwise the bound is returned. A sum is rounded to the nearest `step`, the distance between two full
    answers: scores that rest on fewer answers lie between the steps, and an exact sum near the bound would
    reveal them.
    """
    n, c = len(values), rules.insiders
    total = floor(fsum(values) / step + 0.5) * step
    least = (n - c - 1) * low + (c + 1) * high
    most = (n - c - 1) * high + (c + 1) * low
    if total <= least:
        return Sum(n=n, value=least, bound="at most")
    if total >= most:
        return Sum(n=n, value=most, bound="at least")
    return Sum(n=n, value=total, bound="exact")


def with_bands(told: Sum, item: Item, values: Sequence[int], rules: Rules) -> Sum:
    """R5 and R6: count answers in the finest bands that remain safe beside the sum.

    Which bands are shown must reveal nothing either, so they are tried in one fixed order. There are none
    where even the coarsest would reveal an answer.
    """
    if told.bound == "exact" and told.n >= ITEMS_FROM:
        counts = Counter(values)
        for edges in _partitions(item.low, item.high, told.n):
            bands = tuple(
                Band(low=low, high=high, n=sum(counts[code] for code in range(low, high + 1)))
                for low, high in edges
            )
            if _leaves_room(bands, told.value, rules):
                return Sum(n=told.n, value=told.value, bound="exact", bands=bands)
    return told


def _partitions(low: int, high: int, n: int) -> list[list[tuple[int, int]]]:
    """Cut a scale into bands, the finest first; n is how many answered."""
    points = high - low + 1
    sizes = (*(FINE.get(points, ()) if n >= FINE_FROM else ()), *COARSE.get(points, ()))
    return [[(a, b - 1) for a, b in pairwise(accumulate(each, initial=low))] for each in sizes]


def _leaves_room(bands: Sequence[Band], total: float, rules: Rules) -> bool:
    """Check sum and bands together: C + 2 people in every band, and the sum off both ends that they allow."""
    widest = max(band.high - band.low for band in bands)
    room = (rules.insiders + 1) * widest
    least = sum(band.n * band.low for band in bands)
    most = sum(band.n * band.high for band in bands)
    enough = all(band.n >= rules.insiders + 2 for band in bands)
    return enough and total - least >= room and most - total >= room


# ---- as JSON -------------------------------------------------------------------------------------------

_TABLES: Final = TypeAdapter(BaseTable)


def table_as_json(table: BaseTable) -> dict[str, Any]:
    """Write a table as plain data, for the snapshot."""
    found: dict[str, Any] = _TABLES.dump_python(table, mode="json")
    return found


def table_from_json(data: Any) -> BaseTable:
    """Read what `table_as_json` wrote."""
    return _TABLES.validate_python(data)
