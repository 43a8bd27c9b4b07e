"""Crowd the service in every way a stranger or a single account can, and see that people still get through.

    python -m tests.fault.crowd [--people 50] [--requests 40] [--db sqlite,postgres]

In each run people walk the whole road over a real server, a few at a time, while somebody

figures    asks for the figures of a wave again and again, many requests at once, with one researcher's token

Everybody must get their receipt, and no page may keep them waiting longer than `PATIENCE`. Whoever crowds is
answered or told 503 with Retry-After. Then the queue is taken out, and the run must fail. Exits with 1 if a
person does not get through, or if a fault that was put in goes unnoticed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import httpx2

from app import studies
from app.config import Settings
from app.db import write
from app.operations import demo
from app.runtime import Service, check_secret, make_service
from app.staff.authorise import make_token
from app.studies import waves
from tests.attack.link import databases, tell
from tests.conftest import SECRET
from tests.fault.serving import Server, served
from tests.lib.cohorts import close, next_wave, take_part
from tests.lib.questionnaire_client import respond

STUDY, UNIT = "crowded", "south"
PATIENCE: Final = 5.0
"""Seconds that a page may take for somebody who answers."""
AT_ONCE: Final = 5
ANSWERED: Final = 60
"""People of the wave whose figures are asked for."""


@dataclass
class Outcome:
    people: int
    finished: int = 0
    slowest: float = 0.0
    told: Counter[int] = field(default_factory=Counter)
    """How those who crowd were answered; 0 where the line was cut."""
    unkind: int = 0
    """Refusals without Retry-After."""

    @property
    def holds(self) -> bool:
        return self.finished == self.people and self.slowest <= PATIENCE and not self.unkind

    def __str__(self) -> str:
        told = ", ".join(f"{count} times {status or 'cut'}" for status, count in sorted(self.told.items()))
        return (
            f"{self.finished} of {self.people} people finished, the slowest page took {self.slowest:.1f} s; "
            f"who crowds was told {told}; {self.unkind} without Retry-After"
        )


@dataclass(frozen=True)
class Scene:
    server: Server
    tokens: dict[str, str]
    wave: str
    requests: int
    ended: threading.Event


Crowd = Callable[[Scene, Outcome], None]


@dataclass(frozen=True)
class Attack:
    crowd: Crowd
    fault: str
    """What is put into the server, in Python, to see the run fail."""


def asks(path: str, role: str) -> Crowd:
    """Many requests of one token at once, each asked again as soon as it is answered."""

    def crowd(scene: Scene, outcome: Outcome) -> None:
        headers = {"authorization": f"Bearer {scene.tokens[role]}"}
        address = f"{scene.server.address}{path.format(wave=scene.wave)}"

        def one() -> None:
            with httpx2.Client(timeout=120) as client:
                while not scene.ended.is_set():
                    try:
                        answer = client.get(address, headers=headers)
                    except httpx2.TransportError:
                        outcome.told[0] += 1
                        continue
                    outcome.told[answer.status_code] += 1
                    if answer.status_code == 503:
                        outcome.unkind += "retry-after" not in answer.headers
                        scene.ended.wait(0.5)

        in_threads([one] * scene.requests)

    return crowd


NO_QUEUE: Final = """
from contextlib import nullcontext
from app.work_queue import BoundedQueue
BoundedQueue.take = lambda queue: nullcontext()
"""
ATTACKS: Final = {
    "figures": Attack(asks("/export/waves/{wave}/reliability.json", "researcher"), NO_QUEUE),
}


def crowded(url: str, log: Path, name: str, people: int, requests: int, *, faulty: bool = False) -> Outcome:
    """Let people answer while somebody crowds; the database at `url` is migrated and empty."""
    service = make_service(Settings(database_url=url, secret=SECRET, secure=False))
    check_secret(service)
    closed, codes, tokens = declared(service, people)
    service.engine.dispose()
    attack, outcome, ended = ATTACKS[name], Outcome(people), threading.Event()
    with served(url, log, attack.fault if faulty else "") as server:
        scene = Scene(server, tokens, closed, requests, ended)
        crowd = threading.Thread(target=attack.crowd, args=(scene, outcome))
        crowd.start()
        time.sleep(1)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for slowest in pool.map(lambda code: walk(server, code), codes):
                outcome.finished += slowest is not None
                outcome.slowest = max(outcome.slowest, slowest or 0.0)
        ended.set()
        crowd.join()
    return outcome


def walk(server: Server, code: str) -> float | None:
    """The whole road; how long its slowest page took, None if it did not end."""
    browser = Timed(server.address)
    try:
        respond(browser, code)
    except (AssertionError, httpx2.TransportError):
        return None
    finally:
        browser.client.close()
    return browser.slowest


class Timed:
    """A browser that keeps how long the slowest page took, and gives up after twice the patience."""

    def __init__(self, address: str) -> None:
        self.client = httpx2.Client(base_url=address, timeout=2 * PATIENCE)
        self.slowest = 0.0

    def get(self, address: str) -> Any:
        return self._timed(self.client.get, address)

    def post(self, address: str, data: dict[str, str]) -> Any:
        return self._timed(self.client.post, address, data=data)

    def _timed(self, ask: Callable[..., Any], *given: Any, **more: Any) -> Any:
        begun = time.monotonic()
        try:
            return ask(*given, **more)
        finally:
            self.slowest = max(self.slowest, time.monotonic() - begun)


def declared(service: Service, people: int) -> tuple[str, list[str], dict[str, str]]:
    """A SIMULATED study: a closed wave, codes of an open one, and a token of each role."""
    with write(service.engine) as db:
        studies.make_study(db, id=STUDY, title="SIMULATED", simulated=True)
        studies.add_unit(db, STUDY, UNIT, "South")
    closed = next_wave(service, STUDY)
    answered = (answers for _, answers in demo.people(service.instruments["ppiq"]))
    take_part(service, closed, UNIT, islice(answered, ANSWERED))
    close(service, closed)
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, STUDY)
        waves.open_wave(service, db, wave)
        codes = waves.issue_codes(service, db, wave, UNIT, people)
        tokens = {role: make_token(service, db, role, STUDY, 1) for role in ("researcher", "trainer")}
    return closed, codes, tokens


def in_threads(work: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> int:
    parser = argparse.ArgumentParser(description="Crowd the service while people answer.")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()
    failed = False
    for engine in asked.db.split(","):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as (make, _):
            log = Path(folder) / "log"
            for name in ATTACKS:
                for faulty in (False, True):
                    url = make(f"crowd_{name}_{faulty:d}")
                    outcome = crowded(url, log, name, asked.people, asked.requests, faulty=faulty)
                    failed |= outcome.holds is faulty
                    tell(f"{engine:8} {name:10} {'with a fault' if faulty else 'as it is':12} {outcome}")
    tell("as it must be" if not failed else "NOT AS IT MUST BE")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
