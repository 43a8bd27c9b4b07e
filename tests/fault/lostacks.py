"""Lose the answer to who sends, after it was kept, and check that sending again keeps it once.

    python -m tests.fault.lostacks [--people 500] [--seed 1] [--db sqlite,postgres]

Each person sends over a connection that is cut before the answer arrives, and sends the same again: they get
the receipt of the response that is kept, and there is one. Then

anew       the server takes each sheet for one that was never sent

must be noticed. Exits with 1 if anybody is kept twice or not at all, or gets another receipt or none.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fault.connection import line_to
from tests.fault.line import Cut, Moment
from tests.fault.sending import CUT, arrive, kept, open_study, receipt_of
from tests.fault.serving import served
from tests.lib.attack_runs import run_each

ANEW = "anew"
PEOPLE_OF_A_FAULT = 5
FAULTS = {"": "", ANEW: "from app.survey import sending\nsending._first_time = lambda *_: True\n"}


@dataclass
class Outcome:
    lost_answers: int = 0
    kept_once: int = 0
    same_receipt: int = 0
    people: int = 0

    @property
    def holds(self) -> bool:
        return self.lost_answers == self.kept_once == self.same_receipt == self.people

    def __str__(self) -> str:
        return (
            f"{self.lost_answers} of {self.people} answers lost on their way; {self.kept_once} kept once, "
            f"{self.same_receipt} receipts of what is kept"
        )


def lostacks(url: str, log: Path, people: int, seed: int, fault: str = "") -> Outcome:
    service, outcome = open_study(url), Outcome(people=people)
    everyone = arrive(service, people, Random(seed))
    with served(url, log, FAULTS[fault]) as server, line_to(server) as line:
        for person in everyone:
            line.cut_next(Cut(Moment.UNANSWERED, 0.5))
            outcome.lost_answers += person.send(line.port).status == CUT
            receipt = person.send(line.port).receipt
            known = receipt is not None and service.vault.receipt_hmac(receipt)
            outcome.same_receipt += known == receipt_of(service, person)
    present = kept(service, everyone)
    outcome.kept_once = sum(present.get(receipt_of(service, each)) == each.sheet.answers for each in everyone)
    service.engine.dispose()
    return outcome


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--people", type=int, default=500)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()

    def lost(url: str, fault: str) -> Outcome:
        people = min(given.people, PEOPLE_OF_A_FAULT) if fault else given.people
        with tempfile.TemporaryDirectory() as folder:
            return lostacks(url, Path(folder) / "log", people, given.seed, fault)

    return run_each(given.db, [ANEW], lost, lambda outcome, fault: outcome.holds is not bool(fault))


if __name__ == "__main__":
    sys.exit(main())
