"""From a base table to a report, from which HTML, JSON and all other formats are made.

Nothing here reads an answer: every figure, interval and share is computed from the base table, so that all of
them together reveal no more than the table does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, fsum, sqrt
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from scipy.special import ndtri, stdtrit

from analysis.disclosure.base_table import (
    INTERVALS_FROM,
    ITEMS_FROM,
    About,
    Atom,
    Band,
    BaseTable,
    Bound,
    Facet,
    Item,
    Scheme,
    Sum,
    Unit,
)
from analysis.disclosure.basis import Basis

LEVEL: Final = 0.95
ROUND_TO: Final = 5
TINY: Final = 1e-9
EVERYONE: Final = "all_units"  # a name that no unit can have


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A mean as published; `half_width` is the farthest that its 95 % interval can reach to either side."""

    value: float
    bound: Bound
    half_width: float | None = None


@dataclass(frozen=True, kw_only=True)
class Untold:
    """No figure, and why: too few people answered, or its bounds point both ways."""

    reason: Literal["too few answers", "points both ways"]


@dataclass(frozen=True, kw_only=True)
class Share:
    """The share of people in a band of answers, to the nearest 5 %; 0 is fewer, 100 is nearly all."""

    low: int
    high: int
    percent: int


@dataclass(frozen=True, kw_only=True)
class FacetLine:
    """A facet, or a total of facets, from 0 to 100."""

    id: str
    figure: Figure | Untold
    error: float | None = None
    """How far, at 95 %, error of measurement moves it from what it would be without; known by evidence."""
    of_few: bool = False
    """Whether fewer than 20 answered it where the part has more: it is compared with nothing."""


@dataclass(frozen=True, kw_only=True)
class ItemLine:
    """An item on its own scale, keyed; without shares where bands would reveal an answer."""

    id: str
    figure: Figure | Untold
    shares: tuple[Share, ...]


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a part's figures are less those of the collection before."""

    wave: str
    ordinal: int
    closed_on: str
    before: tuple[FacetLine, ...]
    """The figures of then, as they were published."""
    lines: tuple[FacetLine, ...]
    """Those of now less those of then, in the same order."""


@dataclass(frozen=True, kw_only=True)
class NoChange:
    """No change is shown of a part, and why; in the words of `analysis.disclosure.change`."""

    reason: Literal["first", "not closed", "no report", "other words", "other units", "too few people"]


@dataclass(frozen=True, kw_only=True)
class Node:
    """What is published of a unit, or of the units below a department or organisation."""

    id: str
    title: str
    level: str
    parent: str | None
    n: int
    """At least so many people: a multiple of 5, never more than there were."""
    units: int
    facets: tuple[FacetLine, ...]
    totals: tuple[FacetLine, ...]
    items: tuple[ItemLine, ...]
    change: Change | NoChange | None = None
    """None where no evidence allows a change to be read."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a trainer may read, in whatever format."""

    about: About
    scheme: Scheme
    parts: tuple[Unit, ...]
    """The parts of which something is published: everybody first, then the units of the tree by their ids."""
    nodes: tuple[Node, ...]
    """What is published of each of the parts, in the same order."""


@dataclass(frozen=True)
class _Mean:
    """A mean before it is rounded; on its own scale or from 0 to 100."""

    value: float
    bound: Bound
    half: float | None


_Told = _Mean | Untold


def release(table: BaseTable) -> Report:
    """Return the report of a base table: everything that is published of a closed wave."""
    below = _atoms_below(table)
    means = {atom.unit: {f.id: _facet(f, atom) for f in table.scheme.facets} for atom in table.atoms}
    roots = [unit for unit in table.units if unit.parent is None]
    if len(roots) > 1:
        roots = [Unit(id=EVERYONE, title=table.about.title, level="study", parent=None)]
        below[EVERYONE] = list(table.atoms)
    parts = (*roots, *(unit for unit in table.units if unit not in roots))
    return Report(
        about=table.about,
        scheme=table.scheme,
        parts=parts,
        nodes=tuple(_node(table, unit, below[unit.id], means) for unit in parts),
    )


def _atoms_below(table: BaseTable) -> dict[str, list[Atom]]:
    parents = {unit.id: unit.parent for unit in table.units}
    below: dict[str, list[Atom]] = {unit.id: [] for unit in table.units}
    for atom in table.atoms:
        name: str | None = atom.unit
        while name is not None:
            below[name].append(atom)
            name = parents[name]
    return below


