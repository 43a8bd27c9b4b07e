"""Assigns rows to units: a whole-number programme over a report by units and rows that come without a unit.

The attacker holds the report, as it is published, and the rows, and knows the rules: what a figure is rounded
to, what a clamp hides, how the key scores. Each row is in one published unit or in none; every figure, share
and bound of a unit is then one or two linear conditions on who is in it. Of all assignments that give the
report the likeliest is found. Then, for one row after the other, the solver looks for an assignment in which
the row is elsewhere and that is not `DOUBT` times less likely. A row for which there is none is named.

Not used, because they add little once the units fit: the figures of departments and of everybody (except the
number of their people), the widths of the intervals, and why no finer bands were shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf, log
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from analysis.disclosure.base_table import ITEMS_FROM, Bound, Facet, Group, Item, Unit, base_table, rules
from analysis.disclosure.release import ROUND_TO, Figure, ItemLine, Node, Report, release
from instrument import score
from tests.privacy.attackers import Person
from tests.privacy.organisations import FORM, INSTRUMENT, keyed

HELD_OUT: Final = "held out"
"""The label of a row of no published unit; where one unit was held out, that is its name."""
DOUBT: Final = log(1000)
"""An assignment less likely than the best by more than this is not reckoned with."""
FARTHEST: Final = 30.0
"""No unit counts as less likely for a row than this, in logarithms: a likelihood is only a model."""
ROUNDS: Final = 60
PRIOR: Final = 5.0
TOLERANCE: Final = 1e-6
INFEASIBLE: Final = 2  # of the ends that scipy.optimize.milp tells of
ONE_DECIMAL: Final[dict[Bound, tuple[float, float]]] = {
    "exact": (-0.05, 0.05),
    "at most": (-0.1, 0.0),
    "at least": (0.0, 0.1),
}
"""Between what the unrounded figure lies: a bound is rounded away from what it bounds."""

Label = str | None
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """A unit for every row; in `named` None stands where another is possible, in `best` nowhere."""

    best: tuple[str, ...]
    named: tuple[Label, ...]


@dataclass(frozen=True)
class Rows:
    """Rows as an attacker reads them: answers keyed, above the foot of their scale; NaN where none is."""

    people: Sequence[Person]
    answers: dict[str, Floats]
    scores: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.people)


def read_rows(report: Report, people: Sequence[Person]) -> Rows:
    items = [item for facet in report.scheme.facets for item in facet.items]
    scored = [score(INSTRUMENT, FORM, person) for person in people]
    return Rows(
        people,
        {item.id: np.array([_above(item, person.get(item.id, -1)) for person in people]) for item in items},
        {
            facet.id: np.array([_or_nan(each[facet.id].value) for each in scored])
            for facet in report.scheme.facets
        },
    )


def _above(item: Item, code: int) -> float:
    return float(keyed(item, code) - item.low) if item.low <= code <= item.high else np.nan


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def published_units(report: Report) -> list[Node]:
    return [node for node in report.nodes if node.level == "unit"]


# ---- how likely a unit is for a row --------------------------------------------------------------------


def likelihoods(report: Report, rows: Rows) -> Floats:
    """The logarithm of how likely each published unit is for each row, and, in a last column, none of them.

    Answers are independent within a unit, with shares that start from its facet means and are learnt from the
    rows, those of an item drawn towards its facet's and those towards the unit's: expectation maximisation.
    """
    units = published_units(report)
    given = np.array(list(rows.answers.values()))
    levels = int(np.nanmax(given)) + 1
    hot = np.equal.outer(given.T, range(levels)).astype(float)
    home = np.repeat(range(len(report.scheme.facets)), [len(f.items) for f in report.scheme.facets])
    known = _whole_scores(rows)
    sizes = np.array([node.n + ROUND_TO // 2 for node in units], dtype=float)
    means = np.array([[_centre(line.figure) for line in node.facets] for node in units])
    rest = max(len(rows) - sizes.sum(), 2.0)
    means = np.vstack([means, ((known.sum(axis=0) - sizes @ means) / rest).clip(0, 100)])
    sizes = np.append(sizes, rest)
    logs = -((known[:, None] - means) ** 2).sum(axis=2) / 300
    for _ in range(ROUNDS):
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        by_item = np.einsum("ru,riv->uiv", weights, hot)
        by_facet = np.stack([by_item[:, home == each].sum(axis=1) for each in range(home[-1] + 1)], axis=1)
        shares = _drawn(by_facet.sum(axis=1), hot.mean(axis=(0, 1)))
        shares = _drawn(by_facet, shares[:, None])
        shares = _drawn(by_item, shares[:, home])
        logs = np.log(sizes / sizes.sum()) + np.einsum("riv,uiv->ru", hot, np.log(shares))
    return np.maximum(logs - logs.max(axis=1, keepdims=True), -FARTHEST)


def _centre(figure: object) -> float:
    if not isinstance(figure, Figure):
        return 50.0
    return {"exact": figure.value, "at most": figure.value / 3, "at least": 100 - (100 - figure.value) / 3}[
        figure.bound
    ]


def _drawn(counts: Floats, towards: Floats) -> Floats:
    return (counts + PRIOR * towards + 1e-9) / (counts.sum(axis=-1, keepdims=True) + PRIOR)


def likeliest(report: Report, rows: Rows) -> list[str]:
    """A guess for rows of published units by how alike row and unit are.

    Scores are normal about their unit's means as published, with one covariance, which is estimated from the
    rows: where people differ within units this finds more than independent answers do.
    """
    units = published_units(report)
    scores = _whole_scores(rows)
    apart = scores[:, None] - np.array([[_centre(line.figure) for line in node.facets] for node in units])
    sizes = np.array([node.n + ROUND_TO // 2 for node in units], dtype=float)
    rounding = ROUND_TO * np.eye(scores.shape[1])
    covariance = np.cov(scores.T) + rounding
    logs = np.zeros(apart.shape[:2])
    for _ in range(ROUNDS):
        away = np.einsum("ruf,fg,rug->ru", apart, np.linalg.inv(covariance), apart)
        logs = np.log(sizes) - away / 2
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        covariance = np.einsum("ru,ruf,rug->fg", weights, apart, apart) / len(rows) + rounding
    return [units[each].id for each in logs.argmax(axis=1)]


def _whole_scores(rows: Rows) -> Floats:
    """Scores, rows by facets, the mean of all where there is none."""
    scores = np.array(list(rows.scores.values())).T
    return np.where(np.isnan(scores), np.nanmean(scores, axis=0), scores)


# ---- the programme -------------------------------------------------------------------------------------


@dataclass
class Programme:
    """Conditions on who is in which unit; the first rows x units variables are 1 where a row is in a unit."""

    rows: int
    units: int
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    entries: list[tuple[float, int, int]] = field(default_factory=list)
    between: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for _ in range(self.rows * self.units):
            self.variable(0, 1)
        for row in range(self.rows):
            self.require([(range(row * self.units, (row + 1) * self.units), 1)], 0, 1)

    def members(self, unit: int) -> range:
        return range(unit, self.rows * self.units, self.units)

    def variable(self, low: float, high: float, *, whole: bool = True) -> int:
        self.lows.append(low)
        self.highs.append(high)
        self.whole.append(int(whole))
        return len(self.lows) - 1

    def require(self, terms: Iterable[tuple[Sequence[int], Any]], low: float, high: float) -> None:
        """Demand that the weighted sum of variables lies between two numbers."""
        number = len(self.between)
        for places, weights in terms:
            several = np.broadcast_to(np.asarray(weights, dtype=float), len(places))
            self.entries += [
                (weight, number, place)
                for weight, place in zip(several.tolist(), places, strict=True)
                if weight
            ]
        self.between.append((low - TOLERANCE, high + TOLERANCE))

    def one_of(self, several: Sequence[Any]) -> list[int]:
        """One switch for each of several cases, of which one holds."""
        switches = [self.variable(0, 1) for _ in several]
        self.require([(switches, 1)], 1, 1)
        return switches

    def best(self, weights: Floats, *also: tuple[Floats, float]) -> tuple[NDArray[np.int64], float] | None:
        """Find the largest sum of weights; `also` are sums that may not exceed a number.

        Returns the number of each row's unit (`units` where it is in none) and the sum; None where nothing
        meets the conditions.
        """
        values = np.array(self.entries)
        shape = (len(self.between), len(self.lows))
        matrix = csr_matrix((values[:, 0], values[:, 1:].astype(int).T), shape=shape)
        limits = [LinearConstraint(matrix, *np.array(self.between).T)]
        limits += [LinearConstraint(self._padded(each), -inf, most) for each, most in also]
        found = milp(
            -self._padded(weights),
            integrality=self.whole,
            bounds=Bounds(self.lows, self.highs),
            constraints=limits,
            options={"mip_rel_gap": TOLERANCE},
        )
        if found.status == INFEASIBLE:
            return None
        if not found.success:
            raise RuntimeError(found.message)
        chosen = found.x[: self.rows * self.units].reshape(self.rows, self.units).round()
        return np.where(chosen.any(axis=1), chosen.argmax(axis=1), self.units), -found.fun

    def _padded(self, weights: Floats) -> Floats:
        return np.concatenate([weights, np.zeros(len(self.lows) - weights.size)])


def programme(report: Report, rows: Rows, *, exact: bool) -> Programme:
    """Turn a report by units into conditions; `exact` brings in what follows from ratios of sums."""
    units = published_units(report)
    made = Programme(len(rows), len(units))
    above = {part.id: part.parent for part in report.parts}
    for node in report.nodes:
        below = [place for place, unit in enumerate(units) if _is_below(unit.id, node, report, above)]
        everybody = [(made.members(place), 1) for place in below]
        made.require(everybody, node.n, node.n + ROUND_TO - 1)
    for place, node in enumerate(units):
        tell = _by_items if node.items else _by_facets
        tell(_Told(made, made.members(place), node, report, rows), exact=exact)
    return made


@dataclass(frozen=True)
class _Told:
    """What is published of a unit, and its part of the programme."""

    made: Programme
    members: range
    node: Node
    report: Report
    rows: Rows

    @property
    def facets(self) -> dict[str, Facet]:
        return {facet.id: facet for facet in self.report.scheme.facets}

    def require(self, weights: Floats, low: float, high: float) -> None:
        """Demand that the members' weights add up to something between two numbers."""
        self.made.require([(self.members, weights)], low, high)

    def numbers(self, has: NDArray[np.bool_], least: int) -> range:
        """How many of the members may have answered."""
        return range(max(least, self.node.n - int((~has).sum())), self.node.n + ROUND_TO)

    def edge(self, span: float) -> float:
        """How far from either end of its range a sum is clamped."""
        return (rules(self.report.about.k).insiders + 1) * span


