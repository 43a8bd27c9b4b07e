"""The attack on units, against the running service: which unit does a row belong to, by all that leaves?

    python -m tests.attack.given_out --orgs 20 --seed 7 [--db sqlite,postgres]

tests.attack.units tests the rule on the analysis alone. Here every organisation gets a database of its own
for each thing that a study may declare, the service closes its wave, and every way out is tried: the pages
and files of trainers and researchers over HTTP, and the export's function with and without unit and archive.

reports    no row leaves, nor a figure of rows: every such address refuses.
rows       no figure of a report leaves, no row of a unit that is held out, no unit unless declared. People of
           published units are exchanged, with sizes unchanged, and people who are held out answer otherwise:
           not a byte may change. So nothing guesses the unit of a row better than the largest unit does.

Four faults are then put into the service, and each must be caught in every organisation: figures are kept
beside rows, rows of held-out units leave, the export does not check what was declared, the unit leaves
without being asked for. Exits with 1 where the rule fails or a fault is missed.
"""

import argparse
import csv
import io
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import Connection, update

from analysis.disclosure.leaving import LEAVING, Leaving
from app.closing import figures, snapshots, withholding
from app.closing.mixing import RESPONSE
from app.db import read, write
from app.errors import AppError, Refused
from app.export import microdata as exporting
from app.export import reliability
from app.operations.server import spare_the_collector
from app.studies.study import units
from tests.attack.disclosure import template
from tests.attack.published import WAVE, Server, a_copy, body, serving
from tests.attack.units import EXCHANGES, MAKE, exchanged, large
from tests.lib.postgres_server import Postgres
from tests.privacy.attackers import Groups, scrambled
from tests.privacy.organisations import CODES, ITEMS, K

EXPORT: Final = f"/export/waves/{WAVE}"
CODEBOOK: Final = f"{EXPORT}/codebook.json"
ROWS: Final = f"{EXPORT}/responses.csv"
DOORS: Final = (
    ROWS,
    CODEBOOK,
    *(f"{EXPORT}/{name}" for name in ("codebook.html", "reliability.json", "reliability.html")),
)
HOW: Final[tuple[Mapping[str, bool], ...]] = (
    {},
    {"with_unit": True},
    {"archive": True},
    {"with_unit": True, "archive": True},
)
NEVER: Final = ("open doors", "rows beside reports", "figures beside rows", "held-out rows", "units", "seen")
Rows = list[Mapping[str, Any]]


# ---- faults --------------------------------------------------------------------------------------------


@contextmanager
def figures_are_kept() -> Iterator[None]:
    with patch.object(snapshots, "settle", lambda table, _declared: table):
        yield


@contextmanager
def everybody_leaves() -> Iterator[None]:
    def every_unit(db: Connection, study: str, _declared: Leaving) -> frozenset[tuple[str, str]]:
        return frozenset((WAVE, unit.id) for unit in units(db, study))

    with ExitStack() as parts:
        for module in (exporting, withholding, figures):
            parts.enter_context(patch.object(module, "rows_that_leave", every_unit))
        yield


@contextmanager
def nothing_is_asked() -> Iterator[None]:
    with ExitStack() as parts:
        for module in (exporting, reliability):
            parts.enter_context(patch.object(module, "check_rows_leave", lambda *_, **__: None))
        yield


@contextmanager
def nothing_is_asked_and_everybody_leaves() -> Iterator[None]:
    with nothing_is_asked(), everybody_leaves():
        yield


FAULTS: Final[Mapping[str, tuple[str, Callable[[], Any]]]] = {
    "figures are kept beside rows": ("rows", figures_are_kept),
    "rows of held-out units leave": ("rows", everybody_leaves),
    "the export asks nothing": ("reports", nothing_is_asked_and_everybody_leaves),
    "the unit leaves unasked": ("rows", nothing_is_asked),
}
"""What the study has declared, and what is then put out of order."""


# ---- attacks -------------------------------------------------------------------------------------------


def attack(url: str, seed: int, kind: str, leaving: str) -> Counter[str]:
    """Try one organisation in a study of one kind; the migrated database at `url` is empty."""
    groups, rng, declared = large(seed, kind), Random(seed), LEAVING[leaving]
    with serving(url) as server:
        server.load(groups, K, leaving)
        server.close()
        found = given_out(server, groups, declared)
        seen = as_read(server)
        for other in others(groups, rng) if declared.rows else ():
            publish_again(server, other)
            found["exchanges"] += 1
            found["seen"] += as_read(server) != seen
        for fault, (of, put_in) in FAULTS.items():
            if of == leaving and (put_in is not everybody_leaves or _held_out(groups)):
                with put_in():
                    publish_again(server, groups)
                    found[f"{fault} tried"] += 1
                    found[f"{fault} caught"] += not holds(given_out(server, groups, declared))
    return found


