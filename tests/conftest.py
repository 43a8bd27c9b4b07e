"""Real parts for every test: a migrated database on each engine, the service on it, an open wave."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from starlette.testclient import TestClient

from app import migrate
from app.config import Settings
from app.db import make_engine, write
from app.runtime import Service, check_secret, make_service
from tests.lib.ports import free_port
from tests.lib.postgres_server import Postgres, running_postgres
from tests.lib.statements import statements

SECRET = bytes(range(32))
MIDNIGHT_IS_NEAR = 60.0
"""Seconds."""

hypothesis_settings.register_profile("counterpoise", derandomize=True, deadline=None, max_examples=40)
hypothesis_settings.load_profile("counterpoise")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where one engine stands for the other, PostgreSQL's turn is in `make both`."""
    for each in items:
        if each.get_closest_marker("either") and each.get_closest_marker("postgres"):
            each.add_marker(pytest.mark.second)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of our own, with a migrated template; it ends with the session."""
    with running_postgres(log_file_mb=1) as cluster:
        engine = make_engine(cluster.create("migrated"))
        migrate.upgrade(engine)
        engine.dispose()
        yield cluster


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    migrate.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a fresh, migrated database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
    else:
        cluster: Postgres = request.getfixturevalue("postgres")
        yield (address := cluster.create(template="migrated"))
        cluster.drop(address)


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated database on SQLite, where one engine is enough."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'counterpoise.sqlite')}"


@pytest.fixture
def service(url: str) -> Iterator[Service]:
    settings = Settings(database_url=url, secret=SECRET, secure=False, origin="http://127.0.0.1")
    service = make_service(settings)
    check_secret(service)
    yield service
    service.engine.dispose()


@pytest.fixture
def leaving() -> str:
    """What the study "demo" gives out; a file whose tests need rows has a fixture of its own."""
    return "reports"


@pytest.fixture
def study(service: Service, leaving: str) -> str:
    """A SIMULATED study "demo" with three units and an open wave "demo-1"."""
    from app import studies
    from app.studies import waves

    with write(service.engine) as db:
        studies.make_study(db, id="demo", title="Demonstration", simulated=True, leaving=leaving)
        studies.add_unit(db, "demo", "org", "Organisation", level="organisation")
        studies.add_unit(db, "demo", "west", "West department", level="department", parent="org")
        for unit in ("north", "south", "east"):
            studies.add_unit(db, "demo", unit, unit.title(), parent="west")
        wave = waves.make_wave(service, db, "demo")
        waves.open_wave(service, db, wave)
    return "demo"


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """A browser without scripts, within the process; it follows no redirect by itself."""
    from app.main import create_app

    application = create_app(service.settings, service)
    with TestClient(application, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


@pytest.fixture
def code(service: Service, study: str) -> str:
    """A code of the unit "north" of the open wave."""
    from app.studies import waves

    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, f"{study}-1", "north", 1)
    return code


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Put back what a command that serves has set up for its own process."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    kept = root.handlers[:], root.level, access.handlers[:], access.propagate
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning
    yield
    root.handlers[:], root.level, access.handlers[:], access.propagate = kept
    sys.excepthook, threading.excepthook, sys.unraisablehook, warnings.showwarning = hooks


@dataclass
class Queries:
    statements: list[str]

    def clear(self) -> None:
        self.statements.clear()

    @property
    def count(self) -> int:
        """Statements that read or write a table, without the brackets of transactions."""
        kinds = ("SELECT", "INSERT", "UPDATE", "DELETE")
        return sum(statement.lstrip().upper().startswith(kinds) for statement in self.statements)


@pytest.fixture
def queries(service: Service) -> Iterator[Queries]:
    with statements(service.engine) as seen:
        yield Queries(seen)


@pytest.fixture
def one_day() -> None:
    """Wait where midnight is near, for a test that reckons a day and then lets the service reckon it."""
    left = 86_400 - time.time() % 86_400
    if left < MIDNIGHT_IS_NEAR:
        time.sleep(left + 0.1)


@pytest.fixture
def unused_port() -> int:
    return free_port()
