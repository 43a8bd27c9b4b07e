"""Kill the server with kill -9 while people send, and check that nothing acknowledged is lost.

    python -m tests.fault.kill9 [--kills 200] [--writers 8] [--seed 1] [--db sqlite,postgres]

In each round many people send their answers at once over a real server, which is killed after so many of them
have their receipt. It is started again, and looked at: whoever was shown a receipt is kept once, as sent;
whoever was not is kept wholly or not at all, and sends again. Then, with few kills,

unsaved    the server shows receipts and keeps nothing

must be noticed. Exits with 1 if anything acknowledged is lost, kept twice or in part, if SQLite finds its
file damaged, or if the fault goes unnoticed.
"""

from __future__ import annotations

import argparse
import http.client
import re
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random
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
from tests.fault.serving import Server, served
from tests.lib.attack_runs import run_each
from tests.lib.respondents import sheet

WAVE = "demo-1"
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
RECEIPT = re.compile(r'class="receipt"[^>]*>([0-9A-Z-]{14})<')


@dataclass(frozen=True)
class Person:
    code_hmac: bytes
    token: str
    sheet: Sheet

    def send(self, server: Server) -> str | None:
        """Send the sheet; the receipt that was shown, None where the answer did not come."""
        fields = {**dict(hidden_fields(self.sheet)), **{k: str(v) for k, v in self.sheet.answers.items()}}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"place={self.token}",
        }
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        try:
            line.request("POST", "/send", urlencode(fields), headers)
            answer = line.getresponse()
            shown = RECEIPT.search(answer.read().decode())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            line.close()
        return str(read_code(shown[1])) if shown else None


@dataclass
class Outcome:
    kills: int = 0
    acknowledged: int = 0
    again: int = 0
    """Who was not answered, and sent again."""
    lost: int = 0
    half: int = 0
    damaged: int = 0
    unanswered: int = 0
    """Who got no receipt from a server that ran."""

    @property
    def holds(self) -> bool:
        return not (self.lost or self.half or self.damaged or self.unanswered)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.acknowledged} acknowledged, {self.again} sent again; "
            f"lost {self.lost}, half {self.half}, corrupt {self.damaged}, without a receipt {self.unanswered}"
        )


@dataclass
class Round:
    """People who send at once, until the server is killed."""

    server: Server
    people: list[Person]
    enough: int
    receipts: dict[int, str] = field(default_factory=dict)

    def run(self, writers: int, chance: Random) -> None:
        waiting: SimpleQueue[int] = SimpleQueue()
        for number in range(len(self.people)):
            waiting.put(number)
        reached, dead = threading.Event(), threading.Event()

        def write_on() -> None:
            while not dead.is_set():
                try:
                    number = waiting.get_nowait()
                except Empty:
                    return
                if receipt := self.people[number].send(self.server):
                    self.receipts[number] = receipt
                if len(self.receipts) >= self.enough:
                    reached.set()

        threads = [threading.Thread(target=write_on) for _ in range(writers)]
        for each in threads:
            each.start()
        reached.wait(120)
        dead.wait(chance.random() * 0.02)  # somewhere within what is being written
        self.server.kill()
        dead.set()
        for each in threads:
            each.join()


def kill9(
    url: str, log: Path, kills: int, seed: int, *, writers: int = 8, at_least: int = 100, fault: str = ""
) -> Outcome:
    service = make_service(Settings(database_url=url, secret=SECRET, secure=False))
    check_secret(service)
    with write(service.engine) as db:
        studies.make_study(db, id="demo", title="Demonstration", simulated=True)
        studies.add_unit(db, "demo", "south", "South")
        waves.open_wave(service, db, waves.make_wave(service, db, "demo"))
    outcome = Outcome()
    with served(url, log, FAULTS[fault]) as server:
        for number in range(kills):
            chance = Random(f"{seed} {number}")
            people = arrive(service, at_least + 4 * writers, chance)
            now = Round(server, people, at_least + chance.randrange(writers))
            now.run(writers, chance)
            outcome.kills += 1
            _look(service, now, outcome)
            server.start()
            for person in (each for n, each in enumerate(people) if n not in now.receipts):
                outcome.again += 1
                outcome.unanswered += person.send(server) is None
            outcome.lost += len(people) - len(_kept(service, people))
    service.engine.dispose()
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


def _look(service: Service, now: Round, outcome: Outcome) -> None:
    """Compare what the killed server has left with what it had acknowledged."""
    kept = _kept(service, now.people)
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
        answers = kept.get(_receipt(service, person))
        outcome.half += (answers is not None) != (person.code_hmac in finished)
        outcome.half += (answers is not None) == (person.code_hmac in under_way)
        outcome.half += answers is not None and answers != person.sheet.answers
        if number in now.receipts:
            outcome.acknowledged += 1
            shown = service.vault.receipt_hmac(now.receipts[number])
            outcome.lost += answers is None or shown != _receipt(service, person)


def _receipt(service: Service, person: Person) -> bytes:
    return service.vault.receipt_hmac(service.vault.receipt(person.sheet.key))


def _kept(service: Service, people: Iterable[Person]) -> dict[bytes, Mapping[str, int | str]]:
    receipts = [_receipt(service, each) for each in people]
    of_these = select(RESPONSE.c.receipt_hmac, RESPONSE.c.answers).where(
        RESPONSE.c.receipt_hmac.in_(receipts)
    )
    with read(service.engine) as db:
        return {row.receipt_hmac: row.answers for row in db.execute(of_these)}


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
