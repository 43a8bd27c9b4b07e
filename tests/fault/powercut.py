"""Cut the power while people send, and check that nothing acknowledged is lost (SQLite).

    python -m tests.fault.powercut [--cuts 100] [--writers 8] [--seed 1]

A killed server loses nothing that it has written, since the system keeps it. A power cut does: of each file
only what was synchronised survives, and a file whose folder was not synchronised is not there (failing.c). In
each round people send over a real server until its power is cut; it is started again on what survived. Then

normal     SQLite with synchronous=NORMAL, which synchronises its log now and then

must lose. Exits with 1 if anything acknowledged is lost, kept twice or in part, if SQLite finds its file
damaged, if the server does not start, or if the control loses nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from random import Random
from time import sleep

from sqlalchemy import make_url

from app.runtime import Service
from tests.fault.disk import Disk, failing_disk
from tests.fault.sending import Fault, Outcome, open_study, rounds
from tests.fault.serving import Server, served
from tests.lib.attack_runs import run_each

NORMAL = "normal"
CUTS_OF_THE_CONTROL = 5
FAULTS = {"": "", NORMAL: 'from app import db\ndb.SQLITE_PRAGMAS["synchronous"] = "NORMAL"\n'}


def powercut(
    url: str, place: Path, cuts: int, seed: int, *, writers: int = 8, at_least: int = 30, fault: str = ""
) -> Outcome:
    """Cut the power so often; `place` is a folder for what belongs to the failing disk."""
    folder = Path(str(make_url(url).database)).parent
    service = open_study(url)
    with failing_disk(place, folder) as disk:
        service.engine.dispose()
        disk.is_safe()
        with served(url, place / "log", FAULTS[fault], **disk.environment) as server:
            off_and_on(server, disk)  # as soon as it runs, before anybody has come
            cut = _cut(service, server, disk)
            outcome = rounds(service, server.port, cut, cuts, seed, writers=writers, at_least=at_least)
            service.engine.dispose()
    return outcome


def off_and_on(server: Server, disk: Disk) -> None:
    server.kill()
    disk.power_cut()
    server.start()


def _cut(service: Service, server: Server, disk: Disk) -> Fault:
    def before() -> None:
        """What this process has written is on the disk; it holds no file open when the power is cut."""
        service.engine.dispose()
        disk.is_safe()

    def comes(chance: Random) -> None:
        sleep(chance.random() * 0.02)
        off_and_on(server, disk)

    return Fault(comes, lambda: None, before)


def as_it_must_be(outcome: Outcome, fault: str) -> bool:
    return outcome.lost > 0 if fault else outcome.holds


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--cuts", type=int, default=100)
    asked.add_argument("--writers", type=int, default=8)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()

    def cut(url: str, fault: str) -> Outcome:
        cuts = min(given.cuts, CUTS_OF_THE_CONTROL) if fault else given.cuts
        with tempfile.TemporaryDirectory() as place:
            return powercut(url, Path(place), cuts, given.seed, writers=given.writers, fault=fault)

    return run_each("sqlite", [NORMAL], cut, as_it_must_be)


if __name__ == "__main__":
    sys.exit(main())
