"""The attack on units: which unit does a row belong to, where rows leave a study without their unit?

    python -m tests.attack.units [--orgs 200] [--named 24] [--seed 7] [--seconds 120]

A study gives out reports by unit or rows (analysis.disclosure.leaving); each is tried both ways:

reports    no row leaves.
rows       no figure leaves. What leaves is read with the people of its units exchanged, with sizes unchanged:
           not a byte may change. Nor with other answers in units that are held out. So for every row no guess
           is better than the largest unit.

Three other rules must be caught. The first gives out rows beside reports by unit: tests.privacy.unit_solver
must name the unit of at least 95 % of the rows in 21 of 24 organisations of 23 to 150 people, and none
wrongly, in so many seconds of processor time each. Under the second, rows of held-out units stay, and of each
unit a tenth that is drawn once, two at least: comparing rows with units by likeness alone must find more
units than the sizes give away, by five in a hundred. The third gives out rows beside a report of the whole
alone, kept since the close: somebody is erased, and whoever reads both afterwards must find erased answers.
Exits with 1 where the rule fails or a fault is missed.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from math import ceil
from multiprocessing import get_context
from multiprocessing.connection import Connection
from random import Random
from resource import RLIMIT_CPU, setrlimit
from statistics import fmean
from typing import Any, Final

from analysis.disclosure.base_table import Group, Unit, base_table, rules
from analysis.disclosure.leaving import LEAVING, Leaving, rows_leave, settle
from analysis.disclosure.release import Report, release, report_as_json, report_from_json
from instrument import score
from tests.privacy.attackers import Groups, Person, scrambled
from tests.privacy.organisations import (
    ABOUT,
    CODES,
    FORM,
    INSTRUMENT,
    ITEMS,
    K,
    everyday,
    keyed,
    organisation,
    table_items,
    table_of,
)
from tests.privacy.unit_solver import HELD_OUT, Found, likeliest, published_units, read_rows, solve

NAMES: Final = ("ash", "beech", "cedar", "elm", "fir", "hazel", "lime", "oak", "pine", "rowan", "yew", "plum")
LARGEST: Final = 45
ENOUGH: Final = 0.95
CAUGHT: Final = 7 / 8
"""Of the organisations, 21 of 24."""
POINTS: Final = 0.05
END: Final = 12.5
EXCHANGES: Final = 3
WAVE: Final = "demo-1"
MAKE: Final[Mapping[str, Callable[[int, Mapping[str, int]], Groups]]] = {
    "of every mood": organisation,
    "everyday": everyday,
}


# ---- organisations -------------------------------------------------------------------------------------


def small(seed: int) -> Groups:
    """One unit that is held out and one to four that are not, 23 to 150 people.

    An organisation is skipped where all answers of two units are at the same end of the scale: only a bound
    is published of both, and their rows are alike, so nobody could distinguish them.
    """
    rng = Random(seed)
    while True:
        sizes = [rng.randrange(3, K), *(rng.randrange(K, LARGEST + 1) for _ in range(rng.randrange(1, 5)))]
        groups = organisation(
            rng.randrange(10**6), dict(zip(rng.sample(NAMES, len(sizes)), sizes, strict=True))
        )
        ends = Counter(end for people in groups.values() if (end := _end(people)))
        if 23 <= sum(sizes) <= 150 and max(ends.values(), default=0) < 2:
            return groups


def _end(people: Sequence[Person]) -> str:
    """The end of the scale at which all of a unit are, if there is one."""
    totals = [score(INSTRUMENT, FORM, person)["total"].value for person in people]
    mean = fmean(each for each in totals if each is not None)
    return "low" if mean < END else "high" if mean > 100 - END else ""


def large(seed: int, kind: str) -> Groups:
    """Up to two units that are held out and as many as there is room for, 20 to 300 people."""
    rng = Random(seed)
    most = rng.randrange(20, 301)
    sizes = [rng.randrange(3, K) for _ in range(rng.randrange(3))]
    sizes.append(rng.randrange(K, LARGEST + 1))
    while sum(sizes) + K <= most and len(sizes) < len(NAMES):
        sizes.append(rng.randrange(K, min(LARGEST, most - sum(sizes)) + 1))
    return MAKE[kind](seed, dict(zip(rng.sample(NAMES, len(sizes)), sizes, strict=True)))


# ---- what leaves ---------------------------------------------------------------------------------------


def leaves(groups: Groups, declared: Leaving) -> tuple[Report, list[tuple[str, Person]]]:
    """The report, and the rows with the unit that they come from, which the attacker is not told."""
    table = settle(table_of(groups), declared)
    out = rows_leave(table, declared)
    rows = [(unit, person) for unit, people in groups.items() for person in people if (WAVE, unit) in out]
    return release(table), rows


def as_read(groups: Groups, declared: Leaving) -> bytes:
    """All that leaves, in an order that reveals nothing."""
    report, rows = leaves(groups, declared)
    return json.dumps([report_as_json(report), sorted(json.dumps(row) for _, row in rows)]).encode()


def beside_reports(groups: Groups) -> tuple[Report, list[tuple[str, Person]]]:
    """The fault: a report by units, and every row, held out or not."""
    rows = [(unit, person) for unit, people in groups.items() for person in people]
    return release(table_of(groups)), rows


def all_but_a_tenth(groups: Groups, rng: Random) -> tuple[Report, list[tuple[str, Person]]]:
    """The rule that was tried: rows of held-out units and a tenth of each unit's, two at least, stay."""
    report = release(table_of(groups))
    rows = []
    for node in published_units(report):
        people = groups[node.id]
        rows += [(node.id, each) for each in rng.sample(people, len(people) - max(2, ceil(len(people) / 10)))]
    return report, rows


