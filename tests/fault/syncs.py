"""Count how often the disk is synchronised while people send (SQLite).

    python -m tests.fault.syncs [--people 200] [--seed 1]

One person after the other sends over a real server; before a receipt is shown, the log of the database must
have been synchronised at least once. Then

normal     SQLite with synchronous=NORMAL

must show receipts for which nothing was. Exits with 1 if it is otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sqlalchemy import make_url

from tests.fault.disk import failing_disk
from tests.fault.powercut import FAULTS, NORMAL
from tests.fault.sending import arrive, open_study
from tests.fault.serving import served
from tests.lib.attack_runs import run_each


@dataclass
class Outcome:
    acknowledged: int = 0
    syncs: int = 0
    without: int = 0
    """Receipts that were shown though nothing had been synchronised."""
    unanswered: int = 0

    @property
    def holds(self) -> bool:
        return not (self.without or self.unanswered)

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} acknowledged, {self.syncs} times synchronised, "
            f"{self.without} acknowledged without it, {self.unanswered} without a receipt"
        )


def syncs(url: str, place: Path, people: int, seed: int, fault: str = "") -> Outcome:
    service, outcome = open_study(url), Outcome()
    with (
        failing_disk(place, Path(str(make_url(url).database)).parent) as disk,
        served(url, place / "log", FAULTS[fault], **disk.environment) as server,
    ):
        for person in arrive(service, people, Random(seed)):
            before = disk.syncs
            got = person.send(server.port).receipt is not None
            synchronised = disk.syncs - before
            outcome.acknowledged += got
            outcome.unanswered += not got
            outcome.syncs += synchronised
            outcome.without += got and not synchronised
    service.engine.dispose()
    return outcome


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--people", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()

    def counted(url: str, fault: str) -> Outcome:
        with tempfile.TemporaryDirectory() as place:
            return syncs(url, Path(place), given.people, given.seed, fault)

    return run_each(
        "sqlite", [NORMAL], counted, lambda outcome, fault: outcome.without > 0 if fault else outcome.holds
    )


if __name__ == "__main__":
    sys.exit(main())
