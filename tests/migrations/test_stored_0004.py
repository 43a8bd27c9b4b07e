"""A database of schema 0004 with answers comes to the present schema, and its open collection goes on."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url, select

from app import migrate
from app.closing import maintenance
from app.config import Settings
from app.db import make_engine, read
from app.main import create_app
from app.report.text import report_text
from app.runtime import Service, check_secret, make_service
from app.tables import Response, table
from tests.conftest import SECRET
from tests.lib.cohorts import close
from tests.lib.postgres_server import Postgres
from tests.lib.questionnaire_client import respond

STORED = Path(__file__).parent / "stored"
CODES = json.loads((STORED / "codes-0004.json").read_text())


def loaded(url: str) -> str:
    """Load the stored database of this engine; return its name."""
    place = make_url(url)
    name = place.get_backend_name().removesuffix("ql")
    rows = (STORED / f"{name}-0004.sql").read_text("utf-8")
    if name == "sqlite":
        database = sqlite3.connect(str(place.database))
        database.executescript(rows)
        database.close()
    else:
        with psycopg.connect(f"host={place.query['host']} user=postgres dbname={place.database}") as server:
            server.execute(rows.encode())
    return name


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Service, str]]:
    """The service on a stored database that was migrated, and a code of it that nobody has used."""
    url = f"sqlite:///{tmp_path / 'counterpoise.sqlite'}"
    if request.param == "postgres":
        cluster: Postgres = request.getfixturevalue("postgres")
        url = cluster.create()
    name = loaded(url)
    engine = make_engine(url)
    assert migrate.current(engine) == "0004"
    migrate.upgrade(engine)
    engine.dispose()
    service = make_service(Settings(database_url=url, secret=SECRET, secure=False))
    check_secret(service)
    yield service, CODES[name][1]
    service.engine.dispose()


def test_the_open_collection_goes_on_and_both_are_reported(stored: tuple[Service, str]) -> None:
    service, code = stored
    maintenance.run_due_tasks(service)
    assert "SIMULATED" in report_text(service, "autumn-1")
    with TestClient(create_app(service.settings, service), base_url="http://127.0.0.1") as client:
        client.follow_redirects = False
        assert len(respond(client, code).replace("-", "")) == 12
    close(service, "winter-1")
    with read(service.engine) as db:
        kept = list(db.execute(select(table(Response).c.wave)).scalars())
    assert (kept.count("autumn-1"), kept.count("winter-1")) == (30, 13)
    assert "All six together" in report_text(service, "winter-1")