# ---- attacks -------------------------------------------------------------------------------------------


def named(seed: int, seconds: int | None = None) -> Counter[str]:
    """Rows beside reports: how many rows of an organisation get a unit, and how many of these wrongly."""
    report, rows = beside_reports(small(seed))
    people = [person for _, person in rows]
    found = solve(report, people) if seconds is None else _in_time(seconds, report, people)
    told = {node.id for node in published_units(report)}
    truth = [unit if unit in told else HELD_OUT for unit, _ in rows]
    labels = found.named if found else [None] * len(truth)
    right = sum(label == unit for label, unit in zip(labels, truth, strict=True))
    return Counter(
        {
            "organisations": 1,
            "caught": right >= ENOUGH * len(truth),
            "rows": len(truth),
            "named": right,
            "wrong": sum(label is not None for label in labels) - right,
            "held out": truth.count(HELD_OUT),
            "held out named": sum(
                label == unit == HELD_OUT for label, unit in zip(labels, truth, strict=True)
            ),
        }
    )


def _in_time(seconds: int, report: Report, people: Sequence[Person]) -> Found | None:
    """Solve in a process of its own, which ends after so many seconds of processor time."""
    context = get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    worker = context.Process(target=_solve_in_time, args=(seconds, report_as_json(report), people, send))
    worker.start()
    send.close()
    try:
        found: Found | None = receive.recv()
    except EOFError:
        found = None
    worker.join()
    return found


def _solve_in_time(seconds: int, report: dict[str, Any], people: Sequence[Person], send: Connection) -> None:
    setrlimit(RLIMIT_CPU, (seconds, seconds))
    send.send(solve(report_from_json(report), people))


def guessed(seed: int, kind: str) -> Counter[str]:
    """A tenth stays: how many rows that leave get their unit by likeness, and how many by size."""
    report, rows = all_but_a_tenth(large(seed, kind), Random(seed))
    people = [person for _, person in rows]
    guesses = likeliest(report, read_rows(report, people))
    sizes = Counter(unit for unit, _ in rows)
    return Counter(
        {
            "rows": len(rows),
            "right": sum(unit == guess for (unit, _), guess in zip(rows, guesses, strict=True)),
            "by size": max(sizes.values(), default=0),
        }
    )


def declared(seed: int, kind: str) -> Counter[str]:
    """The rule: rows beside figures, rows of held-out units, and bytes that depend on units."""
    groups, rng, found = large(seed, kind), Random(seed), Counter[str]()
    report, rows = leaves(groups, LEAVING["reports"])
    found["rows beside a report"] = len(rows)
    report, rows = leaves(groups, LEAVING["rows"])
    found["figures beside rows"] = len(report.nodes)
    found["rows"] = len(rows)
    found["held-out rows"] = sum(len(groups[unit]) < K for unit, _ in rows)
    seen = as_read(groups, LEAVING["rows"])
    for _ in range(EXCHANGES):
        found["exchanges"] += 1
        found["seen"] += as_read(exchanged(groups, rng), LEAVING["rows"]) != seen
        found["seen"] += as_read(scrambled(groups, K, rng, CODES), LEAVING["rows"]) != seen
    return found


def exchanged(groups: Groups, rng: Random) -> Groups:
    """The same people in units of the same sizes, those of published units exchanged."""
    told = [unit for unit, people in groups.items() if len(people) >= K]
    everybody = [person for unit in told for person in groups[unit]]
    rng.shuffle(everybody)
    people = iter(everybody)
    return groups | {unit: [next(people) for _ in groups[unit]] for unit in told}


def erased(seed: int, kind: str) -> Counter[str]:
    """A report of the whole, kept since the close, less the rows that are left: what does it reveal?

    Each answer, or each score where only scores are published, is tried in place of what was erased. It is
    revealed where only one gives what was published.
    """
    groups, rng = large(seed, kind), Random(seed)
    everybody = [person for people in groups.values() if len(people) >= K for person in people]
    rng.shuffle(everybody)
    left = everybody[1:]
    seen, told = _lines(everybody), Counter[str]()
    possible: dict[str, list[bool]] = {name: [] for name in seen}
    for sheet in _sheets(by_item=len(everybody) >= 20):
        for name, line in _lines([*left, sheet]).items():
            possible[name].append(line == seen[name])
    told["erased answers"] = len(possible)
    told["told"] = sum(sum(each) == 1 for each in possible.values())
    return told


