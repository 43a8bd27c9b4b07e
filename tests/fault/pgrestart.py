"""Crash and restart PostgreSQL while people send, and check that nothing acknowledged is lost.

    python -m tests.fault.pgrestart [--restarts 20] [--writers 8] [--seed 1]

In each round people send over a real server, which goes on while its PostgreSQL is ended as a crash would
(`pg_ctl -m immediate restart`). Whoever is not answered with a receipt is told 503, and sends again. Then

unsaved    the server shows receipts and keeps nothing

must be noticed. Exits with 1 if anything acknowledged is lost, kept twice or in part, if people are told
something else, if the first receipt afterwards takes longer than five seconds, or if a restart meets nobody.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from http.client import CONFLICT, SERVICE_UNAVAILABLE
from pathlib import Path

from tests.fault.kill9 import FAULTS, UNSAVED
from tests.fault.sending import Fault, Outcome, open_study, rounds
from tests.fault.serving import served
from tests.lib.attack_runs import last_line, migrated, tell
from tests.lib.postgres_server import Postgres, running_postgres

RESTARTS_OF_A_FAULT = 2
ALLOWED = {CONFLICT, SERVICE_UNAVAILABLE}
PATIENCE = 5.0


def pgrestart(
    cluster: Postgres,
    url: str,
    log: Path,
    restarts: int,
    seed: int,
    *,
    writers: int = 8,
    at_least: int = 30,
    fault: str = "",
) -> Outcome:
    service = open_study(url)
    with served(url, log, FAULTS[fault]) as server:
        restarted = Fault(lambda _: cluster.crash(), lambda: None, lifts=cluster.start)
        outcome = rounds(service, server.port, restarted, restarts, seed, writers=writers, at_least=at_least)
    service.engine.dispose()
    return outcome


def holds(outcome: Outcome) -> bool:
    return outcome.holds and set(outcome.told) <= ALLOWED and outcome.told.total() > 0


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--restarts", type=int, default=20)
    asked.add_argument("--writers", type=int, default=8)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    failed = False
    with running_postgres() as cluster, tempfile.TemporaryDirectory() as folder:
        migrated(cluster.create("migrated"))
        for fault in ("", UNSAVED):
            restarts = min(given.restarts, RESTARTS_OF_A_FAULT) if fault else given.restarts
            url = cluster.create(f"restarted_{fault}", template="migrated")
            log = Path(folder) / "log"
            outcome = pgrestart(cluster, url, log, restarts, given.seed, writers=given.writers, fault=fault)
            in_time = holds(outcome) and outcome.slowest <= PATIENCE
            failed |= in_time is bool(fault)
            tell(f"postgres {fault or 'as it is':12} {outcome}")
    return last_line(failed)


if __name__ == "__main__":
    sys.exit(main())
