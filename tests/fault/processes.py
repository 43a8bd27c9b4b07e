"""Let people answer at two processes in turn while waves close and accounts end, and see what each shows.

    python -m tests.fault.processes [--people 500] [--waves 4] [--seed 1] [--db postgres] [--pgbouncer]

Two servers have one PostgreSQL, each as `counterpoise serve` starts it. Every request of a person goes to one
of them at random. People leave before or after a request was answered, and come back: with the same request,
with the page anew, or with code and six words on another phone. Some erase what they have sent. Meanwhile all
waves but the last close, one after the other; with each a host's account and a trainer's token are ended.

Whatever begins after that has been told must show nothing of it at either process: no page of the wave, none
of staff, none to the phone that was left. What was shown as saved must be there on every page that follows,
whoever has a receipt must be kept once as it was sent, and no code may have two responses. Then

open       the servers take every wave for open

must be noticed. Exits with 1 otherwise. With --pgbouncer the servers reach PostgreSQL through PgBouncer in
transaction mode.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx2

from app import studies
from app.closing import maintenance
from app.closing.mixing import RESPONSE
from app.config import Settings
from app.db import write
from app.languages import LANGUAGES, home
from app.runtime import Service, check_secret, make_service
from app.staff.accounts import stop_account
from app.staff.authorise import end_tokens, make_token
from app.studies import waves
from tests.conftest import SECRET
from tests.fault.connection import sent
from tests.fault.person import AGAIN, ELSEWHERE, RELOADED, Answer, Lost, Person, Phone, Request
from tests.fault.serving import Server, served
from tests.lib.attack_runs import last_line, migrated, tell
from tests.lib.postgres_server import Postgres, running_postgres
from tests.lib.respondents import make_due, rows
from tests.lib.staff_accounts import ready, sign_in

AT_ONCE: Final = 16
LEFT_OFTEN: Final = 0.06
"""Of the requests, and as many again after the answer."""
ERASED_OFTEN: Final = 0.1
OPEN: Final = "open"
PEOPLE_AT_A_FAULT: Final = 24
FAULTS: Final = {
    "": "",
    OPEN: """
