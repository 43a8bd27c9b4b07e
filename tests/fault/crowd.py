"""Overload the service in all ways a stranger or one account can, and check that people get through.

    python -m tests.fault.crowd [--people 50] [--requests 40] [--half-open 2000] [--seconds 0]
                                [--attacks junk,figures] [--db sqlite,postgres]

In each run people take part over a real server, a few at a time, while somebody

figures    asks for the folder of a wave again and again, many requests at once, with one researcher's token
half-open  opens connections and sends a part of a request, a byte now and then, and opens others for those
           that are closed; the server has 1,024 descriptors
sign-ins   signs in with wrong passwords, sixteen at once from one place, while others sign in from elsewhere
junk       sends addresses and codes that there are not, as fast as they are answered, many to a connection

Everybody must get their receipt, no page may keep them waiting longer than `PATIENCE`, and staff must get in.
Whoever overloads the service is answered, or gets 503 or 429 with Retry-After. Then the guard is taken out,
and the run must fail. Exits with 1 if somebody does not get through, or if a fault that was put in goes
unnoticed. With `--seconds 60` people come evenly over a minute, and whoever overloads the service goes on for
as long; how many of their requests were answered in a second is told, since that is what the machine gave.
"""

from __future__ import annotations

import argparse
import re
import resource
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
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
from tests.conftest import SECRET
from tests.fault.serving import Server, served
from tests.lib.attack_runs import databases, last_line, tell
from tests.lib.cohorts import close, next_wave, take_part
from tests.lib.questionnaire_client import respond
from tests.lib.staff_accounts import PASSWORD, code_of, ready

STUDY, UNIT = "crowded", "south"
PATIENCE: Final = 10.0
"""Seconds that a page may take for somebody who answers."""
MOSTLY: Final = 3.0
"""Seconds within which 95 of 100 pages must come."""
AT_ONCE: Final = 5
PEOPLE_AT_A_FAULT: Final = 5
"""They wait in vain, each for as long as they have patience."""
STAFF: Final = tuple(f"staff-{number}" for number in range(5))
SIGN_INS: Final = 16
PAUSE: Final = 0.3
"""Seconds that whoever crowds waits after a refusal; their own threads share the machine."""
REFUSED: Final = (429, 503)
HEAD_START: Final = 1.0
LONGEST_HEAD_START: Final = 60.0
"""Seconds before people come."""
FORWARDED: Final = "x-forwarded-for"
ANSWERED: Final = 60
"""People of the wave whose figures are asked for."""


@dataclass
class Outcome:
    people: int
    finished: int = 0
    pages: list[float] = field(default_factory=list)
    """Seconds that each page took for those who finished."""
    told: Counter[int] = field(default_factory=Counter)
    """How those who overload were answered; 0 where the connection was cut."""
    unkind: int = 0
    """Refusals without Retry-After."""
    came_in: int = 0
    """Of the staff who signed in meanwhile."""
    opened: int = 0
    """Connections that were begun and not gone on with."""
    seconds: float = 0.0
    """For which the service was overloaded."""

    @property
    def slowest(self) -> float:
        return max(self.pages, default=0.0)

    @property
    def most(self) -> float:
        """Seconds within which 95 of 100 pages came."""
        return sorted(self.pages)[int(0.95 * len(self.pages))] if self.pages else 0.0

    @property
    def all_came_through(self) -> bool:
        """Whether everybody got their receipt, all staff came in, and refusals said when to come again."""
        return self.finished == self.people and not self.unkind and self.came_in == len(STAFF)

    @property
    def holds(self) -> bool:
        return self.all_came_through and self.slowest <= PATIENCE and self.most <= MOSTLY

    def __str__(self) -> str:
        told = ", ".join(f"{count} times {status or 'cut'}" for status, count in sorted(self.told.items()))
        return (
            f"{self.finished} of {self.people} people finished, 95 of 100 pages took "
            f"{self.most:.2f} s at most, the slowest {self.slowest:.1f} s; "
            f"{self.came_in} of {len(STAFF)} staff came in; {self.opened} connections half open; "
            f"who crowds was told {told or 'nothing'}, {self.told.total() / max(self.seconds, 1):.0f} times "
            f"a second for {self.seconds:.0f} s; {self.unkind} without Retry-After"
        )


@dataclass(frozen=True)
class Scene:
    server: Server
    tokens: dict[str, str]
    wave: str
    requests: int
    half_open: int
    ended: threading.Event


Crowd = Callable[[Scene, Outcome], None]


@dataclass(frozen=True)
class Attack:
    crowd: Crowd
    fault: str
    """What is put into the server, in Python, to see the run fail."""
    before: str = ""
    """What is set for the server in any case."""
    opens: bool = False
    """Whether it opens connections, all of them before people come."""


def asks(path: str, role: str) -> Crowd:
    """Many requests of one token at once, each asked again as soon as it is answered."""

    def crowd(scene: Scene, outcome: Outcome) -> None:
        headers = {"authorization": f"Bearer {scene.tokens[role]}"}
        address = path.format(wave=scene.wave)
        at_once(scene, outcome, scene.requests, lambda client: client.get(address, headers=headers))

    return crowd