def _lines(people: Sequence[Person]) -> dict[str, object]:
    """The lines of the whole's report for each item, or for each facet where there are none for items."""
    tree = [Unit(id="org", title="Organisation", level="organisation", parent=None)]
    table = base_table(ABOUT, INSTRUMENT, [Group(unit="org", pairs=(), people=people)], tree, rules(K))
    [node] = release(table).nodes
    return {line.id: line for line in node.items or node.facets}


def _sheets(*, by_item: bool) -> list[Person]:
    """Sheets of one answer throughout, or of one score in every facet, one answer left blank or none."""
    if by_item:
        return [dict.fromkeys(ITEMS, code) for code in (*CODES, -99)]
    sheets = [dict.fromkeys(ITEMS, -99)]
    for answered in (4, 5):
        for points in range(4 * answered + 1):
            values = [points // answered + (place < points % answered) for place in range(answered)]
            sheets.append(
                {
                    item.id: keyed(item, value)
                    for facet in table_items()
                    for item, value in zip(facet, values, strict=False)
                }
            )
    return sheets


# ---- many organisations --------------------------------------------------------------------------------


def within(right: int, by_size: int, rows: int) -> bool:
    """Whether no more rows are found than the sizes of units give away, and five in a hundred."""
    return right <= by_size + POINTS * rows


def holds(found: Counter[str]) -> bool:
    """Whether the rule holds."""
    never = ("rows beside a report", "figures beside rows", "held-out rows", "seen")
    return bool(found["rows"] and found["exchanges"]) and not any(found[each] for each in never)


def is_named(found: Counter[str]) -> bool:
    """Whether the solver is strong enough for its failure to prove anything."""
    return found["caught"] >= CAUGHT * found["organisations"] > 0 and not found["wrong"]


def main() -> int:
    options, begun = _options(), time.monotonic()
    seeds = range(options.seed, options.seed + options.orgs)
    kinds = {kind: (Counter[str](), Counter[str](), Counter[str]()) for kind in MAKE}
    today = Counter[str]()
    workers = ProcessPoolExecutor(options.workers, mp_context=get_context("spawn"))
    with workers, ThreadPoolExecutor(options.workers) as waiting:
        for kind, counts in kinds.items():
            for count, each_attack in zip(counts, (declared, guessed, erased), strict=True):
                for each in workers.map(partial(each_attack, kind=kind), seeds):
                    count.update(each)
        attack = partial(named, seconds=options.seconds)
        for each in waiting.map(attack, range(options.seed, options.seed + options.named)):
            today.update(each)
            _show(f"named {today['caught']}/{today['organisations']}")
    for kind, (rule, tenth, whole) in kinds.items():
        sys.stdout.write(f"{options.orgs} organisations, {kind}: {summary(rule, tenth, whole)}\n")
    sys.stdout.write(
        f"mutant: rows beside reports by unit, 95 % named in {today['caught']}/{today['organisations']} "
        f"organisations, {today['named']}/{today['rows']} rows named, {today['wrong']} wrongly, held out "
        f"{today['held out named']}/{today['held out']}, at most {options.seconds} s of a processor each; "
        f"{time.monotonic() - begun:.0f} s\n"
    )
    return 0 if is_named(today) and all(passes(*counts) for counts in kinds.values()) else 1


def passes(rule: Counter[str], tenth: Counter[str], whole: Counter[str]) -> bool:
    """Whether the rule holds, and the two that were rejected are caught."""
    return holds(rule) and not within(tenth["right"], tenth["by size"], tenth["rows"]) and whole["told"] > 0


def summary(rule: Counter[str], tenth: Counter[str], whole: Counter[str]) -> str:
    share, right = (100 * tenth[each] / max(1, tenth["rows"]) for each in ("by size", "right"))
    return (
        f"{rule['rows beside a report']} rows beside reports, {rule['figures beside rows']} figures beside "
        f"{rule['rows']} rows, {rule['held-out rows']} held out, {rule['seen']} of {2 * rule['exchanges']} "
        f"exchanges and scrambles seen; mutants: a tenth stays, {right:.1f} % of {tenth['rows']} rows right "
        f"where sizes give {share:.1f} %; a report of the whole, {whole['told']}/{whole['erased answers']} "
        "erased answers told"
    )


def _show(progress: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{progress} ")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Try to find out from which unit rows come.")
    parser.add_argument("--orgs", type=int, default=200)
    parser.add_argument("--named", type=int, default=24)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
