"""Guess codes while people begin from the same address, and look for what gives a code away.

    python -m tests.fault.guessing [--guesses 1000] [--starts 60] [--db sqlite,postgres]

Codes have 60 random bits, so nobody who guesses is made to wait, and no clinic behind one address either: in
the same minute people begin, and all must get in. Every guess is told the same, byte by byte but for what was
typed; one that differs from a real code in one place takes as long as any (medians within five milliseconds).
Then

near       the server takes longer for a guess whose first half is right

must be noticed. Exits with 1 if anything is otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import SEE_OTHER, UNPROCESSABLE_ENTITY
from pathlib import Path
from statistics import median
from typing import Final

import httpx2

from app.db import write
from app.studies import waves
from app.vault import new_code, read_code
from tests.fault.sending import WAVE, open_study
from tests.fault.serving import Server, served
from tests.lib.attack_runs import run_each

NEAR: Final = "near"
GUESSES_OF_A_FAULT: Final = 100
MILLISECONDS: Final = 5.0
SLOW: Final = """
import time
from app.survey import routes
enter = routes.enter
def slow(service, db, code, *given):
    if code.startswith({half!r}):
        time.sleep(0.02)
    return enter(service, db, code, *given)
routes.enter = slow
"""


@dataclass
class Outcome:
    starts: int = 0
    came_in: int = 0
    guesses: int = 0
    told: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Status and page, without what was typed."""
    near: list[float] = field(default_factory=list)
    far: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def difference(self) -> float:
        """Between the medians, in milliseconds."""
        return 1000 * abs(median(self.near) - median(self.far))

    @property
    def same(self) -> bool:
        """Whether everybody who may came in, and every guess was told the same."""
        return (
            self.starts == self.came_in
            and {status for status, _ in self.told} == {UNPROCESSABLE_ENTITY}
            and len(self.told) == 1
        )

    @property
    def holds(self) -> bool:
        return self.same and self.difference < MILLISECONDS

    def __str__(self) -> str:
        return (
            f"{self.came_in} of {self.starts} began, beside {self.guesses} guesses in {self.seconds:.0f} s; "
            f"{len(self.told)} answers to guesses; {self.difference:.2f} ms between medians"
        )


def guessing(url: str, log: Path, guesses: int, starts: int, fault: str = "") -> Outcome:
    service, outcome = open_study(url), Outcome(starts=starts)
    with write(service.engine) as db:
        real, *codes = (
            str(read_code(each)) for each in waves.issue_codes(service, db, WAVE, "south", 1 + starts)
        )
    half = real[: len(real) // 2]
    begun = time.monotonic()
    with served(url, log, SLOW.format(half=half) if fault else "") as server:
        asking = threading.Thread(target=_begin, args=(server, codes, outcome))
        asking.start()
        with httpx2.Client(base_url=server.address, timeout=60) as client:
            while outcome.guesses < guesses:
                _guess(client, half + new_code()[len(half) :], outcome.near, outcome)
                _guess(client, new_code(), outcome.far, outcome)
        asking.join()
    outcome.seconds = time.monotonic() - begun
    service.engine.dispose()
    return outcome


def _begin(server: Server, codes: list[str], outcome: Outcome) -> None:
    for code in codes:
        told = httpx2.post(f"{server.address}/enter", data={"code": code}, timeout=60).status_code
        outcome.came_in += told == SEE_OTHER


def _guess(client: httpx2.Client, code: str, times: list[float], outcome: Outcome) -> None:
    begun = time.monotonic()
    told = client.post("/enter", data={"code": code})
    times.append(time.monotonic() - begun)
    outcome.guesses += 1
    outcome.told[told.status_code, told.text.replace(code, "")] += 1


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--guesses", type=int, default=1000)
    asked.add_argument("--starts", type=int, default=60)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()

    def guessed(url: str, fault: str) -> Outcome:
        guesses = min(given.guesses, GUESSES_OF_A_FAULT) if fault else given.guesses
        with tempfile.TemporaryDirectory() as folder:
            return guessing(url, Path(folder) / "log", guesses, given.starts, fault)

    return run_each(given.db, [NEAR], guessed, lambda outcome, fault: outcome.holds is not bool(fault))


if __name__ == "__main__":
    sys.exit(main())
