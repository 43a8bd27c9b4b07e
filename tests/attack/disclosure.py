"""The disclosure attack: what do reports, with one colleague's own answers, reveal of a person's answers?

    python -m tests.attack.disclosure --orgs 2000 --seed 7 [--db sqlite,postgres]

Every organisation gets a database of its own; its answers go in at once, its wave is closed by the service,
and its report is read over HTTP. Then six attackers:

A1  deniability. For a person, a colleague who knows their own answers, a question and an answer: is it ruled
    out? Not if other answers can be found, the colleague's unchanged, that give the same report. They
    are searched for as an attacker would, offline, with the published code; that they give the same bytes is
    checked each time, and one find of each organisation is put into the database and every page of it read
    over HTTP.
A2  other answers of people in units that are held out: does a byte of any page change?
A3  one answer more after the close, A4 one erased with its receipt: does a byte of any page change?
A5  units subtracted from totals: does anything differ between a hidden unit that said all yes and one all no?
A6  a tracker. Which units change which figure is found by changing each in turn; then, exactly: does any sum
    of figures describe a group of fewer than K? And does a page answer to filters that were not declared?

Every second organisation compares: the register holds evidence and a collection before was kept, so its
reports say how precise figures are, lay units side by side and show a change. Where something is published
anew, the function that closing calls makes it, since no page can. Three faults are then put in, and an
attacker must win in every organisation: no clamp (found by A1), a total over everybody (A2 or A5), K = 3 (A2
or A5). Exits with 1 on any success of an attacker, and on any fault that is missed.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import urlencode

from analysis.disclosure.base_table import BaseTable, Group, Rules, Unit, base_table, rules
from analysis.disclosure.change import with_change
from analysis.disclosure.release import NoChange, Report, release, report_as_json, report_from_json
from app import migrate
from app.closing import snapshots
from app.closing.maintenance import run_due_tasks
from app.closing.snapshots import compute_snapshot
from app.db import make_engine, write
from app.operations.server import spare_the_collector
from app.report.files import as_json
from tests.attack.published import REPORT, WAVE, Pages, Server, a_copy, body, serving
from tests.lib.postgres_server import Postgres, running_postgres
from tests.privacy.attackers import Groups, deniability, scrambled
from tests.privacy.organisations import CODES, FORM, INSTRUMENT, keyed, of_one_mind, organisation, tree

ATTEMPTS: Final = 20
"""At A1 in each organisation; 2,000 organisations on both engines make 80,000."""
LARGEST: Final = 45
COMPARED: Final = 1_000_000
"""What is added to the seed of every second organisation, which compares, for its collection before."""
NAMES: Final = ("ash", "beech", "cedar", "elm", "fir", "hazel", "lime", "oak", "pine", "rowan")
ATTACKS: Final = ("A1", "A2", "A3", "A4", "A5", "A6")
FAULTS: Final = ("no clamp", "exact totals", "K = 3")
MIDDLE: Final = 2
MISSING: Final = (-77, -88, -99)


@dataclass(frozen=True)
class Organisation:
    groups: Groups
    k: int
    harmed: str
    """The unit in which all say the same."""
    before: Groups | None = None
    """What was said in the collection before, where evidence lets reports compare."""

    @property
    def hidden(self) -> list[str]:
        return [unit for unit, people in self.groups.items() if len(people) < self.k]


def draw(seed: int) -> Organisation:
    """Draw four to six units: one or two too small, one in which all answer alike, the others of various
    moods and sizes.
    """
    rng = Random(seed)
    k = rng.choice((10, 10, 10, 5))
    names = rng.sample(NAMES, rng.randrange(4, 7))
    few = rng.choice((1, 2))
    hidden, (harmed, *others) = names[:few], names[few:]
    sizes = {name: rng.randrange(3, k) for name in hidden} | {
        name: rng.randrange(k, LARGEST + 1) for name in others
    }
    groups = organisation(seed, sizes)
    groups[harmed] = of_one_mind(rng.randrange(k, LARGEST + 1), rng.choice((CODES[0], CODES[-1])))
    before = organisation(seed + COMPARED, sizes | {harmed: len(groups[harmed])}) if seed % 2 else None
    return Organisation(groups, k, harmed, before)


class Home:
    """An attacker's own computer: the published code, run on answers that could have been given."""

    def __init__(self, read: bytes, groups: Groups, allowed: Rules, earlier: BaseTable | NoChange) -> None:
        self.about, self.earlier = report_from_json(body(read)).about, earlier
        self.allowed, self.groups = allowed, groups
        self.table = self.table_of(groups)
        self.seen = as_page(self.table, earlier)
        check(self.seen == read, "what is computed at home is not what is published")

    def table_of(self, groups: Groups) -> BaseTable:
        several = [Group(unit=unit, pairs=(), people=people) for unit, people in groups.items()]
        return base_table(self.about, INSTRUMENT, several, tree(self.groups), self.allowed)

    def page(self, groups: Groups) -> bytes:
        """What is published of these answers; units that have not changed are not counted again."""
        changed = {unit: people for unit, people in groups.items() if people is not self.groups[unit]}
        anew = {atom.unit: atom for atom in self.table_of(changed).atoms} if changed else {}
        atoms = tuple(anew.get(atom.unit, atom) for atom in self.table.atoms)
        # An equal table gives an equal report, since `release` reads nothing else.
        return self.seen if atoms == self.table.atoms else self.page_of(replace(self.table, atoms=atoms))

    def page_of(self, table: BaseTable) -> bytes:
        return as_page(table, self.earlier)


