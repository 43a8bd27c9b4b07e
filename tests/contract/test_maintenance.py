"""Due tasks: one process at a time, never blocking a respondent, and without a word about anybody."""

import io
import logging
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError

from app import studies
from app.closing import maintenance, mixing
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT, SESSION
from app.closing.snapshots import SNAPSHOT
from app.db import write
from app.errors import NotInstalled, Refused
from app.logs import ValueFree
from app.runtime import Service, now
from app.studies import waves
from app.survey.sending import send
from tests.conftest import SECRET
from tests.lib.respondents import answer, begin, kept, make_due, people, rows, sheet, state

WAVE = "demo-1"
pytestmark = pytest.mark.usefixtures("study")


def in_a_thread(service: Service) -> tuple[threading.Thread, list[object]]:
    """Run the due tasks in another thread; the list holds the result at the end."""
    ended: list[object] = []

    def run() -> None:
        try:
            ended.append(maintenance.run_due_tasks(service))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, ended


def test_a_send_in_flight_is_waited_for_and_kept(service: Service) -> None:
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, WAVE, "south", 1)
    filled = sheet(service, WAVE, Random(2))
    token = begin(service, code, filled)
    closes = now() + timedelta(seconds=5)
    with write(service.engine) as db:
        waves.announce_close(service, db, WAVE, closes)
    with write(service.engine) as db:
        receipt = send(service, db, filled, token=token)
        while now() < closes:
            time.sleep(0.05)
        thread, ended = in_a_thread(service)
        time.sleep(0.5)
        assert state(service, WAVE) == "open"
        assert not ended
    thread.join()
    assert ended == [maintenance.TasksDone((WAVE,), 0)]
    assert kept(service, WAVE) == {service.vault.receipt_hmac(receipt): filled.answers}