def sign_ins(scene: Scene, outcome: Outcome) -> None:
    fields = {"name": "somebody", "password": "a wrong password", "code": "000000"}
    where = {FORWARDED: "203.0.113.77"}
    at_once(
        scene,
        outcome,
        SIGN_INS,
        lambda client: client.post("/staff/sign-in", data=fields, headers=where),
    )


def at_once(scene: Scene, outcome: Outcome, times: int, ask: Callable[[httpx2.Client], Any]) -> None:
    """Send so many requests at once, again and again, until the scene has ended."""

    def one() -> None:
        with httpx2.Client(base_url=scene.server.address, timeout=120) as client:
            while not scene.ended.is_set():
                try:
                    answer = ask(client)
                except httpx2.TransportError:
                    outcome.told[0] += 1
                    continue
                outcome.told[answer.status_code] += 1
                if answer.status_code in REFUSED:
                    outcome.unkind += "retry-after" not in answer.headers
                    scene.ended.wait(PAUSE)

    in_threads([one] * times)


def half_open(scene: Scene, outcome: Outcome) -> None:
    """Keep as many connections as asked for, each in the middle of a head or of a body."""
    begun: list[socket.socket] = []
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    while not scene.ended.wait(0.25):
        for _ in range(min(100, scene.half_open - len(begun))):
            with suppress(OSError):
                line = socket.create_connection(("127.0.0.1", scene.server.port), timeout=1)
                line.sendall(PARTS[len(begun) % len(PARTS)])
                begun.append(line)
                outcome.opened += 1
        still = []
        for line in begun:
            try:
                line.setblocking(False)
                line.send(b"a")
                still.append(line)
            except BlockingIOError:
                still.append(line)
            except OSError:
                outcome.told[0] += 1
                line.close()
        begun = still
    for line in begun:
        line.close()


def junk(scene: Scene, outcome: Outcome) -> None:
    """Send many requests down a connection at once, read the answers, and send them again."""
    asked = JUNK * TO_A_CONNECTION

    def one() -> None:
        while not scene.ended.is_set():
            with (
                suppress(OSError),
                socket.create_connection(("127.0.0.1", scene.server.port), timeout=10) as line,
            ):
                while not scene.ended.is_set():
                    line.sendall(asked)
                    left = 2 * TO_A_CONNECTION
                    while left > 0 and (answers := line.recv(1 << 20)):
                        for status in STATUS.findall(answers):
                            outcome.told[int(status)] += 1
                            left -= 1
                    if left > 0:
                        break

    in_threads([one] * JUNK_SENDERS)


FORM: Final = b"application/x-www-form-urlencoded"
PARTS: Final = (
    b"GET /",
    b"GET / HTTP/1.1\r\nHost: here\r\nX-",
    b"POST /enter HTTP/1.1\r\nHost: here\r\nContent-Type: "
    + FORM
    + b"\r\nContent-Length: 60000\r\n\r\ncode=",
)
JUNK: Final = (
    b"GET /there/is/nothing HTTP/1.1\r\nHost: here\r\n\r\n"
    b"POST /enter HTTP/1.1\r\nHost: here\r\nContent-Type: "
    + FORM
    + b"\r\nContent-Length: 19\r\n\r\ncode=0000-0000-0000"
)
TO_A_CONNECTION: Final = 50
JUNK_SENDERS: Final = 8
STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")
"""May miss one that is cut in two between two reads; then its connection is left."""
NO_QUEUE: Final = """
from contextlib import nullcontext
from app.work_queue import BoundedQueue
BoundedQueue.take = lambda queue: nullcontext()
"""
ATTACKS: Final = {
    "figures": Attack(asks("/export/waves/{wave}/all.zip", "researcher"), NO_QUEUE),
    "half-open": Attack(
        half_open,
        "from app.operations import connections; connections.places = lambda: 10**6\n"
        "connections.HEAD_SECONDS = connections.BODY_SECONDS = 1e6\n",
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))\n",
        opens=True,
    ),
    "junk": Attack(
        junk,
        "import time\nfrom app import main\nfrom app.middleware import Surface\n"
        "call = Surface.__call__\n"
        "async def slow(self, scope, receive, send):\n"
        "    if scope['type'] == 'http' and scope['path'].startswith('/there'):\n"
        "        time.sleep(0.8)\n"
        "    await call(self, scope, receive, send)\n"
        "Surface.__call__ = slow\n",
    ),
    "sign-ins": Attack(
        sign_ins,
        "from app.staff import passwords, throttle; passwords.KNOWN = passwords.STRANGERS\n"
        "throttle.AT_ONCE = 10**6; throttle.wait = lambda *_: 0.0\n",
    ),
}