def as_page(table: BaseTable, earlier: BaseTable | NoChange) -> bytes:
    return b"200\n" + as_json(report_as_json(with_change(release(table), table, earlier)))


# ---- the attacks ---------------------------------------------------------------------------------------


def attack(url: str, seed: int) -> Counter[str]:
    """Run every attack on one organisation; the migrated database at `url` is empty."""
    org = draw(seed)
    with serving(url) as server:
        server.load(org.groups, org.k, before=org.before)
        server.close()
        seen = server.everything()
        found = deniable(server, org, seen, seed)
        found += held_out(server, org, seen, Random(seed))
        found["A6 tried"] += 1
        found["A6 won"] += tracked(server, org) or answers_filters(server, org, seen, Random(seed))
        for fault in FAULTS:
            found[f"{fault} tried"] += 1
            found[f"{fault} caught"] += caught(server, org, fault, seed)
        check(published(server, org.groups) == seen, "the organisation is not as it was")
        found += refreshed(server, org, seen, Random(seed))
    return found


def check(holds: bool, otherwise: str) -> None:
    """Stop where an attack would prove nothing."""
    if not holds:
        raise RuntimeError(otherwise)


def deniable(server: Server, org: Organisation, seen: Pages, seed: int) -> Counter[str]:
    page, fitting = server.report(), list[Groups]()
    home = Home(page, org.groups, rules(org.k), server.earlier)

    def publish(groups: Groups) -> bytes:
        found = page if groups is org.groups else home.page(groups)
        if found == page and groups is not org.groups:
            fitting.append(groups)
        return found

    attempts, won = deniability(publish, org.groups, home.table, keyed, times=ATTEMPTS, seed=seed)
    if fitting:
        won += published(server, fitting[-1]) != seen
    return Counter({"A1 tried": attempts, "A1 won": won})


def published(server: Server, groups: Groups) -> Pages:
    """Read what would have been published of these answers."""
    server.publish_again(groups)
    return server.everything()


def held_out(server: Server, org: Organisation, seen: Pages, rng: Random) -> Counter[str]:
    """A2 and A5: scramble what hidden units answered; let each of them say all yes."""
    found = Counter({"A2 tried": 1, "A5 tried": len(org.hidden)})
    other = scrambled(org.groups, org.k, rng, (*CODES, *MISSING))
    found["A2 won"] += published(server, other) != seen
    for unit in org.hidden:
        other = org.groups | {unit: of_one_mind(len(org.groups[unit]), rng.choice((CODES[0], CODES[-1])))}
        found["A5 won"] += published(server, other) != seen
    return found