def _is_below(unit: str, node: Node, report: Report, above: dict[str, str | None]) -> bool:
    if node.id == report.parts[0].id and node.parent is None:
        return True
    name: str | None = unit
    while name is not None and name != node.id:
        name = above.get(name)
    return name == node.id


def _by_facets(unit: _Told, *, exact: bool) -> None:
    """A unit of which only facets are published: sums to the nearest step, of as many people as may be."""
    means: list[tuple[list[int], list[float]]] = []
    facets, k = unit.facets, unit.report.about.k
    for line in unit.node.facets:
        scores, figure = unit.rows.scores[line.id], line.figure
        has = ~np.isnan(scores)
        if not isinstance(figure, Figure):
            unit.require(has, 0, k - 1)
            continue
        facet, edge = facets[line.id], unit.edge(100)
        step = 100 / len(facet.items) / (facet.items[0].high - facet.items[0].low)
        numbers = unit.numbers(has, k)
        cases = [(n, total) for n in numbers for total in _sums(figure, n, 100 * n, edge, step)]
        switches = unit.made.one_of(cases)
        unit.made.require([(unit.members, has), (switches, [-n for n, _ in cases])], 0, 0)
        told = np.where(has, scores, 0.0)
        if figure.bound == "exact":
            sums = [-total for _, total in cases]
            unit.made.require([(unit.members, told), (switches, sums)], -step / 2, step / 2)
        elif figure.bound == "at most":
            unit.require(told, -inf, edge + step / 2)
        else:
            unit.require(told - 100 * has, -edge - step / 2, inf)
        means.append((switches, [total / n for n, total in cases]))
    for line in unit.node.totals if exact else ():
        if isinstance(line.figure, Figure) and len(means) == len(facets):
            of = [(switches, np.array(each) / len(means)) for switches, each in means]
            unit.made.require(of, *_unrounded(line.figure))