def _node(
    table: BaseTable, unit: Unit, atoms: Sequence[Atom], told: Mapping[str, Mapping[str, _Told]]
) -> Node:
    scheme, basis = table.scheme, table.about.basis
    means = {f.id: _across([(atom.n, told[atom.unit][f.id]) for atom in atoms]) for f in scheme.facets}
    totals = {total.id: _together([means[part] for part in total.of]) for total in scheme.totals}
    people = {f.id: _people(f, atoms) for f in scheme.facets}
    exact = [
        people[name] for name, mean in means.items() if isinstance(mean, _Mean) and mean.bound == "exact"
    ]
    answered = ROUND_TO * floor(min(exact, default=0) / ROUND_TO + TINY)
    people |= {total.id: min(people[part] for part in total.of) for total in scheme.totals}
    n = ROUND_TO * (sum(atom.n for atom in atoms) // ROUND_TO)
    detailed = bool(atoms) and all(atom.by == "item" for atom in atoms)
    items = [item for facet in scheme.facets for item in facet.items] if detailed else []

    def line(name: str, mean: _Told) -> FacetLine:
        few = basis is not None and isinstance(mean, _Mean) and people[name] < ITEMS_FROM <= n
        return FacetLine(id=name, figure=_figure(mean), error=_error(basis, name, mean, answered), of_few=few)

    return Node(
        id=unit.id,
        title=unit.title,
        level=unit.level,
        parent=unit.parent,
        n=n,
        units=len(atoms),
        facets=tuple(line(facet.id, means[facet.id]) for facet in scheme.facets if facet.shown),
        totals=tuple(line(name, mean) for name, mean in totals.items()),
        items=tuple(_item_line(item, atoms) for item in items),
    )


# ---- precision -----------------------------------------------------------------------------------------


def _people(facet: Facet, atoms: Sequence[Atom]) -> float:
    """Return of how many people, all weighing alike, a facet's mean would have the same error.

    Units weigh by their people, also where some of these left the facet out; of an item's answers the fewest
    count.
    """
    several = [(atom.n, _answered(facet, atom)) for atom in atoms]
    told = [(n, answered) for n, answered in several if answered]
    return sum(n for n, _ in told) ** 2 / fsum(n**2 / answered for n, answered in told) if told else 0


def _answered(facet: Facet, atom: Atom) -> int:
    """Return how many answered a facet, or that item of it which the fewest did; 0 where it is untold."""
    names = [facet.id] if atom.by == "facet" else [item.id for item in facet.items]
    sums = [atom.sums.get(name) for name in names]
    return min(each.n if each else 0 for each in sums)


def told_by(table: BaseTable) -> dict[str, dict[str, tuple[frozenset[str], ...]]]:
    """Return of each part which units tell each facet, and each facet of a total."""
    return {
        part: _told_by(table.scheme, atoms)
        for part, atoms in (*_atoms_below(table).items(), (EVERYONE, table.atoms))
    }


def _told_by(scheme: Scheme, atoms: Sequence[Atom]) -> dict[str, tuple[frozenset[str], ...]]:
    facets = {f.id: frozenset(atom.unit for atom in atoms if _answered(f, atom)) for f in scheme.facets}
    totals = {total.id: tuple(facets[part] for part in total.of) for total in scheme.totals}
    return {name: (units,) for name, units in facets.items()} | totals


def _error(basis: Basis | None, name: str, mean: _Told, n: int) -> float | None:
    """Return how far error of measurement moves a mean, at 95 %: 1.96 SEM / √n, rounded up to a tenth.

    n is one for the whole part: the fewest who answered one of its exact facets, in fives. One for each facet
    would let be worked out how many left each facet out, which no report tells.
    """
    sem = basis.errors.get(name) if basis else None
    if sem is None or isinstance(mean, Untold) or mean.bound != "exact" or not n:
        return None
    return ceil(10 * float(ndtri((1 + LEVEL) / 2)) * sem / sqrt(n) - TINY) / 10


# ---- means ---------------------------------------------------------------------------------------------


def _facet(facet: Facet, atom: Atom) -> _Told:
    if atom.by == "facet":
        told = atom.sums.get(facet.id)
        return _Mean(told.value / told.n, told.bound, None) if told else Untold(reason="too few answers")
    return _together([_in_percent(item, atom.sums.get(item.id)) for item in facet.items])


def _in_percent(item: Item, told: Sum | None) -> _Told:
    """Put the mean of an item on 0 to 100, with the widest half-width that its sum and bands allow."""
    if told is None:
        return Untold(reason="too few answers")
    unit = 100 / (item.high - item.low)
    half = _widest_half(item, told)
    return _Mean(unit * (told.value / told.n - item.low), told.bound, None if half is None else unit * half)


def _widest_half(item: Item, told: Sum) -> float | None:
    """Return the half-width of the mean's interval for the widest spread that sum and bands allow.

    A measured spread beside the sum would sometimes rule out answers; this one is computed from what is
    published. Within the bands the squares are largest where people are at the ends, the topmost bands filled
    first.
    """
    if told.bound != "exact" or told.n < INTERVALS_FROM:
        return None
    n, bands = told.n, told.bands or (Band(low=item.low, high=item.high, n=told.n),)
    squares = fsum(band.n * band.low**2 for band in bands)
    spare = told.value - fsum(band.n * band.low for band in bands)
    for band in sorted(bands, key=lambda band: -band.high):
        lift = min(spare, band.n * (band.high - band.low))
        squares += lift * (band.low + band.high)
        spare -= lift
    variance = (squares - told.value**2 / n) / (n - 1)
    return float(stdtrit(n - 1, (1 + LEVEL) / 2)) * sqrt(max(0.0, variance) / n)


def _together(parts: Sequence[_Told]) -> _Told:
    """Return the plain mean of items or of facets, whose errors may all have the same sign."""
    return _weighted([(1, part) for part in parts], add=fsum)


def _across(parts: Sequence[tuple[float, _Told]]) -> _Told:
    """Return the mean over units, weighted by their people, without units in which too few answered."""
    enough = [(n, part) for n, part in parts if part != Untold(reason="too few answers")]
    return _weighted(enough, add=lambda halves: sqrt(fsum(half**2 for half in halves)))


def _weighted(parts: Sequence[tuple[float, _Told]], *, add: Callable[[Iterable[float]], float]) -> _Told:
    means = [(weight, part) for weight, part in parts if isinstance(part, _Mean)]
    if not parts or len(means) < len(parts):
        lacking = [part for _, part in parts if isinstance(part, Untold)]
        return lacking[0] if lacking else Untold(reason="too few answers")
    bounds: set[Bound] = {mean.bound for _, mean in means if mean.bound != "exact"}
    if len(bounds) > 1:
        return Untold(reason="points both ways")
    whole = fsum(weight for weight, _ in means)
    halves = [weight / whole * mean.half for weight, mean in means if mean.half is not None]
    return _Mean(
        fsum(weight * mean.value for weight, mean in means) / whole,
        bounds.pop() if bounds else "exact",
        add(halves) if len(halves) == len(means) else None,
    )


# ---- lines ---------------------------------------------------------------------------------------------


def _figure(mean: _Told) -> Figure | Untold:
    if isinstance(mean, Untold):
        return mean
    half = None if mean.half is None else float(ROUND_TO * max(1, ceil(mean.half / ROUND_TO)))
    return Figure(value=_rounded(mean.value, mean.bound), bound=mean.bound, half_width=half)


def _rounded(value: float, bound: Bound) -> float:
    """Round to one decimal; an upper bound is rounded up and a lower one down, so that it stays true."""
    tenths = round(10 * value, 6)
    whole = {"exact": round(tenths), "at most": ceil(tenths), "at least": floor(tenths)}[bound]
    return whole / 10


def _item_line(item: Item, atoms: Sequence[Atom]) -> ItemLine:
    sums = [(atom.n, atom.sums.get(item.id)) for atom in atoms]
    told = [(n, one) for n, one in sums if one is not None and one.n >= ITEMS_FROM]
    mean = _across([(n, _Mean(one.value / one.n, one.bound, None)) for n, one in told])
    figure = _figure(mean)
    bands = _common_bands([one.bands for _, one in told])
    return ItemLine(id=item.id, figure=figure, shares=_shares(bands))


def _common_bands(several: Sequence[Sequence[Band]]) -> list[Band]:
    """Add up the bands of several units in the finest that all of them have; None if one has none."""
    if not several or not all(several):
        return []
    cuts = sorted(set.intersection(*({band.high for band in bands} for bands in several)))
    low = several[0][0].low
    common: list[Band] = []
    for high in cuts:
        n = sum(band.n for bands in several for band in bands if low <= band.low and band.high <= high)
        common.append(Band(low=low, high=high, n=n))
        low = high + 1
    return common


def _shares(bands: Sequence[Band]) -> tuple[Share, ...]:
    n = sum(band.n for band in bands)
    return tuple(
        Share(low=band.low, high=band.high, percent=ROUND_TO * floor(100 * band.n / n / ROUND_TO + 0.5))
        for band in bands
    )


# ---- as JSON -------------------------------------------------------------------------------------------

_REPORTS: Final = TypeAdapter(Report)


def report_as_json(report: Report) -> dict[str, Any]:
    """Write a report as plain data, for the snapshot and for its JSON page."""
    found: dict[str, Any] = _REPORTS.dump_python(report, mode="json")
    return found


def report_from_json(data: Any) -> Report:
    """Read what `report_as_json` wrote."""
    return _REPORTS.validate_python(data)
