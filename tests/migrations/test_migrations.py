"""A database comes to the present schema, also after a kill at any statement, and loses no row."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, inspect, select

from app import migrate
from app.closing.purge import CODE, DRAFT, SESSION
from app.db import make_engine, read, write
from app.runtime import now
from app.survey.drafts import NO_PHRASE
from app.tables import RESPONDENT_TABLES, SQLModel
from tests.lib.postgres_server import Postgres

KILLED = """
import os, signal, sys
from sqlalchemy import event
from app import migrate
from app.db import make_engine
engine = make_engine(sys.argv[1])
left = int(sys.argv[2])
@event.listens_for(engine, "before_cursor_execute")
def kill(connection, cursor, statement, *rest):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
migrate.upgrade(engine)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite'}"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.create()


def test_there_is_one_head_and_it_is_told_without_alembic() -> None:
    assert ScriptDirectory(str(migrate.MIGRATIONS)).get_heads() == [migrate.head()]


def test_the_migrated_schema_is_the_models(url: str) -> None:
    engine = make_engine(url)
    with read(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    assert migrate.current(engine) == migrate.head()
    engine.dispose()


def test_down_and_up_again(empty_url: str) -> None:
    engine = make_engine(empty_url)
    migrate.upgrade(engine)
    tables = set(inspect(engine).get_table_names())
    migrate.downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    migrate.upgrade(engine)
    assert set(inspect(engine).get_table_names()) == tables
    engine.dispose()


def test_accounts_come_and_go_while_the_study_keeps_its_rows(empty_url: str) -> None:
    engine = make_engine(empty_url)
    migrate.upgrade(engine, "0001")
    made = ("spring", "Spring placements", "ppiq", "a", None, 10, False)
    insert = "INSERT INTO study (id, title, instrument, form, partition_hash, k, simulated) VALUES "
    with write(engine) as db:
        db.exec_driver_sql(insert + "('spring', 'Spring placements', 'ppiq', 'a', NULL, 10, false)")
        db.exec_driver_sql(
            "INSERT INTO unit (study, id, title, level) VALUES ('spring', 'north', 'N', 'unit')"
        )
    for step in (migrate.upgrade, migrate.downgrade, migrate.upgrade):
        step(engine, "0002" if step is migrate.upgrade else "0001")
        with read(engine) as db:
            kept = db.exec_driver_sql(
                "SELECT id, title, instrument, form, partition_hash, k, simulated FROM study"
            )
            assert [tuple(row) for row in kept] == [made]
            assert db.exec_driver_sql("SELECT study, id FROM unit").fetchall() == [("spring", "north")]
    with read(engine) as db:
        added = db.exec_driver_sql("SELECT context, people, retire_on FROM study").one()
        assert tuple(added) == (None, None, None)
        assert db.exec_driver_sql('SELECT count(*) FROM "grant"').scalar() == 0
    engine.dispose()


def test_a_study_of_before_gives_out_reports_but_for_one_that_was_to_be_linked(empty_url: str) -> None:
    """No further rows leave where a report was made already."""
    engine = make_engine(empty_url)
    migrate.upgrade(engine, "0005")
    made = (
        "INSERT INTO study (id, title, instrument, form, k, simulated) "
        "VALUES ('{0}', 'S', 'ppiq', 'a', 10, false)"
    )
    wave = (
        "INSERT INTO wave (id, study, ordinal, form_hash, words_hashes, items_per_page, state) "
        "VALUES ('{0}-1', '{0}', 1, 'f', '{{}}', 5, 'open')"
    )
    snapshot = "INSERT INTO snapshot (wave, base_table, report) VALUES ('{0}-1', '{{}}', '{{}}')"
    pair = "INSERT INTO pair (earlier, later) VALUES ('{0}-1', '{0}-2')"
    with write(engine) as db:
        for study, also in {"new": (), "told": (snapshot,), "two": (pair,), "both": (pair, snapshot)}.items():
            for statement in (made, wave, *also):
                db.exec_driver_sql(statement.format(study))
    migrate.upgrade(engine)
    with read(engine) as db:
        kept = dict(db.exec_driver_sql("SELECT id, leaving FROM study").fetchall())
    assert kept == {"new": "reports", "told": "reports", "two": "rows", "both": "reports"}
    migrate.downgrade(engine, "0005")
    migrate.upgrade(engine)
    engine.dispose()


@pytest.mark.usefixtures("one_day")
def test_what_a_code_alone_would_open_is_taken_out_and_sessions_stay(empty_url: str) -> None:
    engine = make_engine(empty_url)
    migrate.upgrade(engine, "0004")
    old = {"code_hmac": b"c" * 32, "ciphertext": b"x", "key_by_code": b"k" * 60, "key_by_session": b"s" * 60}
    with write(engine) as db:
        db.execute(insert(DRAFT).values(**old, expires_on=now().date()))
        db.execute(insert(SESSION).values(token_hmac=b"t" * 32, code_hmac=old["code_hmac"]))
    migrate.upgrade(engine)
    with read(engine) as db:
        [draft] = db.execute(select(DRAFT)).mappings()
        assert {**draft} == {**old, "key_by_code": NO_PHRASE, "expires_on": now().date()}
        assert len(list(db.execute(select(SESSION)))) == 1
    engine.dispose()


def test_codes_of_closed_waves_lose_their_unit_and_their_state(empty_url: str) -> None:
    engine = make_engine(empty_url)
    migrate.upgrade(engine, "0005")
    states = ("open", "closed", "retired")
    with write(engine) as db:
        db.exec_driver_sql(
            "INSERT INTO study (id, title, instrument, form, k, simulated) "
            "VALUES ('s', 'S', 'ppiq', 'a', 10, false)"
        )
        for number, state in enumerate(states, start=1):
            db.exec_driver_sql(
                "INSERT INTO wave (id, study, ordinal, form_hash, words_hashes, items_per_page, state) "
                f"VALUES ('s-{number}', 's', {number}, 'f', '{{}}', 5, '{state}')"
            )
            code = {"hmac": bytes([number]) * 32, "wave": f"s-{number}", "unit": "north", "state": "finished"}
            db.execute(insert(CODE).values(code))
    migrate.upgrade(engine)
    with read(engine) as db:
        kept = {row.wave: (row.unit, row.state) for row in db.execute(select(CODE))}
    assert kept == {"s-1": ("north", "finished"), "s-2": (None, None), "s-3": (None, None)}
    engine.dispose()


def test_a_wave_of_before_was_not_imported_and_an_imported_one_goes_down_and_up(empty_url: str) -> None:
    engine = make_engine(empty_url)
    migrate.upgrade(engine, "0008")
    with write(engine) as db:
        db.exec_driver_sql(
            "INSERT INTO study (id, title, instrument, form, k, simulated) "
            "VALUES ('s', 'S', 'ppiq', 'a', 10, false)"
        )
        db.exec_driver_sql(
            "INSERT INTO wave (id, study, ordinal, form_hash, words_hashes, items_per_page, state) "
            "VALUES ('s-1', 's', 1, 'f', '{}', 5, 'closed')"
        )
    migrate.upgrade(engine)
    with write(engine) as db:
        assert not db.exec_driver_sql("SELECT imported FROM wave").scalar()
        db.exec_driver_sql("UPDATE wave SET imported = true")
    migrate.downgrade(engine, "0008")
    migrate.upgrade(engine)
    with read(engine) as db:
        assert db.exec_driver_sql("SELECT id, state FROM wave").fetchall() == [("s-1", "closed")]
    engine.dispose()


def test_a_migration_killed_at_any_statement_can_be_run_again(empty_url: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    kills = 0
    for statement in range(1, 400, 17):
        command = [sys.executable, "-c", KILLED, empty_url, str(statement)]
        ended = subprocess.run(command, env=environment, capture_output=True, check=False)
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
        kills += 1
        engine = make_engine(empty_url)
        assert inspect(engine).get_table_names() == []
        engine.dispose()
    assert kills >= 5
    engine = make_engine(empty_url)
    assert migrate.current(engine) == migrate.head()
    engine.dispose()


def test_respondent_tables_hold_no_time_address_or_sequence_and_point_at_nothing() -> None:
    for model in RESPONDENT_TABLES:
        table = model.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table models
        dates = {
            column.name
            for column in table.columns
            if "DATE" in str(column.type) or "TIME" in str(column.type)
        }
        assert dates <= {"expires_on"}
        assert not table.foreign_keys
        assert table.dialect_options["sqlite"]["with_rowid"] is False
        assert not {"ip", "ua", "email", "name", "seq", "created_at"} & set(table.columns.keys())
    response = set(SQLModel.metadata.tables["response"].columns.keys())
    assert not {name for name in response if "code" in name or "token" in name or "draft" in name}
