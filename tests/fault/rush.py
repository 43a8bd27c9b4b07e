"""Let thousands of people take part within minutes at several processes, and see that everybody is stored.

    python -m tests.fault.rush [--people 5000] [--minutes 5] [--workers 2] [--seed 1] [--pgbouncer]

People come evenly, each from the first page to the receipt, to `counterpoise serve --workers` on PostgreSQL.
Everybody must be stored, no request be answered by 5xx, and none be cut. How long requests took is printed
beside who had the processors meanwhile: people and database are on the same machine, so the figures are of
this machine and hold for no other. Exits with 1 if anybody is not stored, or met a fault of ours.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from app.closing.mixing import RESPONSE
from tests.bench.road import TICKS, cpu_of
from tests.fault.processes import at_a_database
from tests.fault.sending import open_study
from tests.fault.serving import served
from tests.fault.soak import Outcome as Soaked
from tests.fault.soak import People
from tests.lib.attack_runs import last_line, migrated, tell
from tests.lib.postgres_server import running_postgres
from tests.lib.respondents import rows

SHARES: Final = (0.5, 0.95, 0.99, 1.0)
CUT: Final = 0


@dataclass
class Outcome(Soaked):
    seconds: float = 0.0
    """From the first who came to the last receipt."""
    processors: dict[str, float] = field(default_factory=dict)
    """Seconds of processor time meanwhile, by who had them."""

    @property
    def holds(self) -> bool:
        return self.all_stored and not self.told[CUT]

    def __str__(self) -> str:
        faults = sum(count for status, count in self.told.items() if status >= 500)
        within = ", ".join(f"{share:.0%} within {self.within(share) * 1000:.0f} ms" for share in SHARES)
        there = self.seconds * (os.cpu_count() or 1)
        had = ", ".join(f"{name} {seconds / there:.0%}" for name, seconds in self.processors.items())
        return (
            f"{self.stored} of {self.came} people stored in {self.seconds:.0f} s, "
            f"{len(self.times)} requests, {faults} answered by 5xx, {self.told[CUT]} cut; "
            f"{within}; of {os.cpu_count()} processors: {had}"
        )


def rush(
    url: str, log: Path, people: int, seconds: float, seed: int, *, workers: int = 2, database: int = 0
) -> Outcome:
    """Let people come evenly; the database at `url` is migrated and empty.

    `database` is the number of PostgreSQL's process, whose processor time is told apart where it is given.
    """
    service, outcome = open_study(url), Outcome()
    with served(url, log, workers=workers) as server:
        crowd = People(service, server, outcome, Random(seed))
        before, begun = _processors(server.pid, database), time.monotonic()
        crowd.come(people, seconds)
        outcome.seconds = time.monotonic() - begun
        after = _processors(server.pid, database)
    outcome.processors = {name: after[name] - before[name] for name in after}
    busy = outcome.processors.pop("all")
    outcome.processors["others"] = busy - sum(outcome.processors.values())
    outcome.stored = len(rows(service, RESPONSE))
    service.engine.dispose()
    return outcome


def _processors(server: int, database: int) -> dict[str, float]:
    """Seconds of processor time so far, by who had them."""
    user, nice, system, _idle, _waiting, *interrupts = map(
        int, Path("/proc/stat").read_text().partition("\n")[0].split()[1:8]
    )
    return {
        "all": (user + nice + system + sum(interrupts)) / TICKS,
        "the service": cpu_of(server),
        "PostgreSQL": cpu_of(database) if database else 0.0,
        "the people": time.process_time(),
    }


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--people", type=int, default=5000)
    asked.add_argument("--minutes", type=float, default=5.0)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--db", choices=["postgres"], default="postgres", help="SQLite is for one process")
    asked.add_argument("--pgbouncer", action="store_true")
    given = asked.parse_args()
    with running_postgres() as cluster, tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        migrated(cluster.create("migrated"))
        url = at_a_database(cluster, "rushed", stack, pgbouncer=given.pgbouncer)
        database = int((cluster.data / "postmaster.pid").read_text().split()[0])
        outcome = rush(
            url,
            Path(folder) / "log",
            given.people,
            given.minutes * 60,
            given.seed,
            workers=given.workers,
            database=database,
        )
    tell(f"{given.db:8} {given.workers} workers {outcome}")
    return last_line(not outcome.holds)


if __name__ == "__main__":
    sys.exit(main())
