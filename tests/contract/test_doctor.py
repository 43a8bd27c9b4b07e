"""The doctor reads the actual state, and names whatever is wrong together with the cure."""

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from pyrage.x25519 import Identity
from sqlalchemy import create_engine, delete, event, make_url, select, text, update

from app import migrate, studies
from app.closing import cleaning, maintenance
from app.closing.digests import DIGEST
from app.closing.erasure import erase
from app.closing.mixing import RESPONSE
from app.closing.purge import DRAFT
from app.closing.snapshots import SNAPSHOT
from app.closing.write_ahead_log import Check
from app.db import is_sqlite, make_engine, outside, write
from app.ended import ledger
from app.errors import Refused
from app.export.trail import note_taken
from app.operations import surroundings
from app.operations.backup import write_backup
from app.operations.doctor import examine
from app.runtime import Service, now
from app.studies import waves
from app.studies.rights import check_may_close
from app.survey.drafts import NO_PHRASE
from app.tables import RESPONDENT_TABLES, table
from app.vault import Vault
from tests.lib.respondents import answer, begin, make_due, people, sheet, state

OF_THE_LOG = ("pg_switch_wal()", "pg_ls_waldir()")
PUBLIC = str(Identity.generate().to_public())
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize(
    "url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def host(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service as a host runs it: by https, behind a proxy, with a ledger."""
    behind = {"origin": "https://q.example", "proxies": (ip_network("127.0.0.1"),)}
    keeps = {"ledger": tmp_path_factory.mktemp("elsewhere") / "ledger", "backup_key": PUBLIC}
    host = replace(service, settings=replace(service.settings, secure=True, **behind, **keeps))
    ledger.begin(host)
    return host


def wrong(service: Service) -> dict[str, Check]:
    """What is to be mended, without fsync, which the PostgreSQL of the tests switches off, and backups."""
    checks = {check.name: check for check in examine(service) if check.name != "backups"}
    if not is_sqlite(service.engine):
        assert checks.pop("fsync").found == "off"
    return {name: check for name, check in checks.items() if not check.ok}


def test_drafts_that_can_gain_no_words_are_counted(code: str, host: Service) -> None:
    begin(host, code, sheet(host, "demo-1", Random(1)))
    with write(host.engine) as db:
        db.execute(update(DRAFT).values(key_by_code=NO_PHRASE))
    [drafts] = [check for check in examine(host) if check.name == "drafts"]
    assert drafts.ok
    assert drafts.found.startswith("1 from before")


@pytest.mark.usefixtures("study")
def test_rows_that_left_a_study_of_reports_before_are_named(host: Service) -> None:
    def found() -> str:
        return next(check.found for check in examine(host) if check.name == "leaving")

    assert found() == "reports or rows, of no study both"
    note_taken(host, "demo-1")
    assert "rows of demo-1 were taken out before" in found()
    with write(host.engine) as db:
        db.execute(update(studies.STUDY).values(leaving="rows"))
    assert found() == "reports or rows, of no study both"


@pytest.mark.usefixtures("study")
def test_a_clock_that_lies_before_the_last_opening_is_found(
    host: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "now", lambda: now() - timedelta(days=2))
    found = wrong(host)["clock"]
    assert "and a collection opened on" in found.found
    assert ("s apart from PostgreSQL's" in found.found) is not is_sqlite(host.engine)
    assert "NTP" in found.mend


def test_a_disk_that_is_nearly_full_is_found(host: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger_folder = host.settings.ledger.parent
    free = {ledger_folder: 5 * 2**20}
    monkeypatch.setattr(
        "shutil.disk_usage", lambda folder: SimpleNamespace(free=free.get(Path(folder), 2**40))
    )
    assert wrong(host)["disk"].found == f"5 MB left for {ledger_folder}"


@pytest.mark.usefixtures("study")
def test_a_host_that_is_as_it_should_be_has_nothing_to_mend(host: Service) -> None:
    assert wrong(host) == {}


def test_every_check_says_what_it_found_and_how_to_mend_it(host: Service) -> None:
    checks = examine(host)
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.found and check.mend for check in checks)


def test_cookies_that_travel_without_https_are_found(host: Service) -> None:
    assert set(wrong(replace(host, settings=replace(host.settings, secure=False)))) == {"cookies"}


def test_an_address_or_a_proxy_that_is_not_named_is_found(host: Service) -> None:
    found = wrong(replace(host, settings=replace(host.settings, origin="", proxies=())))
    assert set(found) == {"address", "proxy"}
    assert "COUNTERPOISE_ORIGIN" in found["address"].mend
    assert "COUNTERPOISE_PROXY" in found["proxy"].mend


def test_another_secret_is_found(host: Service) -> None:
    assert wrong(replace(host, vault=Vault(b"another" * 5)))["secret"].found == "another than was used before"


def test_a_schema_that_is_not_the_present_one_is_found(host: Service) -> None:
    migrate.downgrade(host.engine, "base")
    assert wrong(host)["schema"].mend == "run `counterpoise migrate`"


def test_a_secret_that_was_never_remembered_is_found(host: Service) -> None:
    with write(host.engine) as db:
        db.execute(text("DELETE FROM setting"))
    assert wrong(host)["secret"].found == "not remembered yet"


@pytest.mark.usefixtures("study")
def test_a_study_of_small_groups_is_found(host: Service) -> None:
    with write(host.engine) as db:
        db.execute(update(studies.STUDY).values(k=3))
    assert wrong(host)["K"].found == "3 at the least"


@on_sqlite
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("synchronous", "NORMAL"), ("secure_delete", "OFF"), ("foreign_keys", "OFF"), ("busy_timeout", "1")],
)
def test_a_pragma_that_does_not_hold_is_found(
    migrated_file: Path, host: Service, tmp_path: Path, pragma: str, value: str
) -> None:
    path = tmp_path / "loose.sqlite"
    shutil.copy(migrated_file, path)
    engine = make_engine(f"sqlite:///{path}")
    event.listen(
        engine, "connect", lambda connection, _: connection.execute(f"PRAGMA {pragma}={value}").close()
    )
    assert pragma in wrong(replace(host, engine=engine))
    engine.dispose()