def crowded(
    url: str,
    log: Path,
    name: str,
    *,
    people: int,
    requests: int = 40,
    half_open: int = 2000,
    seconds: float = 0.0,
    faulty: bool = False,
    gives_up: float = 2 * PATIENCE,
) -> Outcome:
    """Let people answer while somebody overloads the service; the database at `url` is migrated and empty.

    They come evenly within so many seconds, a few at a time. A person whose page takes more than `gives_up`
    seconds does not finish.
    """
    service = make_service(Settings(database_url=url, secret=SECRET, secure=False))
    check_secret(service)
    closed, codes, tokens = declared(service, people)
    for each in STAFF:
        ready(service, each)
    attack, outcome, ended = ATTACKS[name], Outcome(people), threading.Event()
    fault = attack.before + (attack.fault if faulty else "")
    with served(url, log, fault, COUNTERPOISE_PROXY="127.0.0.1") as server:
        scene = Scene(server, tokens, closed, requests, half_open, ended)
        crowd = threading.Thread(target=attack.crowd, args=(scene, outcome))
        crowd.start()
        begun = time.monotonic()
        time.sleep(HEAD_START)
        while attack.opens and outcome.opened < half_open and time.monotonic() < begun + LONGEST_HEAD_START:
            time.sleep(0.1)

        def comes(number: int) -> list[float]:
            time.sleep(max(0.0, begun + number * seconds / people - time.monotonic()))
            return walk(server, codes[number], gives_up)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            came = pool.map(lambda each: comes_in(server, service, each, gives_up), STAFF)
            for pages in pool.map(comes, range(people)):
                outcome.finished += bool(pages)
                outcome.pages += pages
            outcome.came_in = sum(came)
        time.sleep(max(0.0, begun + seconds - time.monotonic()))
        outcome.seconds = time.monotonic() - begun
        ended.set()
        if faulty:
            server.kill()  # the remaining requests would take minutes
        crowd.join()
    service.engine.dispose()
    return outcome


def comes_in(server: Server, service: Service, name: str, gives_up: float) -> bool:
    """Sign in for the first time in this browser, from another address."""
    fields = {"name": name, "password": PASSWORD, "code": code_of(service, name)}
    source = f"192.0.2.{STAFF.index(name)}"
    with (
        suppress(httpx2.TransportError),
        httpx2.Client(base_url=server.address, timeout=gives_up) as client,
    ):
        answer = client.post("/staff/sign-in", data=fields, headers={FORWARDED: source})
        return bool(answer.status_code == 303)
    return False


def walk(server: Server, code: str, gives_up: float) -> list[float]:
    """Take part from start to end; return the seconds of each page, none if it did not end."""
    browser = Timed(server.address, gives_up)
    try:
        respond(browser, code)
    except (AssertionError, httpx2.TransportError):
        return []
    finally:
        browser.client.close()
    return browser.pages


class Timed:
    """A browser that keeps how long each page took, and gives up after so many seconds."""

    def __init__(self, address: str, gives_up: float) -> None:
        self.client = httpx2.Client(base_url=address, timeout=gives_up)
        self.pages: list[float] = []

    def get(self, address: str) -> Any:
        return self._timed(self.client.get, address)

    def post(self, address: str, **sent: dict[str, str]) -> Any:
        return self._timed(self.client.post, address, **sent)

    def _timed(self, ask: Callable[..., Any], *given: Any, **more: Any) -> Any:
        begun = time.monotonic()
        try:
            return ask(*given, **more)
        finally:
            self.pages.append(time.monotonic() - begun)


def declared(service: Service, people: int) -> tuple[str, list[str], dict[str, str]]:
    """A SIMULATED study: a closed wave, codes of an open one, and a token of each role."""
    with write(service.engine) as db:
        studies.make_study(db, id=STUDY, title="SIMULATED", simulated=True, leaving="rows")
        studies.add_unit(db, STUDY, UNIT, "South")
    closed = next_wave(service, STUDY)
    answered = (answers for _, answers in demo.people(service.instruments["ppiq"], form_id="a"))
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
    parser.add_argument("--half-open", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--attacks", default=",".join(ATTACKS))
    parser.add_argument("--db", default="sqlite,postgres")
    asked = parser.parse_args()
    failed = False
    for engine in asked.db.split(","):
        with tempfile.TemporaryDirectory() as folder, databases(engine, Path(folder)) as (make, _):
            log = Path(folder) / "log"
            for name in asked.attacks.split(","):
                for faulty in (False, True):
                    url = make(f"crowd_{name}_{faulty:d}")
                    outcome = crowded(
                        url,
                        log,
                        name,
                        people=min(asked.people, PEOPLE_AT_A_FAULT) if faulty else asked.people,
                        requests=asked.requests,
                        half_open=asked.half_open,
                        seconds=0.0 if faulty else asked.seconds,
                        faulty=faulty,
                    )
                    failed |= outcome.holds is faulty
                    tell(f"{engine:8} {name:10} {'with a fault' if faulty else 'as it is':12} {outcome}")
    return last_line(failed)


if __name__ == "__main__":
    sys.exit(main())