def refreshed(server: Server, org: Organisation, seen: Pages, rng: Random) -> Counter[str]:
    """A3 and A4: in each unit one answer comes late, then one that was counted is erased over HTTP."""
    found = Counter({"A3 tried": 1, "A4 tried": 1})
    counted = {unit: list(receipts) for unit, receipts in server.receipts.items()}
    with write(server.service.engine) as db:
        for unit, people in org.groups.items():
            server.answer(db, unit, [rng.choice(people)])
        compute_snapshot(server.service, db, WAVE)
    run_due_tasks(server.service)
    found["A3 won"] += server.everything() != seen
    for receipts in counted.values():
        page = server.post("/erase", receipt=rng.choice(receipts))
        check(page.startswith(b"200"), "a receipt erases nothing")
    with write(server.service.engine) as db:
        compute_snapshot(server.service, db, WAVE)
    run_due_tasks(server.service)
    found["A4 won"] += server.everything() != seen
    return found


def tracked(server: Server, org: Organisation) -> bool:
    """A6: does a sum or difference of published figures describe a group of fewer than K people?

    Every set of units with fewer than K people together is tried: a combination of figures describes them
    alone if the figures have less rank without them.
    """
    server.publish_again(org.groups)
    before, moved = figures(server), defaultdict[Any, set[str]](set)
    for unit, people in org.groups.items():
        server.publish_again(org.groups | {unit: of_one_mind(len(people), MIDDLE)})
        after = figures(server)
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name):
                moved[name].add(unit)
    check(set().union(*moved.values()) >= org.groups.keys() - set(org.hidden), "a unit moves no figure")
    sets = set(map(frozenset, moved.values()))
    return any(
        rank(sets, org.groups.keys() - few) < rank(sets, org.groups.keys())
        for size in range(1, len(org.groups))
        for few in map(set, combinations(org.groups, size))
        if sum(len(org.groups[unit]) for unit in few) < org.k
    )


def figures(server: Server) -> dict[tuple[str, str], Any]:
    """Every figure and share of every part, by part and name."""
    nodes = body(server.report())["nodes"]
    told = {
        (node["id"], line["id"]): (line["figure"], line.get("shares"), line.get("error"))
        for node in nodes
        for line in (*node["facets"], *node["totals"], *node["items"])
    }
    changed = {
        (node["id"], f"change of {line['id']}"): (line["figure"], line["error"])
        for node in nodes
        for line in (node["change"] or {}).get("lines", ())
    }
    return told | changed