from app.survey import drafts, sending
drafts.check_open = sending.check_open = lambda *_: None
""",
}


@dataclass
class Outcome:
    people: int
    receipts: int = 0
    turned_away: int = 0
    """Whose wave had closed before they sent."""
    stored: int = 0
    erased: int = 0
    left: Counter[str] = field(default_factory=Counter)
    asked: Counter[int] = field(default_factory=Counter)
    """Requests by the port of the process that answered."""
    after: Counter[str] = field(default_factory=Counter)
    """Looks at what had ended."""
    busy: int = 0
    """Requests that were told 503 and came again."""
    faults: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        left = ", ".join(f"{count} {way}" for way, count in sorted(self.left.items()))
        after = ", ".join(f"{count} of {what}" for what, count in sorted(self.after.items()))
        return (
            f"{self.people} people: {self.receipts} receipts, {self.turned_away} too late, "
            f"{self.erased} erased, {self.stored} stored; "
            f"{' and '.join(map(str, self.asked.values()))} requests at the two, "
            f"{self.busy} told to come again; came back: {left}; looks at what had ended: {after}; "
            f"{len(self.faults)} faults{''.join(f'{chr(10)}    {each}' for each in self.faults[:10])}"
        )


class TooLate(Exception):
    """The wave has closed."""


@dataclass
class Wave:
    id: str
    ending_at: float = float("inf")
    ended_at: float = float("inf")
    """From when on it must not be shown any more."""


@dataclass
class Anywhere(Phone):
    """A phone each of whose requests comes to one of the processes."""

    ports: tuple[int, ...] = ()
    chance: Random = field(default_factory=Random)

    def ask(self, request: Request) -> Answer:
        self.port = self.chance.choice(self.ports)
        return super().ask(request)


@dataclass
class Traveller(Person):
    """A person whose requests come to either process, and who leaves and comes back."""

    ports: tuple[int, ...] = ()
    wave: Wave = field(default_factory=lambda: Wave(""))
    left: list[Phone] = field(default_factory=list)
    """Phones that hold a place until another one takes it."""
    kept_since: float = float("inf")
    """When the sheet was sent and kept, whether the receipt was seen or not."""
    asked: Counter[int] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    busy: int = 0

    def __post_init__(self) -> None:
        self.phone = self._phone()

    def _phone(self) -> Phone:
        return Anywhere(0, ports=self.ports, chance=self.chance)

    def _ask(self, request: Request) -> Answer:
        if self.chance.random() < LEFT_OFTEN:
            raise Lost(request)
        cookie, begun = self.phone.cookie, time.monotonic()
        answer = self.phone.ask(request)
        self.asked[self.phone.port] += 1
        self._judge(request, answer, begun)
        if request.step == "POST /send" and answer.status == http.client.OK:
            self.kept_since = min(self.kept_since, begun)
        if answer.status == http.client.SERVICE_UNAVAILABLE:
            self.busy += 1
            time.sleep(0.2)
            raise Lost(request)
        if answer.status == http.client.SEE_OTHER and request.step == "POST /enter":
            self._look_from_where_they_left(self.phone)
        if self.chance.random() < LEFT_OFTEN:
            self.told.as_cut_off(request.answers)
            if self.chance.random() < 0.5:  # the answer did not reach the browser at all
                self.phone.cookie = cookie
            raise Lost(request)
        return answer

    def _judge(self, request: Request, answer: Answer, begun: float) -> None:
        """Whether this answer may be: nothing of the wave after its end, and no end before it."""
        ended = begun >= self.wave.ended_at
        self.after["waves"] += ended
        if answer.status == http.client.GONE:
            if time.monotonic() < self.wave.ending_at:
                self.faults.append(f"{self.wave.id} was told as closed at {request.step} before it was")
            raise TooLate
        again = request.step == "POST /send" and self.kept_since < self.wave.ended_at
        shows = answer.status in (http.client.OK, http.client.SEE_OTHER)
        if ended and shows and not again and request.step != "GET /":
            self.faults.append(f"{self.wave.id} was shown at {request.step} after its end")

    def _look_from_where_they_left(self, now_on: Phone) -> None:
        """A place that was taken elsewhere has ended, whichever process is asked."""
        for phone in self.left:
            for port in self.ports if phone.cookie != now_on.cookie and phone.cookie else ():
                there = Phone(port, phone.cookie).ask(Request(f"{self.home}/later"))
                self.after["phones"] += 1
                if there.status not in (http.client.NOT_FOUND, http.client.GONE):
                    self.faults.append(f"a place that was taken elsewhere was shown: {there.status}")
        self.left.clear()

    def _resumes(self, request: Request, here: str) -> Request:
        way = self._chooses(AGAIN, RELOADED, ELSEWHERE)
        if way == ELSEWHERE:
            self.left.append(self.phone)
            self.phone = self._phone()
            return self._types_the_code()
        return request if way == AGAIN else Request(here)

    def erases_at(self, port: int) -> bool:
        """Erase what was sent; False where it could not be, since the wave is being closed."""
        there = Phone(port).ask(Request(f"{self.home}/erase", {"receipt": self.receipts[0]}))
        return there.status == http.client.OK


@dataclass
class Staff:
    """Somebody of staff who looks at a page at each process in turn, and once more after the end."""

    what: str
    asks: Callable[[str], int]
    """Asks the process at this address; gives the status."""
    ends: Callable[[], None]
    ended_at: float = float("inf")
    seen: int = 0
    looked: int = 0
    """Looks that began after the end."""

    def look(self, addresses: tuple[str, ...], over: threading.Event, outcome: Outcome) -> None:
        turn = 0
        while not over.is_set() or self.looked < len(addresses):
            turn += 1
            begun = time.monotonic()
            shown = self.asks(addresses[turn % len(addresses)]) == http.client.OK
            if begun >= self.ended_at:
                self.looked += 1
                outcome.after[self.what] += 1
                if shown:
                    outcome.faults.append(f"a page of staff was shown after the end of the {self.what}")
            elif shown:
                self.seen += 1
            elif time.monotonic() < self.ended_at and self.seen:
                outcome.busy += 1
            over.wait(0.1)
        if not self.seen:
            outcome.faults.append(f"the {self.what} were never seen at work")

    def is_seen(self) -> None:
        """Wait until they were seen at work; after a minute that is told as a fault."""
        for _ in range(600):
            if self.seen:
                return
            time.sleep(0.1)


def processes(
    url: str, folder: Path, people: int, seed: int, *, ended: int = 3, fault: str = "", at_once: int = AT_ONCE
) -> Outcome:
    """Let people answer at two processes; the database at `url` is migrated and empty.

    So many waves close while they do, and the last one stays open.
    """
    service, outcome = make_service(Settings(database_url=url, secret=SECRET, secure=False)), Outcome(people)
    check_secret(service)
    open_waves = [_declared(service, number) for number in range(ended + 1)]
    codes = {each.id: _codes(service, each, people // len(open_waves) + 1) for each in open_waves}
    with (
        served(url, folder / "first", FAULTS[fault]) as one,
        served(url, folder / "second", FAULTS[fault]) as two,
    ):
        ports = (one.port, two.port)
        travellers = []
        for number in range(people):
            wave, chance = open_waves[number % len(open_waves)], Random(f"{seed} {number}")
            code = codes[wave.id].pop()
            travellers.append(
                Traveller(code, home(chance.choice([*LANGUAGES])), None, None, chance, ports=ports, wave=wave)
            )
        staff = [each for wave in open_waves[:-1] for each in _staff(service, wave, one)]
        over, finished = threading.Event(), threading.Semaphore(0)
        looking = [
            threading.Thread(target=each.look, args=((one.address, two.address), over, outcome))
            for each in staff
        ]
        ending = threading.Thread(
            target=_end, args=(service, open_waves[:-1], staff, people // len(open_waves) // 2, finished)
        )
        for thread in (*looking, ending):
            thread.start()
        with ThreadPoolExecutor(at_once) as pool:
            for each in travellers:
                pool.submit(_takes_part, each, finished)
        ending.join()
        over.set()
        for thread in looking:
            thread.join()
    for each in travellers:
        outcome.left += each.ways
        outcome.asked += each.asked
        outcome.after += each.after
        outcome.busy += each.busy
        outcome.faults += [f"{each.wave.id}: {fault}" for fault in (*each.faults, *each.told.missing)]
    _compare(service, travellers, open_waves, outcome)
    outcome.faults += [
        line for log in ("first", "second") for line in (folder / log).read_text().splitlines()
    ]
    service.engine.dispose()
    return outcome


def _declared(service: Service, number: int) -> Wave:
    """A SIMULATED study of its own with an open wave."""
    with write(service.engine) as db:
        study = f"demo{number}"
        studies.make_study(db, id=study, title=study, simulated=True)
        studies.add_unit(db, study, "south", "South")
        wave = waves.make_wave(service, db, study)
        waves.open_wave(service, db, wave)
    return Wave(wave)


def _codes(service: Service, wave: Wave, count: int) -> list[str]:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, wave.id, "south", count)


def _staff(service: Service, wave: Wave, server: Server) -> list[Staff]:
    """A host with a session, and a trainer's token, of the study of this wave."""
    study = wave.id.rpartition("-")[0]
    name = ready(service, f"host-{study}", host=study)
    with httpx2.Client(base_url=server.address, timeout=60) as browser:
        sign_in(service, browser, name)
        cookie = "; ".join(f"{key}={value}" for key, value in browser.cookies.items())
    with write(service.engine) as db:
        token = make_token(service, db, "trainer", study, 1)

    def stops() -> None:
        with write(service.engine) as db:
            stop_account(service, db, name)

    def ends() -> None:
        with write(service.engine) as db:
            end_tokens(service, db, "trainer", study)

    return [
        Staff("accounts", _asking(f"/host/studies/{study}", {"cookie": cookie}), stops),
        Staff("tokens", _asking("/report", {"authorization": f"Bearer {token}"}), ends),
    ]