def _sums(figure: Figure, n: int, most: float, edge: float, step: float) -> list[float]:
    """The sums of n scores that are published as this figure."""
    low, high = _unrounded(figure)
    if figure.bound == "exact":
        first, last = int(low * n / step), int(high * n / step) + 1
        sums = [step * each for each in range(first, last + 1) if edge < step * each < most - edge]
    else:
        sums = [edge if figure.bound == "at most" else most - edge]
    return [each for each in sums if low - TOLERANCE <= each / n <= high + TOLERANCE]


def _unrounded(figure: Figure) -> tuple[float, float]:
    low, high = ONE_DECIMAL[figure.bound]
    return figure.value + low, figure.value + high


def _by_items(unit: _Told, *, exact: bool) -> None:
    means: dict[str, int] = {}
    facets = unit.facets
    items = {item.id: item for facet in facets.values() for item in facet.items}
    for line in unit.node.items:
        if isinstance(line.figure, Figure):
            _item(unit, items[line.id], line, line.figure)
            if exact:
                means[line.id] = _mean(unit, items[line.id], line.figure)
        else:
            unit.require(~np.isnan(unit.rows.answers[line.id]), 0, ITEMS_FROM - 1)
    for line in unit.node.facets:
        _figure(unit.made, line.figure, [(facets[line.id], means)])
    for line in unit.node.totals:
        [of] = [total.of for total in unit.report.scheme.totals if total.id == line.id]
        _figure(unit.made, line.figure, [(facets[each], means) for each in of])