@on_sqlite
def test_a_build_with_the_wal_reset_fault_is_found(host: Service) -> None:
    """The interpreter's own SQLite stands for another build; Debian 12 has one with the fault."""
    engine = create_engine(host.settings.database_url)
    check = {check.name: check for check in examine(replace(host, engine=engine))}["SQLite"]
    assert (check.found, check.ok) == (sqlite3.sqlite_version, sqlite3.sqlite_version_info >= (3, 51, 3))
    engine.dispose()


@contextlib.contextmanager
def role(service: Service, name: str, grants: str = "") -> Iterator[Service]:
    """Serve as a role that may read and write but owns nothing."""
    with outside(service.engine) as db:
        db.execute(text(f"CREATE ROLE {name} LOGIN"))
        db.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}"))
        if grants:
            db.execute(text(f"GRANT {grants} TO {name}"))
    engine = make_engine(service.settings.database_url.replace("postgres@", f"{name}@"))
    try:
        yield replace(service, engine=engine)
    finally:
        engine.dispose()
        with outside(service.engine) as db:
            db.execute(text(f"DROP OWNED BY {name}"))
            db.execute(text(f"DROP ROLE {name}"))


@on_postgres
def test_a_role_that_cannot_clean_is_found(host: Service) -> None:
    with role(host, "guest") as guest:
        found = wrong(guest)
        assert set(found) == {"CHECKPOINT", "tables", "CREATE", "libraries", *OF_THE_LOG}
        [_, grant] = found["pg_switch_wal()"].mend.split(": ")
        assert grant == 'GRANT EXECUTE ON FUNCTION pg_switch_wal() TO "guest"'
        assert found["CHECKPOINT"].mend == 'GRANT pg_checkpoint TO "guest"'
        assert "response" in found["tables"].found
    with role(host, "guest", "pg_checkpoint") as guest:
        assert set(wrong(guest)) == {"tables", "CREATE", "libraries", *OF_THE_LOG}


