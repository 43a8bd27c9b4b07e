"""Closing a wave: nothing is lost, nothing that links stays, and a kill at any point is completed later."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import groupby
from random import Random
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Row, inspect

from app.closing import maintenance
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT, SESSION, SUBMIT_KEY
from app.closing.snapshots import SNAPSHOT
from app.db import is_sqlite, read, write
from app.runtime import Service, now
from app.studies import waves
from app.survey.sending import send
from app.tables import SQLModel
from tests.lib.killed_maintenance import maintenance_killed
from tests.lib.respondents import Answers, begin, kept, make_due, people, rows, sheet, state

WAVE = "demo-1"
Answered = dict[bytes, Answers]


@pytest.fixture
def answered(service: Service, study: str) -> Answered:
    """Twelve people have sent, four have drafts, two codes are unused."""
    with write(service.engine) as db:
        waves.issue_codes(service, db, f"{study}-1", "north", 2)
    return people(service, f"{study}-1", finished=12, unfinished=4)


def test_every_answer_is_there_after_the_close_under_another_id(service: Service, answered: Answered) -> None:
    before = rows(service, RESPONSE)
    make_due(service, WAVE)
    assert maintenance.run_due_tasks(service).closed == (WAVE,)
    after = rows(service, RESPONSE)
    assert state(service, WAVE) == "closed"
    assert kept(service, WAVE) == answered
    assert {row.id for row in before}.isdisjoint(row.id for row in after)
    assert {row.id.version for row in after} == {4}
    given = [name for name in RESPONSE.c.keys() if name not in ("id", "told", "archived")]  # noqa: SIM118
    assert sorted(as_given(row, given) for row in after) == sorted(as_given(row, given) for row in before)
    assert {row.archived for row in after} == {False}
    assert [row.told for row in after] == [{}] * len(after)  # no row of a study of reports leaves


def as_given(row: Row[Any], names: list[str]) -> str:
    return str([getattr(row, name) for name in names])


@pytest.mark.usefixtures("answered")
def test_what_was_under_way_is_gone_and_no_code_says_whether_it_was_used(service: Service) -> None:
    hmacs = {row.hmac for row in rows(service, CODE)}
    assert Counter(row.state for row in rows(service, CODE)) == {"finished": 12, "started": 4, "issued": 2}
    make_due(service, WAVE)
    maintenance.run_due_tasks(service)
    assert rows(service, DRAFT) == rows(service, SESSION) == rows(service, SUBMIT_KEY) == []
    assert {row.hmac for row in rows(service, CODE)} == hmacs
    assert {(row.wave, row.unit, row.state) for row in rows(service, CODE)} == {(WAVE, None, None)}


@pytest.mark.usefixtures("answered")
def test_people_of_another_wave_go_on_as_if_nothing_had_been(service: Service, study: str) -> None:
    with write(service.engine) as db:
        other = waves.make_wave(service, db, study)
        waves.open_wave(service, db, other)
        [code] = waves.issue_codes(service, db, other, "south", 1)
    theirs = people(service, other, finished=5, unfinished=3)
    filled = sheet(service, other, Random(1))
    token = begin(service, code, filled)
    ids = {row.id for row in rows(service, RESPONSE, wave=other)}
    codes = {tuple(row) for row in rows(service, CODE, wave=other)}
    make_due(service, WAVE)
    maintenance.run_due_tasks(service)
    assert state(service, other) == "open"
    assert kept(service, other) == theirs
    assert ids.isdisjoint(row.id for row in rows(service, RESPONSE, wave=other))
    assert {tuple(row) for row in rows(service, CODE, wave=other)} == codes
    assert len(rows(service, DRAFT)) == len(rows(service, SESSION)) == 4
    assert len(rows(service, SUBMIT_KEY)) == 5
    with write(service.engine) as db:
        receipt = send(service, db, filled, token=token)
    assert kept(service, other)[service.vault.receipt_hmac(receipt)] == filled.answers


@pytest.mark.usefixtures("answered")
def test_the_schema_is_that_of_the_models_afterwards_names_and_all(service: Service) -> None:
    before = schema(service)
    make_due(service, WAVE)
    maintenance.run_due_tasks(service)
    assert schema(service) == before
    with read(service.engine) as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def schema(service: Service) -> dict[str, Any]:
    """What the database itself says of its tables, with the names of keys and indexes."""
    inspector = inspect(service.engine)
    return {
        name: (
            [str(column) for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name),
            inspector.get_unique_constraints(name),
            inspector.get_indexes(name),
            inspector.get_table_options(name),
        )
        for name in sorted(inspector.get_table_names())
    }


@pytest.mark.usefixtures("answered")
def test_a_wave_closes_when_its_time_has_come_and_not_before(service: Service) -> None:
    assert maintenance.run_due_tasks(service).closed == ()
    with write(service.engine) as db:
        waves.announce_close(service, db, WAVE, now() + timedelta(hours=1))
        waves.pause_wave(service, db, WAVE)
    assert maintenance.run_due_tasks(service).closed == ()
    assert state(service, WAVE) == "paused"
    make_due(service, WAVE)
    assert maintenance.run_due_tasks(service).closed == (WAVE,)
    assert maintenance.run_due_tasks(service).closed == ()
    assert state(service, WAVE) == "closed"


def test_rows_beyond_one_batch_are_all_carried_over(
    service: Service, answered: Answered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.closing.mixing.BATCH", 5)
    make_due(service, WAVE)
    maintenance.run_due_tasks(service)
    assert kept(service, WAVE) == answered


@pytest.fixture
def tended_until(url: str) -> Iterator[Callable[[int], int]]:
    with maintenance_killed(url) as tended:
        yield tended


def test_a_close_killed_at_any_statement_is_made_good_by_the_next(
    service: Service, answered: Answered, tended_until: Callable[[int], int]
) -> None:
    make_due(service, WAVE)
    codes = {row.hmac for row in rows(service, CODE)}
    states = [state(service, WAVE)]
    step = 4 if is_sqlite(service.engine) else 7  # `make fault` kills it at each
    for number in range(0, 400, step):
        ended = tended_until(number)
        states.append(state(service, WAVE))
        assert kept(service, WAVE) == answered
        assert {row.hmac for row in rows(service, CODE)} == codes
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    assert len(states) > 25 / step
    assert [each for each, _ in groupby(states)] == ["open", "closing", "closed"]
    assert rows(service, DRAFT) == rows(service, SESSION) == rows(service, SUBMIT_KEY) == []
    assert len(rows(service, SNAPSHOT, wave=WAVE)) == 1
    assert set(inspect(service.engine).get_table_names()) == {*SQLModel.metadata.tables, "alembic_version"}