def _item(unit: _Told, item: Item, line: ItemLine, figure: Figure) -> None:
    """The mean of an item and the shares of its answers, each within what it was rounded to."""
    answers, span = unit.rows.answers[item.id], item.high - item.low
    has = ~np.isnan(answers)
    told = np.where(has, answers, 0.0)
    low, high = (each - item.low for each in _unrounded(figure))
    if figure.bound == "exact":
        unit.require(told - high * has, -inf, 0)
        unit.require(told - low * has, 0, inf)
    elif figure.bound == "at most":
        unit.require(told, -inf, unit.edge(span))
    else:
        unit.require(told - span * has, -unit.edge(span), inf)
    for share in line.shares:
        inside = has & (told >= share.low - item.low) & (told <= share.high - item.low)
        unit.require(inside - (share.percent + ROUND_TO / 2) / 100 * has, -inf, 0)
        unit.require(inside - (share.percent - ROUND_TO / 2) / 100 * has, 0, inf)


def _mean(unit: _Told, item: Item, figure: Figure) -> int:
    """A variable for the mean itself: it takes a switch for each number of people who may have answered."""
    made, answers, span = unit.made, unit.rows.answers[item.id], item.high - item.low
    has, edge = ~np.isnan(answers), unit.edge(span)
    told = np.where(has, answers, 0.0)
    low, high = (each - item.low for each in _unrounded(figure))
    bounds = {
        n: edge / n if figure.bound == "at most" else span - edge / n
        for n in unit.numbers(has, ITEMS_FROM)
        if figure.bound == "exact"
        or low - TOLERANCE <= (edge / n if figure.bound == "at most" else span - edge / n) <= high + TOLERANCE
    }
    switches = made.one_of(list(bounds))
    made.require([(unit.members, has), (switches, [-n for n in bounds])], 0, 0)
    mean = made.variable(0, span, whole=False)
    if figure.bound != "exact":
        made.require([([mean], 1), (switches, [-bound for bound in bounds.values()])], 0, 0)
        return mean
    made.require([([mean], 1)], low, high)
    for switch, n in zip(switches, bounds, strict=True):
        off = high * max(abs(n - other) for other in bounds)
        made.require([(unit.members, told), ([mean], -n), ([switch], off)], -inf, off)
        made.require([(unit.members, told), ([mean], -n), ([switch], -off)], -off, inf)
    return mean