@on_postgres
@pytest.mark.usefixtures("study")
def test_a_role_that_owns_but_some_of_what_is_written_anew_is_found(host: Service) -> None:
    every = {each.name for tables in cleaning.REWRITTEN.values() for each in tables}
    answers = {table(each).name for each in RESPONDENT_TABLES} | {"wave"}
    with role(host, "guest", "pg_checkpoint") as guest:
        give(host, "guest", answers)
        assert wrong(guest)["tables"].found == f"another role owns {', '.join(sorted(every - answers))}"
        with write(guest.engine) as db, pytest.raises(Refused, match="another role owns the tables account"):
            check_may_close(db)
        give(host, "guest", every)
        assert wrong(guest)["CREATE"].found == "the role may make no table, so that no wave can close"
        grant = wrong(guest)["CREATE"].mend.removeprefix("in this database: ")
        with write(guest.engine) as db, pytest.raises(Refused, match=grant):
            check_may_close(db)
        with outside(host.engine) as db:
            db.execute(text(grant))
            db.execute(text("GRANT EXECUTE ON FUNCTION pg_switch_wal(), pg_ls_waldir() TO guest"))
        assert not {"tables", "CREATE"} & set(wrong(guest))
        make_due(guest, "demo-1")
        maintenance.run_due_tasks(guest)
        assert state(host, "demo-1") == "closed"
        with outside(host.engine) as db:
            db.execute(text("REASSIGN OWNED BY guest TO CURRENT_USER"))


def give(service: Service, role: str, tables: set[str]) -> None:
    with outside(service.engine) as db:
        for each in tables:
            db.execute(text(f'ALTER TABLE "{each}" OWNER TO {role}'))


@on_postgres
def test_a_role_that_could_close_no_wave_opens_none_and_announces_no_end(study: str, host: Service) -> None:
    with write(host.engine) as db:
        prepared = waves.make_wave(host, db, study)
    with role(host, "guest") as guest:
        with write(guest.engine) as db, pytest.raises(Refused, match='GRANT pg_checkpoint TO "guest"'):
            waves.open_wave(guest, db, prepared)
        with pytest.raises(Refused, match='GRANT pg_checkpoint TO "guest"'):
            make_due(guest, "demo-1")
        make_due(host, "demo-1")
        with pytest.raises(Refused, match='GRANT pg_checkpoint TO "guest"'):
            maintenance.begin_to_close(guest, "demo-1")
        assert state(host, "demo-1") == "open"
    with (
        role(host, "guest", "pg_checkpoint") as guest,
        write(guest.engine) as db,
        pytest.raises(Refused, match="another role owns the tables account, audit, code, code_batch"),
    ):
        waves.open_wave(guest, db, prepared)
    maintenance.run_due_tasks(host)
    assert state(host, "demo-1") == "closed"


@on_postgres
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("synchronous_commit", "off"),
        ("log_statement", "all"),
        ("log_min_duration_statement", "0"),
        ("log_error_verbosity", "default"),
        ("log_min_error_statement", "error"),
        ("log_parameter_max_length_on_error", "-1"),
        ("log_transaction_sample_rate", "1"),
        ("log_min_duration_sample", "0"),
        ("log_duration", "on"),
        ("debug_print_plan", "on"),
    ],
)
def test_a_server_that_logs_answers_or_forgets_them_is_found(host: Service, setting: str, value: str) -> None:
    with outside(host.engine) as db:
        name = db.execute(text("SELECT current_database()")).scalar()
        db.execute(text(f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'"))
    host.engine.dispose()
    assert wrong(host)[setting].found == value


@on_postgres
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("log_checkpoints", "on"),
        ("log_lock_waits", "on"),
        ("log_connections", "on"),
        ("log_disconnections", "on"),
        ("log_autovacuum_min_duration", "0"),
    ],
)
def test_a_server_whose_log_tells_when_somebody_was_there_is_found(
    host: Service, setting: str, value: str
) -> None:
    def given(how: str) -> None:
        with outside(host.engine) as db:
            db.execute(text(f"ALTER SYSTEM {how}"))
            db.execute(text("SELECT pg_reload_conf()"))

    def until(*, is_found: bool) -> None:
        """A server reads its settings anew in its own time, and of some only a new connection hears."""
        deadline = time.monotonic() + 60
        while (setting in wrong(host)) != is_found:
            assert time.monotonic() < deadline
            time.sleep(0.05)
            host.engine.dispose()

    assert setting not in wrong(host)
    given(f"SET {setting} = '{value}'")
    try:
        until(is_found=True)
        assert wrong(host)[setting].found == value
    finally:
        given(f"RESET {setting}")
        until(is_found=False)


