"""Pages that come back: somebody finds a page of a private run that has ended, and sends it again.

    python -m tests.attack.ended --runs 40 --flood 50001 --db sqlite,postgres

People reflect privately, or send their answers, and leave or finish. The attacker has their device afterwards
and sends what its browser still holds: to the same service, to a second process, after a restart, after a
flood of other exits, with the key spelled otherwise, and on later days (a private run for ever, a sheet that
was sent until its key is deleted). The attacker wins if any page shows an answer, or if invented keys fill
the table.

Three faults are then put in on purpose, and the attacker must win: only one process knows what has ended; it
is forgotten after so many others; a key needs no mark of the service. Exits with 1 on any success of the
attacker, and on any fault that is missed.
"""

import argparse
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final
from unittest.mock import patch

from sqlalchemy import func, select
from starlette.testclient import TestClient

from app import ended, studies
from app.closing import maintenance
from app.config import Settings
from app.db import read, write
from app.ended import ENDED_KEY
from app.main import create_app
from app.reflect import runs
from app.runtime import Service, check_secret, make_service, now
from app.studies import waves
from app.vault import RUN_BYTES, Vault, new_token
from tests.lib.attack_runs import run_each
from tests.lib.questionnaire_client import Screen, filled_in, respond

FAULTS: Final = ("one-process", "forgetful", "no-mark")
ANSWER: Final = "Mostly true"
CHOSEN: Final = {"sd5": 3}
FORM: Final = "application/x-www-form-urlencoded"
KEPT_BY_THE_FORGETFUL: Final = 50
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass
class Outcome:
    runs: int = 0
    tries: int = 0
    shown: int = 0
    strange: int = 0
    """Keys in the table that nobody's run had."""

    @property
    def won(self) -> bool:
        return bool(self.shown or self.strange)

    def __str__(self) -> str:
        return (
            f"{'CAME BACK' if self.won else 'ended'}: {self.shown} of {self.runs} runs shown again in "
            f"{self.tries} tries; {self.strange} keys of his own making kept"
        )


@dataclass(frozen=True)
class Page:
    """What a browser still holds of a run that has ended."""

    fields: Mapping[str, str]
    sheet: bytes = b""
    """The whole sheet, as it was sent."""


def attack(url: str, count: int, flood: int, fault: str = "") -> Outcome:
    """Let people finish, and the attacker try; the database at `url` is migrated and empty."""
    outcome = Outcome(runs=count)
    with faulty(fault), ExitStack() as running:
        services = [started(url, running) for _ in range(2)]
        first, second = (browser(service, running) for service in services)
        codes = declared(services[0], count)
        pages = [one(first, code, number) for number, code in enumerate(codes)]
        for number in range(flood):
            first.get(f"/exit/{new_token()}" if number % 2 else f"/exit/{made_up(number)}")
        outcome.strange = max(0, kept(services[0]) - count)
        others(first, KEPT_BY_THE_FORGETFUL)
        third = browser(started(url, running), running)
        again = {
            number
            for number, page in enumerate(pages)
            for client in (first, second, third)
            if shown(client, page, outcome)
        }
        for days in (1, 2, ended.DAYS_KEPT - 1, ended.DAYS_KEPT, ended.DAYS_KEPT + 1):
            still = pages[:2] if days < ended.DAYS_KEPT else pages[:1]
            with on_day(services[0], days):
                again |= {number for number, page in enumerate(still) if shown(first, page, outcome)}
        outcome.shown = len(again)
    return outcome


def shown(client: TestClient, page: Page, outcome: Outcome) -> list[str]:
    """The spellings of a key under which a page shows an answer."""
    found = []
    for spelled in spellings(page.fields["_key"]):
        for address in ("/reflect", "/result"):
            outcome.tries += 1
            answer = client.post(address, data={**page.fields, "_key": spelled, "_go": "result"})
            if ANSWER in answer.text:
                found.append(spelled)
    if page.sheet:
        outcome.tries += 1
        answer = client.post("/send", content=page.sheet, headers={"content-type": FORM})
        assert answer.status_code == 200, answer.status_code
        if 'action="/result"' in answer.text:
            found.append("/send")
    return found


def spellings(key: str) -> Iterator[str]:
    """The key, and other texts that decode to the same bytes."""
    yield key
    last = ALPHABET.index(key[-1])
    yield from (key[:-1] + ALPHABET[last & ~3 | spare] for spare in range(4))