def _figure(made: Programme, figure: object, facets: Sequence[tuple[Facet, dict[str, int]]]) -> None:
    """A facet, or a total of facets, as the mean of its items' means, on 0 to 100."""
    if isinstance(figure, Figure) and all(
        item.id in means for facet, means in facets for item in facet.items
    ):
        terms = [
            ([means[item.id]], 100 / (item.high - item.low) / len(facet.items) / len(facets))
            for facet, means in facets
            for item in facet.items
        ]
        made.require(terms, *_unrounded(figure))


# ---- the attack ----------------------------------------------------------------------------------------


def solve(report: Report, people: Sequence[Person]) -> Found | None:
    """Name the unit of every row that can be named; None where nothing gives the report."""
    rows = read_rows(report, people)
    logs = likelihoods(report, rows)
    weights = (logs[:, :-1] - logs[:, -1:]).ravel()
    names = [*(node.id for node in published_units(report)), HELD_OUT]
    for exact in (False, True):
        made = programme(report, rows, exact=exact)
        found = made.best(weights)
        if found and fits(report, rows, [names[each] for each in found[0]]):
            break
    if not found:
        return None
    best = [names[each] for each in found[0]]
    certain = _certain(made, *found, weights)
    return Found(tuple(best), tuple(name if each in certain else None for each, name in enumerate(best)))


def fits(report: Report, rows: Rows, labels: Sequence[str]) -> bool:
    """Whether this assignment, published by the published code, gives what was published of the units."""
    told = published_units(report)
    groups = [
        Group(
            unit=node.id,
            pairs=(),
            people=[person for person, label in zip(rows.people, labels, strict=True) if label == node.id],
        )
        for node in told
    ]
    flat = [Unit(id=node.id, title=node.title, level=node.level, parent=None) for node in told]
    table = base_table(report.about, INSTRUMENT, groups, flat, rules(report.about.k))
    found = {node.id: node for node in release(table).nodes}
    return all(
        node.id in found
        and (found[node.id].facets, found[node.id].totals, found[node.id].items)
        == (node.facets, node.totals, node.items)
        for node in told
    )


def _certain(made: Programme, places: NDArray[np.int64], likely: float, weights: Floats) -> set[int]:
    """The rows that are in the same unit in every assignment that is likely enough.

    The assignment that agrees with the fewest of them is searched for; rows that differ in it are removed,
    until none differs.
    """
    certain = set(range(made.rows))
    while certain:
        agrees, none = np.zeros(made.rows * made.units), 0
        for row in certain:
            if places[row] == made.units:
                agrees[row * made.units : (row + 1) * made.units] -= 1
                none += 1
            else:
                agrees[row * made.units + places[row]] += 1
        other = made.best(-agrees, (-weights, DOUBT - likely), (agrees, len(certain) - none - 1))
        if other is None:
            break
        certain = {row for row in certain if other[0][row] == places[row]}
    return certain