@on_postgres
def test_a_host_without_the_program_that_backs_up_is_found(
    host: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert wrong(host)["pg_dump"].found == "not installed here"
    (older := tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    older.chmod(0o700)
    assert wrong(host)["pg_dump"].found == "9"


@on_postgres
def test_a_library_that_logs_what_is_written_is_found(host: Service) -> None:
    with outside(host.engine) as db:
        name = db.execute(text("SELECT current_database()")).scalar()
        db.execute(text(f"ALTER DATABASE \"{name}\" SET session_preload_libraries = 'auto_explain'"))
    host.engine.dispose()
    assert wrong(host)["libraries"].found == "auto_explain"


@on_postgres
def test_a_slot_that_keeps_the_log_is_found(host: Service) -> None:
    with outside(host.engine) as db:
        db.execute(text("SELECT pg_create_physical_replication_slot('standby')"))
    try:
        assert wrong(host)["replication slots"].found == "standby"
    finally:
        with outside(host.engine) as db:
            db.execute(text("SELECT pg_drop_replication_slot('standby')"))


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_wave_that_closed_after_the_last_backup_is_named(host: Service, tmp_path: Path) -> None:
    def found() -> tuple[bool, str]:
        return next((check.ok, check.found) for check in examine(host) if check.name == "backups")

    assert found()[0]
    write_backup(host, tmp_path / "before.age")
    make_due(host, "demo-1")
    maintenance.run_due_tasks(host)
    assert found() == (False, "none has demo-1")
    write_backup(host, tmp_path / "after.age")
    assert found()[0]


@on_sqlite
def test_a_ledger_that_is_missing_not_named_or_beside_the_database_is_found(
    host: Service, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(path: Path | None) -> str:
        return wrong(replace(host, settings=replace(host.settings, ledger=path)))["ledger"].found

    assert found(tmp_path / "gone") == f"{tmp_path / 'gone'} is missing"
    assert found(None) == "COUNTERPOISE_LEDGER is not set, and this database keeps one"
    beside = tmp_path / "ledger"
    shutil.copy(host.settings.ledger, beside)
    assert found(beside) == f"{beside}, beside the database: both are lost together"
    (below := tmp_path / "kept").mkdir()
    (tmp_path_factory.mktemp("linked") / "folder").symlink_to(tmp_path)
    linked = tmp_path_factory.getbasetemp()
    shutil.copy(beside, below / "ledger")
    monkeypatch.chdir(tmp_path)
    for same in (
        below / "ledger",
        Path("ledger"),
        Path("kept/ledger"),
        next(linked.glob("linked*/folder/ledger")),
    ):
        assert found(same) == f"{same}, beside the database: both are lost together"
    with write(host.engine) as db:
        db.execute(delete(ledger.SETTING).where(ledger.SETTING.c.name == ledger.LINEAGE))
    assert found(None) == "none: what ends comes back with a backup that is put back"
    begun = wrong(replace(host, settings=replace(host.settings, ledger=None)))["ledger"].mend
    assert "COUNTERPOISE_BACKUP_KEY" in begun, "a ledger is begun with both settings"


@on_sqlite
def test_a_ledger_on_the_file_system_of_the_database_is_told(
    host: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(path: Path) -> tuple[bool, str]:
        of = replace(host, settings=replace(host.settings, ledger=path))
        return next((check.ok, check.found) for check in examine(of) if check.name == "ledger")

    elsewhere = host.settings.ledger
    (mounted := tmp_path / "ledger").write_bytes(elsewhere.read_bytes())
    told = ", on the file system of the database: keep a copy of it on another disk"
    assert found(elsewhere) == (True, f"{elsewhere}: 0 entries{told}")
    monkeypatch.setattr(surroundings, "device", lambda path: path in (elsewhere, mounted))
    assert found(elsewhere) == (True, f"{elsewhere}: 0 entries")
    assert found(mounted) == (True, f"{mounted}: 0 entries"), (
        "a disk may be mounted below the database's folder"
    )


@pytest.mark.usefixtures("study")
def test_a_questionnaire_that_is_not_there_is_found_with_its_study(host: Service) -> None:
    gone = replace(host, instruments={})
    found = wrong(gone)["questionnaires"]
    assert found.found == "not installed: form 'a' of 'ppiq', which the study 'demo' asks"
    assert "COUNTERPOISE_INSTRUMENTS" in found.mend
    with write(host.engine) as db:
        db.execute(update(waves.WAVE).values(form_hash="0" * 64))
    assert "form 'a' of 'ppiq' as the collection 'demo-1' asked it" in wrong(host)["questionnaires"].found


def test_a_secret_that_others_may_read_is_found_wherever_it_lies(host: Service, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere"
    secret.write_text("of nobody")
    secret.chmod(0o644)
    found = wrong(replace(host, settings=replace(host.settings, secret_file=secret)))["files"]
    assert found.found == "others may read elsewhere"
    assert found.mend.endswith(f"chmod 600 {secret}")


@on_sqlite
def test_files_that_others_may_read_are_found_and_mended_at_the_next_start(host: Service) -> None:
    path = Path(str(make_url(host.settings.database_url).database))
    path.chmod(0o644)
    assert wrong(host)["files"].found == f"others may read {path.name}"
    make_engine(host.settings.database_url).dispose()
    assert wrong(host) == {}


@on_sqlite
def test_a_copy_that_a_killed_backup_or_restore_has_left_is_found(host: Service) -> None:
    path = Path(str(make_url(host.settings.database_url).database))
    for ending in ("-backup", "-restoring"):
        (left := path.with_name(f"{path.name}{ending}")).write_bytes(b"in clear")
        assert left.name in wrong(host)["copies"].found
        maintenance.run_due_tasks(host)
        assert wrong(host) == {}


@pytest.mark.usefixtures("study")
def test_an_answer_that_was_changed_is_found(host: Service) -> None:
    people(host, "demo-1", finished=12)
    make_due(host, "demo-1")
    maintenance.run_due_tasks(host)
    assert wrong(host) == {}
    with write(host.engine) as db:
        [one, *_] = db.execute(select(RESPONSE.c.id)).scalars()
        db.execute(update(RESPONSE).where(RESPONSE.c.id == one).values(language="cy"))
    assert wrong(host)["answers"].found == "not as they were sent in demo-1"


@pytest.mark.usefixtures("study")
def test_an_erasure_is_no_damage_and_hides_none(host: Service) -> None:
    receipts = [
        answer(host, each, sheet(host, "demo-1", Random(n))) for n, each in enumerate(some_codes(host))
    ]
    make_due(host, "demo-1")
    maintenance.run_due_tasks(host)
    with write(host.engine) as db:
        assert erase(host, db, receipts[0])
    assert wrong(host) == {}
    with write(host.engine) as db:
        kept = RESPONSE.c.receipt_hmac == host.vault.receipt_hmac(receipts[1])
        db.execute(update(RESPONSE).where(kept).values(language="cy"))
    with write(host.engine) as db:
        assert erase(host, db, receipts[2])
    assert wrong(host)["answers"].found == "not as they were sent in demo-1"


def some_codes(service: Service) -> list[str]:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, "demo-1", "south", 12)


@pytest.mark.usefixtures("study")
def test_what_an_old_wave_cannot_gain_is_said(host: Service) -> None:
    people(host, "demo-1", finished=12)
    make_due(host, "demo-1")
    maintenance.run_due_tasks(host)
    with write(host.engine) as db:
        db.execute(update(SNAPSHOT).values(figures=None))
        db.execute(delete(DIGEST))
        db.execute(update(RESPONSE).values(told=None, archived=None))
    assert wrong(host)["closed waves"].mend == "run `counterpoise wave run-due-tasks`"
    maintenance.run_due_tasks(host)
    assert wrong(host) == {}
    [told] = [check.found for check in examine(host) if check.name == "closed waves"]
    assert told.startswith("what may be told of demo-1 was decided after the close")