def publish_again(server: Server, groups: Groups) -> None:
    """Close the wave once more, as it would have closed of these answers."""
    server.publish_again(groups)
    with write(server.service.engine) as db:
        db.execute(update(RESPONSE).values(told=None))
        withholding.decide(server.service, db, WAVE)
    figures.keep_figures(server.service, WAVE)


def given_out(server: Server, groups: Groups, declared: Leaving) -> Counter[str]:
    """What leaves, by any way out, that must not."""
    pages, found = server.read(DOORS), Counter[str]()
    by_door = [rows_of(pages[ROWS]), *(by_function(server, how) for how in HOW)]
    large_enough = Counter(
        tuple(str(person[item]) for item in ITEMS)
        for people in groups.values()
        if len(people) >= K
        for person in people
    )
    for rows in by_door:
        found["rows"] += len(rows)
        found["held-out rows"] += (Counter(map(answers, rows)) - large_enough).total()
        found["units"] += not declared.units and any("unit" in row for row in rows)
    if declared.rows:
        found["figures beside rows"] = len(body(server.report())["nodes"])
    else:
        found["open doors"] = sum(page.startswith(b"200") for page in pages.values())
        found["rows beside reports"] = found["rows"]
        found["figures"] = len(body(server.report())["nodes"])
    return found


def rows_of(page: bytes) -> Rows:
    status, _, text = page.partition(b"\n")
    return list(csv.DictReader(io.StringIO(text.decode()))) if status == b"200" else []


def by_function(server: Server, how: Mapping[str, bool]) -> Rows:
    """What the command would write."""
    try:
        with read(server.service.engine) as db:
            data = exporting.microdata(server.service, db, WAVE, **how)
    except (Refused, AppError):
        return []
    names = [column.name for column in data.columns]
    return [dict(zip(names, row, strict=True)) for row in data.rows]


def answers(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[f"raw_{item}"]) for item in ITEMS)


def as_read(server: Server) -> tuple[object, ...]:
    """All that is read over HTTP, with the rows sorted and without their random ids.

    The pages on reliability are figures of these rows and of nothing else.
    """
    rows = rows_of(server.read([ROWS])[ROWS])
    sorted_rows = sorted(str({name: cell for name, cell in row.items() if name != "row_id"}) for row in rows)
    return server.everything(), server.read([EXPORT, CODEBOOK]), sorted_rows


def others(groups: Groups, rng: Random) -> Iterator[Groups]:
    """The same people in other units, and other answers of who is held out."""
    for _ in range(EXCHANGES):
        yield exchanged(groups, rng)
        yield scrambled(groups, K, rng, CODES)


def _held_out(groups: Groups) -> bool:
    return any(len(people) < K for people in groups.values())


def holds(found: Counter[str]) -> bool:
    return not any(found[each] for each in NEVER)


def missed(found: Counter[str]) -> list[str]:
    """The faults that were tried and not caught every time, or not tried."""
    return [each for each in FAULTS if not 0 < found[f"{each} tried"] == found[f"{each} caught"]]


# ---- many organisations --------------------------------------------------------------------------------


def attack_copies(migrated: Path | Postgres, seed: int) -> Counter[str]:
    """Try an organisation of each mood in each kind of study, in copies of the migrated database."""
    found = Counter[str]()
    for number, (kind, leaving) in enumerate((kind, leaving) for kind in MAKE for leaving in LEAVING):
        with a_copy(migrated, f"given_out_{os.getpid()}_{seed}_{number}") as url:
            found += attack(url, seed, kind, leaving)
    return found


def summary(found: Counter[str]) -> str:
    faults = ", ".join(f"{each} {found[f'{each} caught']}/{found[f'{each} tried']}" for each in FAULTS)
    never = ", ".join(f"{found[each]} {each}" for each in NEVER)
    return (
        f"{found['rows']} rows and {found['figures']} parts of reports left; {never} of {found['exchanges']} "
        f"exchanges; faults caught: {faults}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Try every door for the unit of a row.")
    parser.add_argument("--orgs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--db", default="sqlite,postgres")
    options, found, begun = parser.parse_args(), Counter[str](), time.monotonic()
    for engine in options.db.split(","):
        with (
            tempfile.TemporaryDirectory() as folder,
            template(engine, Path(folder)) as migrated,
            ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=spare_the_collector) as workers,
        ):
            seeds = range(options.seed, options.seed + options.orgs)
            for each in workers.map(partial(attack_copies, migrated), seeds):
                found.update(each)
    sys.stdout.write(
        f"{options.orgs} organisations of each kind on {options.db}: {summary(found)}; "
        f"{time.monotonic() - begun:.0f} s\n"
    )
    return 0 if holds(found) and found["rows"] and found["figures"] and not missed(found) else 1


if __name__ == "__main__":
    sys.exit(main())
