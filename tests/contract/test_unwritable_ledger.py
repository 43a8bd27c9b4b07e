"""A ledger that can no longer be written while the service runs: it is told before anything has to end."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pyrage.x25519 import Identity
from sqlalchemy import update
from starlette.requests import Request
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app import studies
from app.audit import events
from app.cli import app as cli
from app.closing import maintenance
from app.db import read, write
from app.ended import ledger
from app.errors import NotInstalled, NotNoted
from app.logs import FAILURES, log_failure
from app.main import OF_STAFF, PUBLIC, create_app
from app.operations.metrics import gauges
from app.runtime import Installed, Service, now
from app.staff import accounts
from app.studies import waves
from app.studies.study import STUDY
from tests.conftest import SECRET
from tests.lib.cohorts import another_study, close
from tests.lib.respondents import state
from tests.lib.staff_accounts import account_row, ready, sign_in

WAVE = "demo-1"
pytestmark = [pytest.mark.usefixtures("study"), pytest.mark.parametrize("url", ["sqlite"], indirect=True)]


@pytest.fixture
def service(service: Service, tmp_path: Path) -> Service:
    """A service that keeps a ledger, elsewhere."""
    (elsewhere := tmp_path / "elsewhere").mkdir()
    key = str(Identity.generate().to_public())
    settings = replace(service.settings, ledger=elsewhere / "ledger", backup_key=key)
    ledger.begin(service := replace(service, settings=settings))
    return service


def away(service: Service) -> Path:
    """The disk of the ledger is gone; where the ledger is now."""
    path = service.settings.ledger
    assert path is not None
    return path.rename(path.with_name("away"))


def put_back(path: Path) -> None:
    path.rename(path.with_name("ledger"))


def trail(service: Service) -> list[object]:
    with read(service.engine) as db:
        return [each.event for each in events(db)]


def wait_for(it: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120  # generous: the machine may be busy
    while not it():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def failures_told(service: Service, tended: maintenance.Maintenance) -> int:
    lines = dict(line.rpartition(" ")[::2] for line in gauges(service, tended).splitlines())
    return int(lines["counterpoise_due_tasks_failures"])


def test_the_gauge_and_the_log_tell_within_a_round_and_the_service_answers_on(
    service: Service, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with maintenance.Maintenance(service, every=0.05) as tended:
        gone = away(service)
        wait_for(lambda: failures_told(service, tended) > 0)
        assert client.get("/ready").status_code == 200
        put_back(gone)
        wait_for(lambda: failures_told(service, tended) == 0)
    [first, *_] = [each for each in caplog.records if each.msg == "due tasks failed"]
    assert first.exc_info is not None
    assert first.exc_info[0] is NotNoted


def test_what_is_due_is_done_all_the_same(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of deletion that has come cannot be kept; what was deleted before leaves the files."""
    done: list[Service] = []
    rewrite = maintenance.rewrite
    close(service, WAVE)
    with write(service.engine) as db:
        db.execute(update(STUDY).values(retire_on=now().date() - timedelta(days=1)))
    gone = away(service)
    monkeypatch.setattr(maintenance, "rewrite", lambda of: done.append(of) or rewrite(of))
    with pytest.raises(NotNoted, match="is not there"):
        maintenance.run_due_tasks(service)
    assert (len(done), state(service, WAVE)) == (1, "closed")
    put_back(gone)
    maintenance.run_due_tasks(service)
    assert state(service, WAVE) == "retired"


def test_it_is_told_where_something_else_fails_each_minute_too(service: Service) -> None:
    with write(service.engine) as db:  # a close has begun, and the questions went away
        db.execute(update(waves.WAVE).where(waves.WAVE.c.id == WAVE).values(state="closing"))
    gone = replace(service, instruments=Installed({}))
    with pytest.raises(NotInstalled):
        maintenance.run_due_tasks(gone)
    away(service)
    with pytest.raises(NotNoted):
        maintenance.run_due_tasks(gone)


