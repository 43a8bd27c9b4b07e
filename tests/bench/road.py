"""What one person costs the server, from the landing page to the receipt.

    python -m tests.bench.road [--people 500] [--at-once 4] [--db sqlite|postgres] [--profile FILE]
    python -m tests.bench.road --against COMMIT [--people 500] [--at-once 4] [--rounds 10]
    python -m tests.bench.road --against 570770a1 --people 320 --at-once 32 --rounds 5

The server runs in a process of its own, as `counterpoise serve` starts it. The people send every request that
a browser sends, style and icon included, each over a connection of their own that is kept alive. CPU is user
and system time of every server process, from /proc. Exits with 1 above 0.02 s for one person on SQLite.

With --against, both commits serve at the same time, each its own database, on SQLite and then on PostgreSQL.
The same people go to one and to the other in turn, in rounds, so that whatever else the machine does falls on
both. The result is the CPU time of taking part now as a ratio to that of the other commit, and how fast so
many at once finish; exits with 1 above 1.05. Against the last commit before the short way (570770a1) the
limits are 0.55 on SQLite, 0.75 on PostgreSQL and, with 32 at once, 1.8 times the rate on both.
"""

from __future__ import annotations

import argparse
import cProfile
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from fastapi import FastAPI
from scipy.stats import t
from sqlalchemy import func, select, text
from starlette.responses import HTMLResponse

from app import migrate, studies
from app.closing.maintenance import Maintenance
from app.config import Settings
from app.db import is_sqlite, read, write
from app.main import create_app
from app.operations.server import server
from app.runtime import check_secret, make_service
from app.studies import waves
from app.tables import Response, table
from tests.lib.postgres_server import running_postgres
from tests.lib.questionnaire_client import Screen, filled_in

ALLOWED_SECONDS = 0.02
ALLOWED_RATIO = 1.05
BEFORE_SHORT_WAY = "570770a1"
ALLOWED_SINCE = {"sqlite": 0.55, "postgres": 0.75}
CROWD, LEAST_RATE = 32, 1.8
ROOT = Path(__file__).parents[2]
PREPARE = """
import json, sys
from tests.bench.road import prepare
print(json.dumps(prepare(sys.argv[1], int(sys.argv[2]))))
"""
SECRET = bytes(range(32))
HOST = "127.0.0.1"
TICKS = os.sysconf("SC_CLK_TCK")
BROWSER = {
    "User-Agent": "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Mobile Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.9",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "Upgrade-Insecure-Requests": "1",
    "Connection": "keep-alive",
}


@lru_cache(maxsize=64)
def read_once(body: bytes) -> Screen:
    """Pages that are the same for everybody are read once: the people share two cores with the server."""
    return Screen(body.decode())