def _asking(path: str, headers: dict[str, str]) -> Callable[[str], int]:
    return lambda address: int(httpx2.get(f"{address}{path}", headers=headers, timeout=60).status_code)


def _end(
    service: Service, ending: list[Wave], staff: list[Staff], each: int, finished: threading.Semaphore
) -> None:
    """End a wave, an account and a token, each time that so many more people have finished."""
    for number, wave in enumerate(ending):
        for _ in range(each):
            finished.acquire()
        for member in staff[2 * number : 2 * number + 2]:
            member.is_seen()
            member.ends()
            member.ended_at = time.monotonic()
        wave.ending_at = time.monotonic()
        make_due(service, wave.id)
        wave.ended_at = time.monotonic()
        maintenance.run_due_tasks(service)


def _takes_part(person: Traveller, finished: threading.Semaphore) -> None:
    try:
        person.takes_part()
        if person.chance.random() < ERASED_OFTEN and person.erases_at(person.chance.choice(person.ports)):
            person.ways["erased"] += 1
    except TooLate:
        pass
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told
        person.faults.append(f"{type(error).__name__}: {error}")
    finally:
        finished.release()


def _compare(service: Service, travellers: list[Traveller], those: list[Wave], outcome: Outcome) -> None:
    """Compare what is stored with what people were told, and with what they sent."""
    kept: dict[bytes, Any] = {}
    for wave in those:
        kept |= {row.receipt_hmac: row.answers for row in rows(service, RESPONSE, wave=wave.id)}
    outcome.stored = len(kept)
    for each in travellers:
        answers = None if each.sheet is None else kept.pop(_as_stored(service, each.sheet), None)
        erased = bool(each.ways["erased"])
        outcome.receipts += bool(each.receipts)
        outcome.erased += erased
        outcome.turned_away += not each.receipts
        if answers is not None and {name: str(answer) for name, answer in answers.items()} != sent(
            each.sheet
        ):
            outcome.faults.append(f"{each.wave.id}: a response is not as it was sent")
        if answers is not None and erased:
            outcome.faults.append(f"{each.wave.id}: an erased response is stored")
        if answers is None and each.receipts and not erased:
            outcome.faults.append(f"{each.wave.id}: a response with a receipt is lost")
        if len(set(each.receipts)) > 1:
            outcome.faults.append(f"{each.wave.id}: one person has several receipts")
    if kept:
        outcome.faults.append(f"{len(kept)} responses more than people have sent")


