"""Fill the disk while people send, at any byte, and check that what they are told is true (SQLite).

    python -m tests.fault.diskfull [--places 50] [--seed 1]

In each round there is room for so many bytes more, in the folder of the database and of temporary files,
while people send over a real server. Whoever has a receipt is kept; whoever has none is told 503 and is not
kept. When there is room again, without a restart, they send again. Then

unsaved    the server shows receipts and keeps nothing

must be noticed. Exits with 1 if it is otherwise, or if a full disk meets nobody.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from http.client import SERVICE_UNAVAILABLE
from pathlib import Path
from random import Random

from sqlalchemy import make_url

from tests.fault.disk import NO_LIMIT, Disk, failing_disk
from tests.fault.kill9 import FAULTS, UNSAVED
from tests.fault.sending import Fault, Outcome, open_study, rounds
from tests.fault.serving import served
from tests.lib.attack_runs import run_each

PLACES_OF_A_FAULT = 2
BYTES = 1_500_000
"""Some twenty responses write as much, with the log and what is moved out of it."""


def diskfull(
    url: str, place: Path, places: int, seed: int, *, at_least: int = 10, fault: str = ""
) -> Outcome:
    folder = Path(str(make_url(url).database)).parent
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    service = open_study(url)
    with failing_disk(place, folder) as disk:
        preloaded = {**disk.environment, "TMPDIR": str(temporary)}
        del preloaded["FAULT_KEPT"]  # the power stays on
        with served(url, place / "log", FAULTS[fault], **preloaded) as server:
            full = _full(disk, Random(seed))
            outcome = rounds(service, server.port, full, places, seed, writers=4, at_least=at_least)
    service.engine.dispose()
    return outcome


def _full(disk: Disk, chance: Random) -> Fault:
    def room(left: int) -> None:
        disk.room = left

    return Fault(
        before=lambda: room(chance.randrange(BYTES)),
        comes=lambda _: room(0),  # where there was more room than was needed
        ends=lambda: room(NO_LIMIT),
    )


def as_it_must_be(outcome: Outcome, fault: str) -> bool:
    told_so = outcome.told.keys() == {SERVICE_UNAVAILABLE}
    return (outcome.holds and told_so) is not bool(fault)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--places", type=int, default=50)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()

    def filled(url: str, fault: str) -> Outcome:
        places = min(given.places, PLACES_OF_A_FAULT) if fault else given.places
        with tempfile.TemporaryDirectory() as place:
            return diskfull(url, Path(place), places, given.seed, fault=fault)

    return run_each("sqlite", [UNSAVED], filled, as_it_must_be)


if __name__ == "__main__":
    sys.exit(main())
