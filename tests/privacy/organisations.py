"""Organisations of made-up people, and ways to publish their answers: ours, and faulty ones."""

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from analysis.disclosure.base_table import (
    About,
    BaseTable,
    Group,
    Item,
    Rules,
    Unit,
    base_table,
    rules,
    table_as_json,
)
from analysis.disclosure.release import Report, release, report_as_json
from analysis.simulation import higher_order, simulate
from instrument import Instrument, ppiq
from tests.privacy.attackers import Groups, Person, Publish

INSTRUMENT: Final[Instrument] = ppiq()
FORM: Final = "a"
CODES: Final = (0, 1, 2, 3, 4)
ITEMS: Final = tuple(item.id for item in INSTRUMENT.forms[FORM].items)
K: Final = 10
ABOUT: Final = About(
    study="demo",
    title="Demonstration",
    wave="demo-1",
    ordinal=1,
    closed_on="2026-11-22",
    simulated=True,
    instrument="ppiq",
    instrument_title=INSTRUMENT.title,
    form=FORM,
    form_hash=INSTRUMENT.forms[FORM].hash,
    key_revision=INSTRUMENT.key.revision,
    respondents="Someone",
    window="Lately",
    k=K,
)


def keyed(item: Item, code: int) -> int:
    """Turn an answer, or turn it back."""
    return item.low + item.high - code if item.reversed else code


def tree(groups: Groups) -> list[Unit]:
    """Put every unit into a department, with every second department's units apart."""
    above = [
        Unit(id="org", title="Organisation", level="organisation", parent=None),
        Unit(id="west", title="West", level="department", parent="org"),
        Unit(id="east", title="East", level="department", parent="org"),
    ]
    units = [
        Unit(id=unit, title=unit.title(), level="unit", parent=("west", "east")[place % 2])
        for place, unit in enumerate(sorted(groups))
    ]
    return [*above, *units]


def table_of(groups: Groups, allowed: Rules = rules(K)) -> BaseTable:  # noqa: B008 - frozen
    several = [Group(unit=unit, pairs=(("demo-1", unit),), people=people) for unit, people in groups.items()]
    return base_table(ABOUT, INSTRUMENT, several, tree(groups), allowed)


def as_bytes(table: BaseTable, report: Report) -> bytes:
    return json.dumps([table_as_json(table), report_as_json(report)], sort_keys=True).encode()


def publish(groups: Groups, allowed: Rules = rules(K)) -> bytes:  # noqa: B008 - frozen
    table = table_of(groups, allowed)
    return as_bytes(table, release(table))


def _exact_totals(groups: Groups) -> bytes:
    """A fault that is common in dashboards: a line for everybody, over everybody."""
    report = release(
        table_of({"everybody": [p for people in groups.values() for p in people]}, Rules(insiders=-1))
    )
    return publish(groups) + json.dumps(report_as_json(report)["nodes"]).encode()


MUTANTS: Final[Mapping[str, Publish]] = {
    "no clamp": partial(publish, allowed=Rules(k=K, insiders=-1)),
    "exact totals": _exact_totals,
    "K = 3": partial(publish, allowed=Rules(k=3)),
}


def person(rng: random.Random, mood: float, silence: float = 0.04) -> Person:
    items = {item.id: item for facet in table_items() for item in facet}
    answers = {}
    for name in ITEMS:
        value = min(4, max(0, round(rng.gauss(mood, 1.1))))
        answers[name] = rng.choice((-88, -99)) if rng.random() < silence else keyed(items[name], value)
    return answers


def table_items() -> list[tuple[Item, ...]]:
    return [facet.items for facet in _SCHEME.facets]


def organisation(seed: int, sizes: Mapping[str, int]) -> Groups:
    """Units of every kind: low, mixed, and all of one answer."""
    rng = random.Random(seed)
    groups: Groups = {}
    for unit, n in sizes.items():
        mood = rng.choice((-1.0, 0.5, 2.0, 3.5, 5.0))
        groups[unit] = [person(rng, mood) for _ in range(n)]
    return groups


def everyday(seed: int, sizes: Mapping[str, int], between: float = 0.1) -> Groups:
    """Ordinary units: people differ more than units, which have so much of the variance."""
    rng = np.random.default_rng(seed)
    items = [item for facet in table_items() for item in facet]
    home = [number for number, facet in enumerate(table_items()) for _ in facet]
    loadings, phi = higher_order([0.7] * len(table_items()), home, 0.7)
    root = np.linalg.cholesky(phi) * (between / (1 - between)) ** 0.5
    groups: Groups = {}
    for unit, n in sizes.items():
        means = root @ rng.standard_normal(len(root))
        turned = [number for number, item in enumerate(items) if item.reversed]
        missing = {-88: 0.02, -99: 0.02}
        cuts = [-0.3, 0.4, 1.1, 1.8]
        drawn = simulate(n, loadings, cuts, rng, phi=phi, means=means, reversed_items=turned, missing=missing)
        groups[unit] = [dict(zip((item.id for item in items), row, strict=True)) for row in drawn.tolist()]
    return groups


def of_one_mind(n: int, value: int) -> list[Person]:
    items = [item for facet in table_items() for item in facet]
    return [{item.id: keyed(item, value) for item in items} for _ in range(n)]


_SCHEME = base_table(replace(ABOUT), INSTRUMENT, [], [], rules(K)).scheme
