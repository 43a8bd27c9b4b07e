"""Several processes that serve one place: `counterpoise serve --workers`."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from app.cli import app as cli
from app.support.signposts import DEFAULT
from tests.conftest import SECRET
from tests.fault.sending import Fault, open_study, rounds
from tests.fault.serving import ROOT, Server, served
from tests.lib.postgres_server import Postgres

WORKERS = 2
INSTRUMENTS = ROOT / "tests" / "instruments"


@pytest.fixture
def address(postgres: Postgres) -> Iterator[str]:
    """The address of a migrated PostgreSQL."""
    yield (url := postgres.create(template="migrated"))
    postgres.drop(url)


def until(it: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for something; generous, since the machine may be busy."""
    deadline = time.monotonic() + seconds
    while not it():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def lives(process: int) -> bool:
    """Whether a process is there; one that has ended and waits to be noticed is not."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def answers(server: Server) -> bool:
    with suppress(URLError, ConnectionError), urlopen(f"{server.address}/ready") as answer:
        return bool(answer.status == 200)
    return False


@pytest.mark.postgres
def test_another_takes_the_place_of_a_worker_that_died_and_nothing_is_lost(
    address: str, tmp_path: Path
) -> None:
    service = open_study(address)
    killed: list[int] = []
    with served(address, log := tmp_path / "log", workers=WORKERS) as server:
        until(lambda: len(server.workers) == WORKERS)
        first = server.workers

        def dies(_: Random) -> None:
            killed.append(server.workers[0])
            os.kill(killed[-1], signal.SIGKILL)

        def has_another() -> None:
            until(lambda: killed[-1] not in server.workers and len(server.workers) == WORKERS)

        outcome = rounds(service, server.port, Fault(dies, has_another), 2, seed=1, writers=4, at_least=20)
        assert outcome.holds, outcome
        assert outcome.acknowledged >= 40
        assert set(server.workers).isdisjoint(killed)
        everybody = [*first, *server.workers]
    assert not any(map(lives, everybody)), "stopping stops all of them"
    lines = log.read_text().splitlines()
    assert len(lines) == len(killed), lines
    assert all("had died or was frozen, and another was started" in line for line in lines)
    service.engine.dispose()


@pytest.mark.postgres
def test_files_that_break_meanwhile_keep_no_worker_from_taking_the_place_of_another(
    address: str, tmp_path: Path
) -> None:
    shutil.copytree(INSTRUMENTS, folder := tmp_path / "instruments")
    shutil.copy(DEFAULT, people := tmp_path / "people.yaml")
    files = {"COUNTERPOISE_INSTRUMENTS": str(folder), "COUNTERPOISE_SIGNPOSTS": str(people)}
    with served(address, log := tmp_path / "log", workers=WORKERS, **files) as server:
        until(lambda: len(server.workers) == WORKERS)
        for each in (people, *folder.glob("*/key.yaml")):
            each.write_text("canary: [")
        for worker in (first := server.workers):
            os.kill(worker, signal.SIGKILL)
        until(lambda: set(server.workers).isdisjoint(first) and answers(server))
        with urlopen(f"{server.address}/support") as page:
            assert "Samaritans" in page.read().decode(), "the list is the one that was read at the start"
    said = log.read_text()
    assert said.count("another was started") == WORKERS, said
    assert "a questionnaire cannot be read and is left out" in said
    assert not {"canary", "Traceback", "ERROR"} & {*re.findall(r"\w+", said)}


@pytest.mark.postgres
def test_a_worker_that_cannot_start_ends_the_service_and_logs_no_value(address: str, tmp_path: Path) -> None:
    """uvicorn would start one after the other, twice a second, for ever."""
    broken = tmp_path / "broken"
    (tmp_path / "sitecustomize.py").write_text(f"""
import sys, threading
from pathlib import Path
def failing(): raise ValueError("canary")
if Path({str(broken)!r}).exists() and any("spawn_main" in each for each in sys.orig_argv):
    from app import main
    def create_app(*_):
        (thread := threading.Thread(target=failing)).start()
        thread.join()
        failing()
    main.create_app = create_app
""")
    path = os.pathsep.join(map(str, (tmp_path, ROOT)))
    with served(address, log := tmp_path / "log", workers=WORKERS, PYTHONPATH=path) as server:
        until(lambda: len(server.workers) == WORKERS)
        workers = server.workers
        broken.touch()
        os.kill(workers[0], signal.SIGKILL)
        failed = "'a process that answers cannot start' builtins.ValueError at "
        until(lambda: not server.runs() or log.read_text().count(failed) > 1)
        assert log.read_text().count(failed) == 1, "no other is started in its place"
        assert server.exit_code() == 2
        assert not any(map(lives, workers)), "the others are stopped"
    said = log.read_text()
    assert "the log says where it failed" in " ".join(said.split())
    assert said.count("'a thread ended' builtins.ValueError at ") == 1
    assert "canary" not in said
    assert "Traceback" not in said


@pytest.mark.postgres
def test_stopping_while_people_send_loses_nothing(address: str, tmp_path: Path) -> None:
    service = open_study(address)
    with served(address, tmp_path / "log", workers=WORKERS) as server:
        stopped = Fault(lambda _: server.stop(), server.start)
        outcome = rounds(service, server.port, stopped, 1, seed=1, writers=4, at_least=20)
    assert outcome.holds, outcome
    service.engine.dispose()


@pytest.mark.postgres
def test_workers_end_with_the_process_that_started_them(address: str, tmp_path: Path) -> None:
    """Left alone they would hold the port, and the next start would be refused."""
    with served(address, tmp_path / "log", workers=WORKERS) as server:
        until(lambda: len(server.workers) == WORKERS)
        workers = server.workers
        server.kill()
        until(lambda: not any(map(lives, workers)))
        server.start()
        assert answers(server)


def test_several_do_not_serve_a_file_of_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One without a schema: were it not refused for what it is, it would be for that, and not be served."""
    monkeypatch.setenv("COUNTERPOISE_DATABASE_URL", f"sqlite:///{tmp_path / 'x.sqlite'}")
    monkeypatch.setenv("COUNTERPOISE_SECRET", SECRET.hex())
    refused = CliRunner().invoke(cli, ["serve", "--workers", "2"])
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.split())
    assert "SQLite is for one process" in said
    assert "COUNTERPOISE_DATABASE_URL" in said
