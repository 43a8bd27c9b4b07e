"""People who send at once to a server that fails them, and what is kept of it afterwards.

In each round many people send their answers over a real server until so many of them have their receipt;
then the fault comes. Afterwards it is looked at: whoever was shown a receipt is kept once, as sent; whoever
was not is kept wholly or not at all, and sends again.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from random import Random
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import select, text

from app import studies
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, SESSION
from app.config import Settings
from app.db import is_sqlite, read, write
from app.questionnaire.sheet import Sheet
from app.runtime import Service, check_secret, make_service
from app.studies import waves
from app.studies.waves import FINISHED
from app.survey.drafts import enter
from app.survey.pages import hidden_fields
from app.vault import read_code
from tests.conftest import SECRET
from tests.lib.respondents import sheet

WAVE: Final = "demo-1"
RECEIPT: Final = re.compile(r'class="receipt"[^>]*>([0-9A-Z-]{14})<')
CUT: Final = 0
"""In place of a status, where the connection ended before there was one."""
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Told:
    status: int
    receipt: str | None = None


@dataclass(frozen=True)
class Person:
    code_hmac: bytes
    token: str
    sheet: Sheet

    def send(self, port: int) -> Told:
        """Send the sheet; what was answered, with the receipt where one was shown."""
        fields = {**dict(hidden_fields(self.sheet)), **{k: str(v) for k, v in self.sheet.answers.items()}}
        headers = {"Content-Type": FORM, "Cookie": f"place={self.token}"}
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            line.request("POST", "/send", urlencode(fields), headers)
            answer = line.getresponse()
            shown = RECEIPT.search(answer.read().decode())
        except (OSError, http.client.HTTPException):
            return Told(CUT)
        finally:
            line.close()
        return Told(answer.status, str(read_code(shown[1])) if shown else None)


@dataclass
class Outcome:
    rounds: int = 0
    acknowledged: int = 0
    again: int = 0
    """Who was not answered, and sent again."""
    lost: int = 0
    half: int = 0
    damaged: int = 0
    unanswered: int = 0
    """Who got no receipt from a server that ran."""
    told: Counter[int] = field(default_factory=Counter)
    """Statuses of those who got no receipt at first."""
    slowest: float = 0.0
    """Seconds from the end of the fault to the first receipt, where it took longest."""
    unseen: int = 0
    """Rounds whose fault met nobody."""

    @property
    def holds(self) -> bool:
        return not (self.lost or self.half or self.damaged or self.unanswered)

    def __str__(self) -> str:
        told = ", ".join(f"{count} {status or 'cut off'}" for status, count in sorted(self.told.items()))
        return (
            f"{self.rounds} times, {self.acknowledged} acknowledged, {self.again} sent again "
            f"(first told: {told or 'nothing'}); lost {self.lost}, half {self.half}, "
            f"corrupt {self.damaged}, without a receipt {self.unanswered}; "
            f"at the latest {self.slowest:.1f} s until the first receipt"
        )


@dataclass(frozen=True)
class Fault:
    """What happens to the server while people send."""

    comes: Callable[[Random], None]
    """Called when enough people have their receipt, while the others go on."""
    ends: Callable[[], None]
    """After it, everything is as it should be again."""
    before: Callable[[], None] = lambda: None
    """Called when people have come as far as the check page, before they send."""
    lifts: Callable[[], None] | None = None
    """For a fault that the server outlives: called when one more person has sent into it. However slowly the
    fault comes, somebody meets it."""


@dataclass
class Round:
    """People who send at once, until the fault has come."""

    port: int
    people: list[Person]
    enough: int
    receipts: dict[int, str] = field(default_factory=dict)
    told: dict[int, Told] = field(default_factory=dict)

    def run(self, writers: int, comes: Callable[[], None], lifts: Callable[[], None] | None) -> None:
        waiting: SimpleQueue[int] = SimpleQueue()
        last = len(self.people) - 1
        for number in range(last if lifts else last + 1):
            waiting.put(number)
        reached, over = threading.Event(), threading.Event()

        def write_on() -> None:
            while not over.is_set():
                try:
                    number = waiting.get_nowait()
                except Empty:
                    reached.set()
                    return
                self.send(number)
                if len(self.receipts) >= self.enough:
                    reached.set()

        threads = [threading.Thread(target=write_on) for _ in range(writers)]
        for each in threads:
            each.start()
        reached.wait(120)
        comes()
        if lifts:
            self.send(last)
            lifts()
        over.set()
        for each in threads:
            each.join()

    def send(self, number: int) -> None:
        told = self.people[number].send(self.port)
        self.told[number] = told
        if told.receipt:
            self.receipts[number] = told.receipt


def open_study(url: str) -> Service:
    """A SIMULATED study with an open wave, in a migrated and empty database."""
    service = make_service(Settings(database_url=url, secret=SECRET, secure=False))
    check_secret(service)
    with write(service.engine) as db:
        studies.make_study(db, id="demo", title="Demonstration", simulated=True)
        studies.add_unit(db, "demo", "south", "South")
        waves.open_wave(service, db, waves.make_wave(service, db, "demo"))
    return service


def rounds(
    service: Service,
    port: int,
    fault: Fault,
    times: int,
    seed: int,
    *,
    writers: int = 8,
    at_least: int = 100,
) -> Outcome:
    """Let people send, and the fault come, so many times."""
    outcome = Outcome()
    for number in range(times):
        chance = Random(f"{seed} {number}")
        people = arrive(service, at_least + 4 * writers, chance)
        fault.before()
        now = Round(port, people, at_least + chance.randrange(writers))
        now.run(writers, partial(fault.comes, chance), fault.lifts)
        outcome.rounds += 1
        look(service, now, outcome)
        fault.ends()
        begun, first = time.monotonic(), True
        unanswered = [each for n, each in enumerate(people) if n not in now.receipts]
        for person in unanswered:
            outcome.again += 1
            outcome.unanswered += person.send(port).receipt is None
            if first:
                outcome.slowest = max(outcome.slowest, time.monotonic() - begun)
                first = False
        outcome.unseen += first
        outcome.lost += len(unanswered) - len(kept(service, unanswered))
    return outcome


def arrive(service: Service, count: int, chance: Random) -> list[Person]:
    """People who have come as far as the check page."""
    with write(service.engine) as db:
        people = []
        for code in waves.issue_codes(service, db, WAVE, "south", count):
            plain = str(read_code(code))
            entered = enter(service, db, plain)
            assert entered is not None
            filled = sheet(service, WAVE, chance)
            people.append(Person(service.vault.code_hmac(plain), entered.token, filled))
    return people


def look(service: Service, now: Round, outcome: Outcome) -> None:
    """Compare what the fault has left with what the server had acknowledged."""
    present = kept(service, now.people)
    with read(service.engine) as db:
        if is_sqlite(db):
            outcome.damaged += db.execute(text("PRAGMA integrity_check")).scalar() != "ok"
        hmacs = [each.code_hmac for each in now.people]
        finished = set(
            db.execute(select(CODE.c.hmac).where(CODE.c.hmac.in_(hmacs), CODE.c.state == FINISHED)).scalars()
        )
        under_way = set(
            db.execute(select(SESSION.c.code_hmac).where(SESSION.c.code_hmac.in_(hmacs))).scalars()
        )
    for number, person in enumerate(now.people):
        answers = present.get(receipt_of(service, person))
        outcome.half += (answers is not None) != (person.code_hmac in finished)
        outcome.half += (answers is not None) == (person.code_hmac in under_way)
        outcome.half += answers is not None and answers != person.sheet.answers
        if number in now.receipts:
            outcome.acknowledged += 1
            shown = service.vault.receipt_hmac(now.receipts[number])
            outcome.lost += answers is None or shown != receipt_of(service, person)
        elif number in now.told:
            outcome.told[now.told[number].status] += 1


def receipt_of(service: Service, person: Person) -> bytes:
    return service.vault.receipt_hmac(service.vault.receipt(person.sheet.key))


def kept(service: Service, people: Iterable[Person]) -> dict[bytes, Mapping[str, int | str]]:
    """What is stored of these people, by receipt HMAC."""
    receipts = [receipt_of(service, each) for each in people]
    of_these = select(RESPONSE.c.receipt_hmac, RESPONSE.c.answers).where(
        RESPONSE.c.receipt_hmac.in_(receipts)
    )
    with read(service.engine) as db:
        return {row.receipt_hmac: row.answers for row in db.execute(of_these)}