def rank(sets: Iterable[frozenset[str]], units: Iterable[str]) -> int:
    """The rank of the sets' indicators over some units, in whole numbers and fractions, so exactly."""
    names, found = sorted(units), 0
    rows = [[Fraction(name in each) for name in names] for each in sets]
    for column in range(len(names)):
        pivot = next((row for row in rows if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        found += 1
        rows = [
            [a - b * row[column] / pivot[column] for a, b in zip(row, pivot, strict=True)] for row in rows
        ]
    return found


def answers_filters(server: Server, org: Organisation, seen: Pages, rng: Random) -> bool:
    """A6: ask each page for two filters at once, and for units together: none may have an effect."""
    form = INSTRUMENT.forms[FORM]
    filters = [(each, option) for each in form.context for option in INSTRUMENT.context[each].options]
    filters += [("unit", unit) for unit in server.units] + [
        ("wave", WAVE),
        ("from", "2026-01-01"),
        ("n", "1"),
    ]
    server.publish_again(org.groups)
    queries = {page: urlencode(rng.sample(filters, 2)) for page in seen}
    asked = server.read(f"{page}?{query}" for page, query in queries.items())
    several = [separator.join(rng.sample(server.units, 2)) for separator in ("+", ",", "..")]
    together = server.read(f"{REPORT}/units/{units}" for units in several)
    return list(asked.values()) != list(seen.values()) or any(
        not page.startswith(b"404") for page in together.values()
    )


# ---- faults that an attacker must find -----------------------------------------------------------------


def caught(server: Server, org: Organisation, fault: str, seed: int) -> bool:
    """Publish with the fault, and check whether A1, on those who answer alike, or A5 wins."""
    if fault == "no clamp":
        allowed = Rules(k=org.k, insiders=-1)
        with patch.object(snapshots, "rules", lambda _: allowed):
            server.publish_again(org.groups)
        home = Home(server.report(), org.groups, allowed, server.earlier)
        [atom] = [atom for atom in home.table.atoms if atom.unit == org.harmed]
        harmed = replace(home.table, atoms=(atom,))
        return deniability(home.page, org.groups, harmed, keyed, times=10, seed=seed)[1] > 0
    seen = set()
    for code in (CODES[0], CODES[-1]):
        groups = org.groups | {unit: of_one_mind(len(org.groups[unit]), code) for unit in org.hidden}
        with faulty(fault, groups):
            server.publish_again(groups)
        seen.add(server.report())
    return len(seen) > 1


def faulty(fault: str, groups: Groups) -> AbstractContextManager[Any]:
    if fault == "K = 3":
        return patch.object(snapshots, "rules", lambda _: Rules(k=3))
    return patch.object(snapshots, "release", partial(with_exact_total, groups))


def with_exact_total(groups: Groups, table: BaseTable) -> Report:
    """A fault that is common in dashboards: the line for everybody includes everybody."""
    everybody = Group(unit="org", pairs=(), people=[p for people in groups.values() for p in people])
    tree = [Unit(id="org", title="Organisation", level="organisation", parent=None)]
    exact = release(base_table(table.about, INSTRUMENT, [everybody], tree, Rules(k=1, insiders=-1)))
    report = release(table)
    return replace(report, nodes=(exact.nodes[0], *report.nodes[1:]))


# ---- many organisations --------------------------------------------------------------------------------


def summary(found: Counter[str]) -> str:
    attacks = " ".join(f"{each} {found[f'{each} won']}/{found[f'{each} tried']}" for each in ATTACKS)
    faults = ", ".join(f"{each} {found[f'{each} caught']}/{found[f'{each} tried']}" for each in FAULTS)
    killed = sum(found[f"{each} caught"] == found[f"{each} tried"] for each in FAULTS)
    return f"{attacks} mutants {killed}/{len(FAULTS)} killed ({faults})"


def lost(found: Counter[str]) -> bool:
    """Whether anything was found out, or a fault was missed."""
    return any(found[f"{each} won"] for each in ATTACKS) or any(
        found[f"{each} caught"] < found[f"{each} tried"] or not found[f"{each} tried"] for each in FAULTS
    )


@contextmanager
def template(engine: str, folder: Path) -> Iterator[Path | Postgres]:
    """A migrated database of an engine, to be copied."""
    if engine == "sqlite":
        migrated = folder / "migrated.sqlite"
        _migrate(f"sqlite:///{migrated}")
        yield migrated
    else:
        with running_postgres() as cluster:
            _migrate(cluster.create("migrated"))
            yield cluster


def _migrate(url: str) -> None:
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()


def attack_a_copy(migrated: Path | Postgres, seed: int) -> Counter[str]:
    """Attack organisation `seed` in a copy of the migrated database, which ends with it."""
    with a_copy(migrated, f"disclosure_{os.getpid()}_{seed}") as url:
        return attack(url, seed)


def main() -> int:
    options, found, begun = _options(), Counter[str](), time.monotonic()
    engines = options.db.split(",")
    seeds = range(options.seed, options.seed + options.orgs)
    for engine in engines:
        with (
            tempfile.TemporaryDirectory() as folder,
            template(engine, Path(folder)) as migrated,
            ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=spare_the_collector) as workers,
        ):
            for number, each in enumerate(
                workers.map(partial(attack_a_copy, migrated), seeds, chunksize=5), 1
            ):
                found += each
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{engine} {number}/{options.orgs} ")
    sys.stdout.write(
        f"{summary(found)}; {options.orgs} organisations on {' and '.join(engines)}, "
        f"{time.monotonic() - begun:.0f} s\n"
    )
    return 1 if lost(found) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Try to find out what people answered from their reports.")
    parser.add_argument("--orgs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--db", default="sqlite,postgres")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
