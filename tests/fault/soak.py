"""Let a thousand people take part within a minute, then others for ten minutes, and see that all goes well.

    python -m tests.fault.soak [--people 1000] [--ramp 60] [--minutes 10] [--rate 50] [--seed 1]
                               [--db sqlite,postgres]

People come evenly within the ramp, each from the first page to the receipt, all over a real server; then at
so many requests a second for so many minutes. Everybody must be stored, no request be answered by 5xx, 95 of
100 within 0.8 seconds, and the memory of the server grow by a tenth at most in those minutes. Exits with 1
otherwise. It measures time, so the machine must be its own.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final
from urllib.parse import urlencode

from app.closing.mixing import RESPONSE
from app.db import read, write
from app.questionnaire.path import survey_path_of
from app.runtime import Service
from app.studies import waves
from app.survey.pages import hidden_fields
from tests.fault.sending import FORM, RECEIPT, WAVE, open_study
from tests.fault.serving import Server, served
from tests.lib.attack_runs import databases, last_line, tell
from tests.lib.respondents import rows, sheet

AT_ONCE: Final = 64
SECONDS: Final = 0.8
GROWTH: Final = 0.1
FAULTS_OF_OURS: Final = 500


@dataclass
class Outcome:
    came: int = 0
    receipts: int = 0
    stored: int = 0
    times: list[float] = field(default_factory=list)
    told: Counter[int] = field(default_factory=Counter)
    growth: float = 0.0

    @property
    def all_stored(self) -> bool:
        """Whether everybody is kept, and nobody met a fault of ours."""
        return self.came == self.receipts == self.stored and max(self.told) < FAULTS_OF_OURS

    @property
    def most(self) -> float:
        return self.within(0.95)

    def within(self, share: float) -> float:
        """Seconds within which this share of the requests was answered."""
        return sorted(self.times)[min(int(share * len(self.times)), len(self.times) - 1)]

    @property
    def holds(self) -> bool:
        return self.all_stored and self.most <= SECONDS and self.growth <= GROWTH

    def __str__(self) -> str:
        faults = sum(count for status, count in self.told.items() if status >= FAULTS_OF_OURS)
        return (
            f"{self.stored} of {self.came} people stored, {len(self.times)} requests, {faults} answered by "
            f"5xx, {self.told[0]} cut; 95 of 100 within {self.most * 1000:.0f} ms; "
            f"memory grew by {self.growth:.0%}"
        )


@dataclass(frozen=True)
class Load:
    people: int = 1000
    ramp: float = 60.0
    """Seconds within which they come."""
    minutes: float = 10.0
    rate: float = 50.0
    """Requests a second in those minutes."""


def soak(url: str, log: Path, load: Load, seed: int) -> Outcome:
    """Let people come within the ramp, then so many requests a second for so many minutes."""
    service, outcome = open_study(url), Outcome()
    with served(url, log) as server:
        crowd = People(service, server, outcome, Random(seed))
        crowd.come(load.people, load.ramp)
        before = server.memory
        crowd.come(int(load.minutes * 60 * load.rate / crowd.requests), load.minutes * 60)
        outcome.growth = server.memory / before - 1
    outcome.stored = len(rows(service, RESPONSE))
    service.engine.dispose()
    return outcome


class People:
    """People of a wave, each of whom sends every request from the first page to the receipt."""

    def __init__(self, service: Service, server: Server, outcome: Outcome, chance: Random) -> None:
        self._service, self._server, self._outcome, self._chance = service, server, outcome, chance
        with read(service.engine) as db:
            survey = survey_path_of(service, db, WAVE)
        self._asks = survey.asks
        self.requests = 2 + 2 * len(survey.steps)
        """Of one person."""
        self._turn = threading.Lock()

    def come(self, count: int, seconds: float) -> None:
        """Have so many people come, evenly over so many seconds."""
        if not count:
            return
        with write(self._service.engine) as db:
            codes = waves.issue_codes(self._service, db, WAVE, "south", count)
        begun = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number, code in enumerate(codes):
                time.sleep(max(0.0, begun + number * seconds / count - time.monotonic()))
                pool.submit(self._one, code, Random(self._chance.random()))

    def _one(self, code: str, chance: Random) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        cookie, shown = "", None
        for method, path, fields in self._requests(code, chance):
            headers = {"Cookie": cookie} if cookie else {}
            body = None
            if fields is not None:
                headers["Content-Type"], body = FORM, urlencode(fields)
            begun = time.monotonic()
            try:
                line.request(method, path, body, headers)
                answer = line.getresponse()
                text = answer.read().decode()
                status = answer.status
            except (OSError, http.client.HTTPException):
                status, text = 0, ""
            with self._turn:
                self._outcome.times.append(time.monotonic() - begun)
                self._outcome.told[status] += 1
            if not status:
                break
            if given := answer.getheader("set-cookie"):
                cookie = given.partition(";")[0]
            shown = RECEIPT.search(text)
        line.close()
        with self._turn:
            self._outcome.came += 1
            self._outcome.receipts += shown is not None

    def _requests(self, code: str, chance: Random) -> Iterator[tuple[str, str, dict[str, str] | None]]:
        filled = sheet(self._service, WAVE, chance)
        answers = {name: str(each) for name, each in filled.answers.items()}
        yield "GET", "/", None
        yield "POST", "/enter", {"code": code}
        yield "GET", "/consent", None
        yield "POST", "/consent", {"study": "yes"}
        for step, asked in self._asks.items():
            yield "GET", step, None
            yield "POST", step, {name: answers[name] for name in asked}
        yield "GET", "/check", None
        yield "POST", "/send", {**dict(hidden_fields(filled)), **answers}


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--people", type=int, default=Load.people)
    asked.add_argument("--ramp", type=float, default=Load.ramp)
    asked.add_argument("--minutes", type=float, default=Load.minutes)
    asked.add_argument("--rate", type=float, default=Load.rate)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--db", default="sqlite,postgres")
    given = asked.parse_args()
    failed = False
    for engine in given.db.split(","):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as (make, _):
            load = Load(given.people, given.ramp, given.minutes, given.rate)
            outcome = soak(make("soaked"), Path(folder) / "log", load, given.seed)
        failed |= not outcome.holds
        tell(f"{engine:8} {outcome}")
    return last_line(failed)


if __name__ == "__main__":
    sys.exit(main())