def one(client: TestClient, code: str, number: int) -> Page:
    """Somebody goes to the end, in private or with a code, and leaves or finishes."""
    if number % 2:
        sent: list[bytes] = []
        shown: list[str] = []
        client.event_hooks = {
            "request": [lambda request: sent.append(request.read())],
            "response": [lambda answer: shown.append(answer.read().decode())],
        }
        respond(client, code, CHOSEN)
        client.event_hooks = {"request": [], "response": []}
        screen, sheet = Screen(shown[-1]), sent[-1]
        [form] = screen.forms
    else:
        answer = client.post("/reflect", data={"_form": "ppiq/a/en"})
        while 'value="result"' not in answer.text:
            [*_, form] = Screen(answer.text).forms
            answer = client.post("/reflect", data={**form.fields, **filled_in(form, CHOSEN)})
        screen, sheet = Screen(answer.text), b""
        [*_, form] = screen.forms
    page = Page(form.fields, sheet)
    assert ANSWER in client.post("/result", data={**page.fields, "_go": "result"}).text
    if number % 4 == 2:
        client.post("/reflect", data={**page.fields, "_go": "finish"})
    else:
        [way_out] = [link for link in screen.links if link.startswith("/exit/")]
        client.get(way_out)
    return page


def others(client: TestClient, count: int) -> None:
    """Runs of other people, which end too."""
    for _ in range(count):
        begun = client.post("/reflect", data={"_form": "ppiq/a/en"})
        [way_out] = [link for link in Screen(begun.text).links if link.startswith("/exit/")]
        client.get(way_out)


def made_up(number: int) -> str:
    """A key in the form of ours, marked by another secret."""
    return Vault(b"x" * 32).run_key(number.to_bytes(RUN_BYTES, "big"), now().date())


def started(url: str, running: ExitStack) -> Service:
    service = make_service(Settings(database_url=url, secret=Random(1).randbytes(32), secure=False))
    check_secret(service)
    running.callback(service.engine.dispose)
    return service


def browser(service: Service, running: ExitStack) -> TestClient:
    app = create_app(service.settings, service)
    return running.enter_context(
        TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False)
    )


def declared(service: Service, count: int) -> list[str]:
    with write(service.engine) as db:
        studies.make_study(db, id="left", title="SIMULATED", simulated=True)
        studies.add_unit(db, "left", "south", "South")
        wave = waves.make_wave(service, db, "left")
        waves.open_wave(service, db, wave)
        return waves.issue_codes(service, db, wave, "south", count)


def kept(service: Service) -> int:
    with read(service.engine) as db:
        return db.execute(select(func.count()).select_from(ENDED_KEY)).scalar_one()


@contextmanager
def on_day(service: Service, days: int) -> Iterator[None]:
    """So many days later, when the due tasks have been done."""
    later = now() + timedelta(days=days)
    with ExitStack() as moved:
        for module in (ended, runs, maintenance):
            moved.enter_context(patch.object(module, "now", lambda: later))
        maintenance.run_due_tasks(service)
        yield


@contextmanager
def faulty(fault: str) -> Iterator[None]:
    """Put a fault into how the service remembers what has ended."""
    known: dict[int, OrderedDict[bytes, None]] = {}

    def of(db: Any) -> OrderedDict[bytes, None]:
        return known.setdefault(id(db.engine) if fault == "one-process" else 0, OrderedDict())

    def end(db: Any, key: bytes) -> bool:
        of(db)[key] = None
        while fault == "forgetful" and len(of(db)) > KEPT_BY_THE_FORGETFUL:
            of(db).popitem(last=False)
        return True

    with ExitStack() as parts:
        if fault in ("one-process", "forgetful"):
            parts.enter_context(patch.object(ended, "end", end))
            parts.enter_context(patch.object(ended, "has_ended", lambda db, key: key in of(db)))
        elif fault == "no-mark":
            parts.enter_context(patch.object(Vault, "_mark", lambda *_: bytes(RUN_BYTES)))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Send pages of private runs that have ended.")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--flood", type=int, default=50_001)
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()

    def one(url: str, fault: str) -> Outcome:
        flood = 100 if fault else asked.flood
        return attack(url, asked.runs, flood, fault)

    return run_each(asked.db, FAULTS, one, lambda outcome, fault: outcome.won is bool(fault))


if __name__ == "__main__":
    sys.exit(main())
