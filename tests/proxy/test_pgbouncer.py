"""The service through PgBouncer in transaction mode, as docs/proxy/pgbouncer.ini stands."""

from collections.abc import Iterator
from contextlib import ExitStack
from http.client import SERVICE_UNAVAILABLE
from pathlib import Path
from random import Random

import httpx2
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.cli import app as cli
from app.closing import maintenance
from app.closing.mixing import RESPONSE
from app.closing.purge import DRAFT, SESSION
from app.config import Settings
from app.db import read, write
from app.errors import ConfigurationError, Refused
from app.operations.backup import write_backup
from app.operations.serve import serve_forever
from app.operations.whole import stopped
from app.runtime import Service, make_service
from app.studies import waves
from tests.conftest import SECRET
from tests.fault.sending import Fault, arrive, open_study, rounds
from tests.fault.serving import served
from tests.lib.attack_runs import migrated
from tests.lib.disk_bytes import stolen
from tests.lib.pgbouncer import CONNECTIONS, running_pgbouncer, set_lock_timeout
from tests.lib.postgres_server import Postgres, running_postgres
from tests.lib.questionnaire_client import respond
from tests.lib.respondents import kept, make_due, people, rows, state

pytestmark = [pytest.mark.proxy, pytest.mark.postgres]
WAVE = "demo-1"


@pytest.fixture
def direct(postgres: Postgres) -> Iterator[str]:
    yield (url := postgres.create(template="migrated"))
    postgres.drop(url)


@pytest.fixture
def pooled(postgres: Postgres, direct: str) -> Iterator[str]:
    set_lock_timeout(postgres, direct)
    with running_pgbouncer(postgres, direct) as url:
        yield url


def service_at(url: str) -> Service:
    return make_service(Settings(database_url=url, secret=SECRET, secure=False))


def test_people_send_through_it_to_several_processes_and_a_wave_closes(pooled: str, tmp_path: Path) -> None:
    service = open_study(pooled)
    with served(pooled, log := tmp_path / "log", workers=2) as server:
        nothing = Fault(lambda _: None, lambda: None)
        outcome = rounds(service, server.port, nothing, 1, seed=1, writers=2 * CONNECTIONS, at_least=60)
        assert outcome.holds, outcome
        assert not outcome.told, "everybody is answered with a receipt"
    assert log.read_text() == ""
    answers = kept(service, WAVE)
    assert len(answers) >= 60
    make_due(service, WAVE)
    assert maintenance.run_due_tasks(service).closed == (WAVE,)
    assert state(service, WAVE) == "closed"
    assert kept(service, WAVE) == answers
    service.engine.dispose()


def test_a_person_walks_through_it_from_page_to_page(pooled: str, tmp_path: Path) -> None:
    service = open_study(pooled)
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, WAVE, "south", 8)
    with served(pooled, log := tmp_path / "log") as server:
        for code in codes:  # a statement is prepared when it is run for the sixth time
            with httpx2.Client(base_url=server.address, timeout=60) as client:
                respond(client, code)
    assert log.read_text() == ""
    assert len(kept(service, WAVE)) == len(codes)
    service.engine.dispose()


def test_people_are_told_while_postgresql_is_away_and_the_service_stops(tmp_path: Path) -> None:
    with ExitStack() as stack:
        cluster = stack.enter_context(running_postgres())
        migrated(direct := cluster.create())
        set_lock_timeout(cluster, direct)
        service = open_study(stack.enter_context(running_pgbouncer(cluster, direct)))
        [person, late] = arrive(service, 2, Random(1))
        with served(service.settings.database_url, tmp_path / "log") as server:
            assert person.send(server.port).receipt
            cluster.crash()
            try:
                assert {late.send(server.port).status for _ in range(3)} == {SERVICE_UNAVAILABLE}
            finally:
                server.stop()
                cluster.start()
        assert not server.runs()
        service.engine.dispose()


def test_the_due_tasks_are_done_by_one_at_a_time(pooled: str) -> None:
    """A lock of a connection would be shared by whoever comes to the same one next."""
    service = open_study(pooled)
    others = [service_at(pooled) for _ in range(2 * CONNECTIONS)]
    with maintenance.alone(service, 0):
        for other in others:
            with pytest.raises(Refused, match="another process"):
                maintenance.run_due_tasks(other, patience=0)
    for other in others:
        assert maintenance.run_due_tasks(other, patience=0) == maintenance.TasksDone((), 0)
        other.engine.dispose()
    service.engine.dispose()


def test_it_does_not_start_where_waiting_for_a_lock_has_no_end(postgres: Postgres, direct: str) -> None:
    open_study(direct).engine.dispose()
    with (
        running_pgbouncer(postgres, direct) as url,
        pytest.raises(ConfigurationError, match="SET lock_timeout = '10s'"),
    ):
        serve_forever(Settings(database_url=url, secret=SECRET), "127.0.0.1", 1)


def test_what_needs_postgresql_itself_is_refused_with_the_reason(
    pooled: str, direct: str, tmp_path: Path
) -> None:
    key = CliRunner().invoke(cli, ["backup-key", str(tmp_path / "key")]).stdout.strip()
    open_study(direct).engine.dispose()
    service = make_service(Settings(database_url=pooled, secret=SECRET, backup_key=key))
    with pytest.raises(ConfigurationError, match="name its own address"):
        write_backup(service, tmp_path / "backup.age")
    with pytest.raises(ConfigurationError, match="name its own address"), stopped(service):
        pass
    service.engine.dispose()
    direct_service = make_service(Settings(database_url=direct, secret=SECRET, backup_key=key))
    write_backup(direct_service, tmp_path / "backup.age")
    direct_service.engine.dispose()


def test_erased_and_linked_rows_leave_nothing_behind_through_it(
    pooled: str, direct: str, postgres: Postgres
) -> None:
    """Closing and rewriting are many statements, each of which may come to another connection."""
    service = open_study(pooled)
    answers = people(service, WAVE, finished=12, unfinished=3)
    gone = [
        *(row.id.bytes for row in rows(service, RESPONSE)),
        *(row.ciphertext[:16] for row in rows(service, DRAFT)),
        *(row.token_hmac for row in rows(service, SESSION)),
    ]
    assert len(gone) == 12 + 3 + 3
    itself = service_at(direct)
    found = [each for each in gone if any(each in file for file in stolen(itself, postgres.data).values())]
    assert found == gone
    make_due(service, WAVE)
    with ExitStack() as stack:
        for _ in range(2):  # somebody else is in the middle of reading, and keeps a connection for it
            stack.enter_context(read(service.engine)).execute(text("SELECT 1"))
        assert maintenance.run_due_tasks(service).closed == (WAVE,)
    assert kept(service, WAVE) == answers
    assert maintenance.rewrite_files(service) == []
    files = stolen(itself, postgres.data).values()
    assert [each for each in gone if any(each in file for file in files)] == []
    itself.engine.dispose()
    service.engine.dispose()
