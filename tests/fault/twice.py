"""Send the same answers many times at once, and many different ones with one code: one is kept.

    python -m tests.fault.twice [--times 50] [--at-once 50] [--seed 1] [--db sqlite,postgres]

Over a real server, in turn: so many requests at once with one sheet, then so many with sheets of their own
from one place. Of each there must be one response, and no receipt but that of the one. Then

anew  the server takes each sheet for one that was never sent

must be noticed. Exits with 1 if anybody is kept twice or not at all, or is shown another receipt.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Final

from app.closing.mixing import RESPONSE
from app.vault import new_token
from tests.fault.lostacks import ANEW, FAULTS
from tests.fault.sending import Person, arrive, open_study
from tests.fault.serving import served
from tests.lib.attack_runs import run_each
from tests.lib.respondents import rows

OK: Final = 200
BUSY: Final = 503
REFUSED: Final = frozenset({404, 409, BUSY})
"""The place has ended, the code was used, or the service is busy."""
TIMES_OF_A_FAULT: Final = 3


@dataclass
class Outcome:
    people: int = 0
    kept: int = 0
    receipts: int = 0
    """Different ones that were shown."""
    same: Counter[int] = field(default_factory=Counter)
    """How those were answered who sent the same."""
    different: Counter[int] = field(default_factory=Counter)

    @property
    def holds(self) -> bool:
        return (
            self.kept == self.receipts == self.people
            and self.same.keys() <= {OK, BUSY}
            and self.different.keys() <= REFUSED | {OK}
        )

    def __str__(self) -> str:
        same, different = (
            ", ".join(f"{count} times {status}" for status, count in sorted(told.items()))
            for told in (self.same, self.different)
        )
        return (
            f"of {self.people} people {self.kept} responses and {self.receipts} receipts; told to the same "
            f"sheet {same}, to different ones {different}"
        )


def twice(url: str, log: Path, times: int, at_once: int, *, seed: int, fault: str = "") -> Outcome:
    """Let so many people send the same at once, and as many others different sheets."""
    service, outcome = open_study(url), Outcome(people=2 * times)
    everyone = arrive(service, 2 * times, Random(seed))
    with served(url, log, FAULTS[fault]) as server, ThreadPoolExecutor(at_once) as pool:
        for number, person in enumerate(everyone):
            alike = number % 2 == 0
            sent = [person] * at_once if alike else [_of_another(person, n) for n in range(at_once)]
            told = list(pool.map(lambda each: each.send(server.port), sent))
            (outcome.same if alike else outcome.different).update(each.status for each in told)
            outcome.receipts += len({each.receipt for each in told if each.receipt})
    outcome.kept = len(rows(service, RESPONSE))
    service.engine.dispose()
    return outcome


def _of_another(person: Person, number: int) -> Person:
    """The same place, with a sheet of its own."""
    answers = {**person.sheet.answers, "sd5": number % 5}
    return replace(person, sheet=replace(person.sheet, key=new_token(), answers=answers))


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--times", type=int, default=50)
    asked.add_argument("--at-once", type=int, default=50)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()

    def sent(url: str, fault: str) -> Outcome:
        times = min(given.times, TIMES_OF_A_FAULT) if fault else given.times
        with tempfile.TemporaryDirectory() as folder:
            return twice(url, Path(folder) / "log", times, given.at_once, seed=given.seed, fault=fault)

    return run_each(given.db, [ANEW], sent, lambda outcome, fault: outcome.holds is not bool(fault))


if __name__ == "__main__":
    sys.exit(main())