@pytest.mark.parametrize("url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_it_is_the_mixing_that_gives_way_and_never_a_respondent(service: Service) -> None:
    """A respondent of another wave holds `response` and then wants `code`, which mixing has already taken."""
    answers = people(service, WAVE, finished=3)
    make_due(service, WAVE)
    with write(service.engine) as db:
        db.execute(text("LOCK TABLE response IN ROW EXCLUSIVE MODE"))
        thread, ended = in_a_thread(service)
        while state(service, WAVE) != "closing":
            time.sleep(0.01)
        for _ in range(20):
            db.execute(text("LOCK TABLE code IN ROW EXCLUSIVE MODE"))
            time.sleep(0.1)
        assert not ended
    thread.join()
    assert ended == [maintenance.TasksDone((WAVE,), 0)]
    assert kept(service, WAVE) == answers


@pytest.mark.parametrize("url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_nothing_is_mixed_while_the_tables_cannot_be_locked(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixing, "TRIES", 2)
    with write(service.engine) as somebody, write(service.engine) as db:
        somebody.execute(text("LOCK TABLE response IN ROW EXCLUSIVE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            mixing.lock(db)
        db.rollback()


def test_people_of_another_wave_send_all_through_a_close(service: Service, study: str) -> None:
    answers = people(service, WAVE, finished=30)
    with write(service.engine) as db:
        other = waves.make_wave(service, db, study)
        waves.open_wave(service, db, other)
        codes = waves.issue_codes(service, db, other, "south", 60)
    chance = Random(4)
    sheets = {code: sheet(service, other, chance) for code in codes}
    make_due(service, WAVE)
    with ThreadPoolExecutor(2) as pool:
        sent = pool.map(lambda code: answer(service, code, sheets[code]), codes)
        assert maintenance.run_due_tasks(service).closed == (WAVE,)
        receipts = list(sent)
    theirs = {
        service.vault.receipt_hmac(receipt): sheets[code].answers
        for code, receipt in zip(codes, receipts, strict=True)
    }
    assert kept(service, other) == theirs
    assert kept(service, WAVE) == answers


def test_two_do_not_tend_at_once(service: Service) -> None:
    with maintenance.alone(service, 0):
        with pytest.raises(Refused, match="another process"):
            maintenance.run_due_tasks(service, patience=0)
        thread, ended = in_a_thread(service)
        time.sleep(0.3)
        assert not ended
    thread.join()
    assert ended == [maintenance.TasksDone((), 0)]


HOLDER = """
import sys, time
from app.closing import maintenance, mixing
from app.config import Settings
from app.runtime import make_service
settings = Settings(database_url=sys.argv[1], secret=bytes.fromhex(sys.argv[2]))
with maintenance.alone(make_service(settings), 0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_kill_lets_go_of_the_lock(service: Service, url: str) -> None:
    command = [sys.executable, "-c", HOLDER, url, SECRET.hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Refused, match="another process"):
            maintenance.run_due_tasks(service, patience=0)
        process.send_signal(signal.SIGKILL)
    assert maintenance.run_due_tasks(service, patience=5) == maintenance.TasksDone((), 0)


@pytest.mark.usefixtures("one_day")
def test_a_draft_expires_the_day_after_its_last_and_its_code_can_be_used_again(service: Service) -> None:
    people(service, WAVE, finished=1, unfinished=3)
    of_day = dict(zip([row.code_hmac for row in rows(service, DRAFT)], (-1, 0, 1), strict=True))
    with write(service.engine) as db:
        for hmac, days in of_day.items():
            day = now().date() + timedelta(days=days)
            db.execute(update(DRAFT).where(DRAFT.c.code_hmac == hmac).values(expires_on=day))
    assert maintenance.run_due_tasks(service).expired == 1
    [expired] = [hmac for hmac, days in of_day.items() if days < 0]
    assert {row.code_hmac for row in rows(service, DRAFT)} == of_day.keys() - {expired}
    assert {row.code_hmac for row in rows(service, SESSION)} == of_day.keys() - {expired}
    assert [row.state for row in rows(service, CODE, hmac=expired)] == ["issued"]
    assert Counter(row.state for row in rows(service, CODE)) == {"finished": 1, "started": 2, "issued": 1}
    assert maintenance.run_due_tasks(service).expired == 0


def test_while_it_serves_a_wave_closes_by_itself(service: Service) -> None:
    answers = people(service, WAVE, finished=3)
    with maintenance.Maintenance(service, every=0.05):
        assert state(service, WAVE) == "open"
        make_due(service, WAVE)
        wait_for(lambda: state(service, WAVE) == "closed")
    assert "maintenance" not in {thread.name for thread in threading.enumerate()}
    assert kept(service, WAVE) == answers


def test_a_failure_is_told_without_a_word_about_anybody_and_tried_again(service: Service) -> None:
    answers = people(service, WAVE, finished=3)
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.setFormatter(ValueFree())
    maintenance.log.addHandler(handler)
    with write(service.engine) as db:
        db.execute(text("ALTER TABLE submit_key RENAME TO mislaid"))
    make_due(service, WAVE)
    try:
        with maintenance.Maintenance(service, every=0.05):
            wait_for(lambda: told.getvalue().count("due tasks failed") >= 2)
            with write(service.engine) as db:
                db.execute(text("ALTER TABLE mislaid RENAME TO submit_key"))
            wait_for(lambda: state(service, WAVE) == "closed")
    finally:
        maintenance.log.removeHandler(handler)
    lines = told.getvalue().splitlines()
    line_begins = re.compile(r"\d{4}-\d\d-\d\d ERROR counterpoise\.maintenance 'due tasks failed' sqlstate=")
    assert all(map(line_begins.match, lines))
    assert not re.search(r"\d\d:\d\d", told.getvalue())
    assert not any(word in told.getvalue() for word in ("SELECT", "DELETE", "submit_key", "south", WAVE))
    assert kept(service, WAVE) == answers


def wait_for(it: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120  # generous: the machine may be busy
    while not it():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_retiring_takes_the_responses_of_that_wave_alone(service: Service, study: str) -> None:
    people(service, WAVE, finished=3)
    with write(service.engine) as db:
        other = waves.make_wave(service, db, study)
        waves.open_wave(service, db, other)
    theirs = people(service, other, finished=2)
    with pytest.raises(Refused, match="is open"):
        maintenance.retire(service, WAVE)
    make_due(service, WAVE)
    maintenance.run_due_tasks(service)
    published = rows(service, SNAPSHOT, wave=WAVE)
    assert len(published) == 1
    maintenance.retire(service, WAVE)
    assert state(service, WAVE) == "retired"
    assert rows(service, SNAPSHOT, wave=WAVE) == published
    assert rows(service, RESPONSE, wave=WAVE) == []
    assert kept(service, other) == theirs
    assert rows(service, CODE, wave=WAVE) == []
    assert len(rows(service, CODE, wave=other)) == 2
    with pytest.raises(Refused, match="is retired"):
        maintenance.retire(service, WAVE)


def test_one_wave_that_cannot_close_leaves_the_others_to_close(service: Service) -> None:
    answers = people(service, WAVE, finished=3)
    with write(service.engine) as db:
        studies.make_study(db, id="a-study", title="Another", simulated=True)
        studies.add_unit(db, "a-study", "south", "South")
        waves.open_wave(service, db, waves.make_wave(service, db, "a-study"))
    for wave in ("a-study-1", WAVE):
        make_due(service, wave)
    with write(service.engine) as db:
        db.execute(update(studies.STUDY).where(studies.STUDY.c.id == "a-study").values(instrument="gone"))
    with pytest.raises(NotInstalled, match="'gone' that is not installed"):
        maintenance.run_due_tasks(service)
    assert state(service, WAVE) == "closed"
    assert kept(service, WAVE) == answers
    assert state(service, "a-study-1") == "open"  # and takes nothing any more, since its end has come
    with write(service.engine) as db:
        db.execute(update(studies.STUDY).where(studies.STUDY.c.id == "a-study").values(instrument="ppiq"))
    assert maintenance.run_due_tasks(service).closed == ("a-study-1",)
    assert state(service, "a-study-1") == "closed"
