"""Kill the server with kill -9 while people send, and check that nothing acknowledged is lost.

    python -m tests.fault.kill9 [--kills 200] [--writers 8] [--seed 1] [--db sqlite,postgres]

In each round many people send their answers at once over a real server, which is killed after so many of them
have their receipt, started again, and looked at. Then, with few kills,

unsaved    the server shows receipts and keeps nothing

must be noticed. Exits with 1 if anything acknowledged is lost, kept twice or in part, if SQLite finds its
file damaged, or if the fault goes unnoticed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from random import Random
from time import sleep

from tests.fault.sending import Fault, Outcome, open_study, rounds
from tests.fault.serving import served
from tests.lib.attack_runs import run_each

UNSAVED = "unsaved"
KILLS_OF_A_FAULT = 2
FAULTS = {
    "": "",
    UNSAVED: """
from contextlib import contextmanager
from app.survey import routes

@contextmanager
def unsaved(engine):
    with engine.connect().execution_options(immediate=True) as connection:
        begun = connection.begin()
        yield connection
        begun.rollback()

routes.write = unsaved
""",
}


def kill9(
    url: str, log: Path, kills: int, seed: int, *, writers: int = 8, at_least: int = 100, fault: str = ""
) -> Outcome:
    service = open_study(url)
    with served(url, log, FAULTS[fault]) as server:

        def comes(chance: Random) -> None:
            sleep(chance.random() * 0.02)  # somewhere within what is being written
            server.kill()

        killed = Fault(comes, server.start)
        outcome = rounds(service, server.port, killed, kills, seed, writers=writers, at_least=at_least)
    service.engine.dispose()
    return outcome


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--kills", type=int, default=200)
    asked.add_argument("--writers", type=int, default=8)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()

    def killed(url: str, fault: str) -> Outcome:
        kills = min(given.kills, KILLS_OF_A_FAULT) if fault else given.kills
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            return kill9(url, log, kills, given.seed, writers=given.writers, fault=fault)

    return run_each(given.db, [UNSAVED], killed, lambda outcome, fault: outcome.holds is not bool(fault))


if __name__ == "__main__":
    sys.exit(main())