@dataclass
class Browser:
    """One person's browser: a connection, a cookie, a cache of style and icon."""

    port: int
    sent: int = 0
    cookie: str = ""
    cached: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(HOST, self.port)

    def visit(self, address: str, fields: dict[str, str] | None = None) -> tuple[Screen, str]:
        """Go to an address, or post to it, and on to where it leads, with what the page needs."""
        response, body = self._request(address, fields)
        while response.status == 303:
            address = response.getheader("location", "").partition("#")[0]
            response, body = self._request(address)
        assert response.status == 200, f"{address}: {response.status}"
        screen = read_once(body)
        if response.getheader("clear-site-data"):
            self.cached.clear()
        for asset in screen.assets:
            if asset not in self.cached:
                self.cached.add(asset)
                assert self._request(asset)[0].status == 200
        return screen, address

    def _request(
        self, address: str, fields: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {**BROWSER, **({"Cookie": self.cookie} if self.cookie else {})}
        if fields is None:
            self.connection.request("GET", address, headers=headers)
        else:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            self.connection.request("POST", address, urlencode(fields), headers)
        response = self.connection.getresponse()
        body = response.read()
        self.sent += 1
        for cookie in response.msg.get_all("set-cookie") or []:
            self.cookie = "" if "Max-Age=0" in cookie else cookie.partition(";")[0]
        return response, body


def take_part(port: int, code: str) -> int:
    """Take part as a person does; return how many requests that took."""
    browser = Browser(port)
    screen, here = browser.visit("/")
    [form] = screen.forms
    screen, here = browser.visit(form.action, {"code": code})
    while "receipt" not in screen.text_of:
        [form] = screen.forms
        fields = {**form.fields, **filled_in(form, {})}
        screen, here = browser.visit(form.action or here, fields)
    browser.connection.close()
    return browser.sent


def ask_nothing(port: int, requests: int) -> int:
    """Send as many requests as one person does, two POSTs in five, to a server that only answers."""
    connection = http.client.HTTPConnection(HOST, port)
    for number in range(requests):
        connection.request("POST" if number % 5 in (1, 3) else "GET", "/", headers=BROWSER)
        connection.getresponse().read()
    connection.close()
    return requests


@dataclass(frozen=True)
class Cost:
    people: int
    requests: int
    seconds: float
    """User and system time of the server's processes."""
    wall: float

    def __str__(self) -> str:
        return (
            f"{self.people} people, {self.requests} requests: {self.seconds / self.people:.4f} s CPU each, "
            f"{1000 * self.seconds / self.requests:.3f} ms a request, {self.wall:.1f} s in all"
        )


def measure(pid: int, people: int, at_once: int, walk: Callable[[int], int]) -> Cost:
    before, began = cpu_of(pid), time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        requests = sum(pool.map(walk, range(people)))
    return Cost(people, requests, cpu_of(pid) - before, time.perf_counter() - began)


def cpu_of(pid: int) -> float:
    """User and system seconds of a process and of all that it started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_of(int(child)) for child in children)


def prepare(url: str, count: int) -> list[str]:
    service = make_service(Settings(database_url=url, secret=SECRET, secure=False))
    migrate.upgrade(service.engine)
    check_secret(service)
    with write(service.engine) as db:
        studies.make_study(db, id="bench", title="SIMULATED", simulated=True)
        studies.add_unit(db, "bench", "north", "North")
        wave = waves.make_wave(service, db, "bench")
        waves.open_wave(service, db, wave)
        codes = waves.issue_codes(service, db, wave, "north", count)
    service.engine.dispose()
    return codes


@contextmanager
def serving(*what: str, tree: Path = ROOT) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A server in a process of its own; when it ends it says what its own connection has for synchronous."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.road", "--serve", str(port), *what]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tree, env=path_of(tree))
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def serve(port: int, url: str, profile: str | None = None) -> None:
    """Serve as `counterpoise serve` does, with access to its engine."""
    settings = Settings(database_url=url, secret=SECRET, secure=False)
    service = make_service(settings)
    with Maintenance(service), ExitStack() as stack:
        if profile:
            stack.enter_context(_profiled(cProfile.Profile(), profile))
        run(create_app(settings, service), port)
    with read(service.engine) as db:
        flushed = db.execute(
            text("PRAGMA synchronous" if is_sqlite(db) else "SHOW synchronous_commit")
        ).scalar()
        kept = db.execute(select(func.count()).select_from(table(Response))).scalar()
    print(json.dumps({"synchronous": flushed, "responses": kept}), flush=True)


def serve_nothing(port: int) -> None:
    app = FastAPI(openapi_url=None)
    page = "<!doctype html>" + "." * 8_000

    @app.get("/")
    @app.post("/")
    def answer() -> HTMLResponse:
        return HTMLResponse(page)

    run(app, port)


def run(app: FastAPI, port: int) -> None:
    running = server(app, HOST, port)

    def announce() -> None:
        while not running.started:
            time.sleep(0.02)
        print("ready", flush=True)

    threading.Thread(target=announce, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: setattr(running, "should_exit", True))
    running.run()


@contextmanager
def _profiled(profile: cProfile.Profile, path: str) -> Iterator[None]:
    profile.enable()
    yield
    profile.disable()
    profile.dump_stats(path)


def path_of(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree)}


@dataclass
class Side:
    """One of two commits: its server, its database, its people, and what each round of them cost."""

    name: str
    port: int
    process: subprocess.Popen[str]
    database: int | None
    codes: list[str]
    service: list[float] = field(default_factory=list)
    both: list[float] = field(default_factory=list)
    """With PostgreSQL's own processes."""
    wall: list[float] = field(default_factory=list)
    """Seconds until all of a round had finished, who share the processors with the service."""

    def round(self, people: int, at_once: int) -> None:
        codes = [self.codes.pop() for _ in range(people)]
        idle = cpu_of(self.database) if self.database else 0.0
        cost = measure(self.process.pid, people, at_once, lambda n: take_part(self.port, codes[n]))
        database = cpu_of(self.database) - idle if self.database else 0.0
        self.service.append(cost.seconds)
        self.both.append(cost.seconds + database)
        self.wall.append(cost.wall)


def against(commit: str, people: int, at_once: int, rounds: int) -> int:
    """Compare the CPU time of taking part with that at another commit."""
    each = max(at_once, people // rounds)
    limits = ALLOWED_SINCE if commit.startswith(BEFORE_SHORT_WAY) else {}
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        trees = {"before": tree_of(commit, Path(folder) / "before"), "now": ROOT}
        for engine in ("sqlite", "postgres"):
            with ExitStack() as stack:
                sides = [
                    stack.enter_context(side(name, tree, engine, Path(folder), each * rounds + at_once))
                    for name, tree in trees.items()
                ]
                for both in sides:
                    both.round(at_once, at_once)
                    both.service.clear()
                    both.both.clear()
                    both.wall.clear()
                for number in range(rounds):
                    for one in sides if number % 2 else reversed(sides):
                        one.round(each, at_once)
            for one in sides:
                assert one.process.stdout is not None
                assert json.loads(one.process.stdout.readline())["responses"] == each * rounds + at_once
            before, after = sides
            ratio = told(f"{engine}: the service", before.service, after.service, each)
            kept &= within(f"{engine}: the ratio", ratio, most=limits.get(engine, ALLOWED_RATIO))
            if engine == "postgres":
                told("postgres: with its own processes", before.both, after.both, each)
            rate = sum(before.wall) / sum(after.wall)
            print(f"{engine}: {at_once} at once finish at {rate:.2f} times the rate", flush=True)
            if limits and at_once >= CROWD:
                kept &= within(f"{engine}: the rate", rate, least=LEAST_RATE)
    return 0 if kept else 1


def within(what: str, found: float, *, least: float = 0.0, most: float = np.inf) -> bool:
    """Print the limit of a ratio, and return whether it is kept."""
    kept = least <= found <= most
    limit = f"at most {most}" if np.isfinite(most) else f"at least {least}"
    print(f"{what}: {limit}{'' if kept else ': NOT MET; --profile says where the time goes'}", flush=True)
    return kept


def told(what: str, before: list[float], after: list[float], each: int) -> float:
    """Print the ratio of all rounds together, with a 95 % interval from the rounds, and return it."""
    logs = np.log(np.array(after) / np.array(before))
    half = t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / len(logs) ** 0.5
    low, high = np.exp(logs.mean() + np.array([-half, half]))
    ratio = sum(after) / sum(before)
    people = each * len(before)
    print(
        f"{what}: {sum(before) / people:.5f} s CPU a survey before, {sum(after) / people:.5f} now; "
        f"ratio {ratio:.3f} ({low:.3f} to {high:.3f}) over {len(before)} rounds of {each}",
        flush=True,
    )
    return ratio


def tree_of(commit: str, folder: Path) -> Path:
    """The files of a commit, in a folder."""
    folder.mkdir()
    files = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=files, check=True)
    return folder


@contextmanager
def side(name: str, tree: Path, engine: str, folder: Path, people: int) -> Iterator[Side]:
    with ExitStack() as stack:
        if engine == "sqlite":
            url, database = f"sqlite:///{folder}/{name}.sqlite", None
        else:
            cluster = stack.enter_context(running_postgres())
            url = cluster.create("bench")
            database = int((cluster.data / "postmaster.pid").read_text().split()[0])
        made = subprocess.run(
            [sys.executable, "-c", PREPARE, url, str(people)],
            cwd=tree,
            env=path_of(tree),
            check=True,
            stdout=subprocess.PIPE,
        )
        port, process = stack.enter_context(serving(url, tree=tree))
        yield Side(name, port, process, database, json.loads(made.stdout))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--db", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--profile")
    parser.add_argument("--against", metavar="COMMIT")
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    if asked.against:
        return against(asked.against, asked.people, asked.at_once, asked.rounds)
    with ExitStack() as stack:
        if asked.db == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            url, database_pid = f"sqlite:///{folder}/bench.sqlite", None
        else:
            cluster = stack.enter_context(running_postgres())
            url = cluster.create("bench")
            database_pid = int((cluster.data / "postmaster.pid").read_text().split()[0])
        codes = prepare(url, asked.people + asked.at_once)
        with serving(url, *([asked.profile] if asked.profile else [])) as (port, process):
            measure(process.pid, asked.at_once, asked.at_once, lambda n: take_part(port, codes[-1 - n]))
            idle = cpu_of(database_pid) if database_pid else 0.0
            cost = measure(process.pid, asked.people, asked.at_once, lambda n: take_part(port, codes[n]))
            database = cpu_of(database_pid) - idle if database_pid else 0.0
        assert process.stdout is not None
        end = json.loads(process.stdout.readline())
        each = cost.requests // asked.people
        with serving() as (port, process):
            floor = measure(process.pid, asked.people, asked.at_once, lambda _: ask_nothing(port, each))
    print(f"{asked.db}: {cost}")
    print(f"floor: {floor}; ours is {cost.seconds / floor.seconds:.2f} times that")
    if database_pid:
        print(f"PostgreSQL's own processes: {database / asked.people:.4f} s each")
    print(f"synchronous of the live connection: {end['synchronous']}; responses: {end['responses']}")
    assert end["responses"] == asked.people + asked.at_once
    assert end["synchronous"] in (2, "on")
    return int(asked.db == "sqlite" and cost.seconds / asked.people > ALLOWED_SECONDS)


if __name__ == "__main__":
    if "--serve" in sys.argv:
        port, *what = sys.argv[2:]
        serve(int(port), *what) if what else serve_nothing(int(port))
    else:
        sys.exit(main())