def test_who_types_a_command_is_told_which_ledger_and_what_to_do(service: Service) -> None:
    settings = service.settings
    environment = {
        "COUNTERPOISE_DATABASE_URL": settings.database_url,
        "COUNTERPOISE_SECRET": SECRET.hex(),
        "COUNTERPOISE_LEDGER": str(settings.ledger),
        "COUNTERPOISE_BACKUP_KEY": settings.backup_key,
    }
    away(service)
    for line in ("wave run-due-tasks", "serve"):
        refused = CliRunner().invoke(cli, line.split(), env=environment)
        assert refused.exit_code == 2
        assert f"the ledger {settings.ledger} is not there" in refused.stderr
        assert "Mount it or put it back" in " ".join(refused.stderr.split())


@pytest.mark.parametrize(
    "address",
    [
        "/operator/accounts/ben/stop",
        "/operator/accounts/ben/renew",
        "/operator/accounts/ben/withdraw",
        "/host/studies/demo/roles/withdraw",
        "/host/studies/empty/delete",
        "/host/waves/demo-1/retire",
        "/host/waves/demo-1/early/confirm",
        "/host/waves/later-1/codes/{batch}/cancel",
        "/host/waves/later-1/close",
    ],
)
def test_staff_are_told_that_nothing_was_changed_and_it_counts_as_a_fault(
    service: Service, client: TestClient, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    close(service, WAVE)
    another_study(service, "later")
    with write(service.engine) as db:
        waves.issue_codes(service, db, "later-1", waves.first_unit(db, "later-1"), 3)
        batch = next(iter(waves.batches(db, "later-1"))).id
        studies.make_study(db, id="empty", title="Empty", simulated=True)
    ready(service, "ben", trainer="demo")
    ready(service, "ada", operator="*")
    with write(service.engine) as db:
        for study in ("demo", "later", "empty"):
            accounts.give(service, db, "ada", "host", study)
        db.execute(update(waves.WAVE).where(waves.WAVE.c.id == WAVE).values(deletion_asked_by="ben"))
    sign_in(service, client, "ada")
    said = {"sure": "yes", "name": "ben", "role": "trainer", "study": "demo"}
    counted, gone, before = FAILURES[503], away(service), trail(service)
    refused = client.post(address.format(batch=batch), data=said)
    assert trail(service) == before
    assert refused.status_code == 503
    assert "Nothing was changed" in refused.text
    assert "page you came from" in refused.text
    assert str(service.settings.ledger) not in refused.text
    assert FAILURES[503] == counted + 1
    [logged] = [each for each in caplog.records if each.msg == "a request failed"]
    assert logged.levelno == logging.ERROR
    assert logged.at.startswith("app.errors.NotNoted at ")
    assert account_row(service, "ben").active
    put_back(gone)
    done = client.post(address.format(batch=batch), data=said)
    assert done.status_code in (200, 303), done.text


def test_questions_that_are_missing_are_a_fault_on_pages_of_staff_too(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    gone = replace(service, instruments=Installed({}))
    with TestClient(
        create_app(gone.settings, gone), base_url="http://127.0.0.1", follow_redirects=False
    ) as client:
        sign_in(gone, client, ready(gone, "ada", host="demo"))
        counted = FAILURES[503]
        refused = client.post("/host/waves/demo-1/close", data={"sure": "yes"})
    assert refused.status_code == 503
    assert "Its questions are missing here just now" in refused.text
    assert FAILURES[503] == counted + 1
    assert "app.errors.NotInstalled" in caplog.records[-1].at


def test_a_fault_on_any_page_of_staff_is_counted_and_on_no_other() -> None:
    for routers, more in ((OF_STAFF, 1), (PUBLIC, 0)):
        for route in (each for router in routers for each in router.routes):
            counted = FAILURES[500]
            log_failure(Request({"type": "http", "route": route}), 500, ValueError())
            assert FAILURES[500] == counted + more, route
