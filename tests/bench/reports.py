"""What a report costs: computed once when a wave closes, then served from its snapshot.

    python -m tests.bench.reports [--responses 10000] [--units 200] [--db sqlite|postgres]

Mixing and cleaning are left out: only the function that closing calls for the report is timed. A page is
timed through the whole application, without a socket. CPU is that of all threads of this process, which
varies less than wall time on a busy machine; exits with 1 above 2 s of it for the snapshot, or 30 ms for a
page. All figures of all units in one CSV file, and a PDF, are timed without a limit.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, select

from app.closing.snapshots import RESPONSE, SNAPSHOT, compute_snapshot
from app.db import read, write
from app.operations.server import spare_the_collector
from tests.attack.disclosure import template
from tests.attack.published import REPORT, WAVE, Server, serving
from tests.lib.postgres_server import Postgres
from tests.privacy.attackers import Groups
from tests.privacy.organisations import organisation

SNAPSHOT_SECONDS = 2.0
PAGE_SECONDS = 0.03
TIMES = 5
PAGES = 30


@dataclass(frozen=True)
class Cost:
    what: str
    wall: float
    cpu: float
    allowed: float | None = None

    def __str__(self) -> str:
        bar = "" if self.allowed is None else f"  (at most {1000 * self.allowed:.0f} ms)"
        return f"{self.what:<34} {1000 * self.wall:8.1f} ms wall {1000 * self.cpu:8.1f} ms CPU{bar}"


def timed(what: str, work: Callable[[], object], times: int, allowed: float | None = None) -> Cost:
    """The median of several runs, after one that is not counted."""
    work()
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Cost(what, statistics.median(walls), statistics.median(cpus), allowed)


def costs(server: Server, groups: Groups) -> list[Cost]:
    server.load(groups, 10)
    wall, cpu = time.perf_counter(), time.process_time()
    server.close()
    closing = Cost("the whole close", time.perf_counter() - wall, time.process_time() - cpu)
    unit = f"{REPORT}/units/{max(groups, key=lambda each: len(groups[each]))}"

    def snapshot() -> None:
        with write(server.service.engine) as db:
            db.execute(delete(SNAPSHOT))
            compute_snapshot(server.service, db, WAVE)

    def served(path: str) -> Cost:
        what = f"served: {path.removeprefix(REPORT) or 'everybody'}"
        bar = None if path.endswith((f"{WAVE}.csv", ".pdf")) else PAGE_SECONDS
        return timed(what, lambda: server.read([path]), 2 if path.endswith(".pdf") else PAGES, bar)

    return [
        closing,
        timed("the snapshot", snapshot, TIMES, SNAPSHOT_SECONDS),
        *(served(f"{part}{ending}") for part in (REPORT, unit) for ending in ("", ".json", ".csv", ".pdf")),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the report of a large wave.")
    parser.add_argument("--responses", type=int, default=10_000)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args()
    size, more = divmod(options.responses, options.units)
    groups = organisation(1, {f"unit{i}": size + (i < more) for i in range(options.units)})
    with tempfile.TemporaryDirectory() as folder, template(options.db, Path(folder)) as migrated:
        url = migrated.url("migrated") if isinstance(migrated, Postgres) else f"sqlite:///{migrated}"
        with serving(url) as server:
            spare_the_collector()
            found = costs(server, groups)
            with read(server.service.engine) as db:
                responses = db.execute(select(func.count()).select_from(RESPONSE)).scalar_one()
    sys.stdout.write(f"{responses} responses, {options.units} units, {options.db}\n")
    sys.stdout.writelines(f"{cost}\n" for cost in found)
    sys.stdout.write(
        f"memory at the most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB\n"
    )
    return int(any(cost.allowed is not None and cost.cpu > cost.allowed for cost in found))


if __name__ == "__main__":
    sys.exit(main())