def _as_stored(service: Service, sheet: Request) -> bytes:
    """What is kept in place of the receipt of this sheet."""
    return service.vault.receipt_hmac(service.vault.receipt((sheet.fields or {})["_key"]))


def at_a_database(cluster: Postgres, name: str, stack: ExitStack, *, pgbouncer: bool) -> str:
    """The address of a migrated, empty database, through PgBouncer where that is asked for."""
    url = cluster.create(name, template="migrated")
    if not pgbouncer:
        return url
    from tests.lib.pgbouncer import running_pgbouncer, set_lock_timeout

    set_lock_timeout(cluster, url)
    return stack.enter_context(running_pgbouncer(cluster, url))


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--people", type=int, default=500)
    asked.add_argument("--waves", type=int, default=4)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--db", choices=["postgres"], default="postgres", help="SQLite is for one process")
    asked.add_argument("--pgbouncer", action="store_true")
    given = asked.parse_args()
    failed = False
    with running_postgres() as cluster:
        migrated(cluster.create("migrated"))
        for fault in FAULTS:
            people = min(given.people, PEOPLE_AT_A_FAULT) if fault else given.people
            with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
                url = at_a_database(cluster, f"travelled_{fault}", stack, pgbouncer=given.pgbouncer)
                outcome = processes(url, Path(folder), people, given.seed, ended=given.waves - 1, fault=fault)
            failed |= outcome.holds is bool(fault)
            tell(f"{given.db:8} {fault or 'as it is':10} {outcome}")
    return last_line(failed)


if __name__ == "__main__":
    sys.exit(main())
