"""A backup is whole or refused, and what had ended since it was made stays ended when it is put back."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import IO, Any, NoReturn
from uuid import uuid4

import pytest
from pyrage import decrypt, encrypt
from pyrage.x25519 import Identity
from sqlalchemy import delete, insert, make_url, select, text, update
from sqlmodel import AutoString
from starlette.testclient import TestClient
from typer.testing import CliRunner

from app import migrate
from app.audit import AUDIT, audit, events, verify
from app.cli import app as cli
from app.cli.console import cleared_when_stopped
from app.closing import deleting, maintenance
from app.closing.deleting import IN_A_BACKUP, delete_study, delete_trail
from app.closing.digests import DIGEST
from app.closing.erasure import erase
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT
from app.closing.snapshots import SNAPSHOT
from app.closing.write_ahead_log import renew
from app.config import Settings, read_secrets
from app.db import is_sqlite, make_engine, outside, read, write
from app.ended import ledger
from app.errors import ConfigurationError, NotNoted, Refused
from app.evidence import registry
from app.evidence.standing import CONFIRMED, EVIDENCE
from app.main import create_app
from app.operations import backup
from app.operations.backup import new_key, read_keys, why_it_failed, write_backup
from app.operations.doctor import examine
from app.operations.restore import read_through, restore
from app.operations.rotation import prepare, rotate
from app.operations.serve import serve_forever
from app.operations.whole import check_whole, serving_marked
from app.runtime import RESTORING, Service, check_secret, make_service, now
from app.staff import accounts, authorise
from app.staff.passwords import is_password
from app.staff.sessions import change_password, let_in, set_up
from app.staff.signed import Signed
from app.staff.throttle import Failures
from app.studies import waves
from app.studies.linking.elements import ELEMENTS, offered
from app.studies.linking.pairs import FEWEST_CODES, KEY
from app.studies.paired_waves import pair_waves
from app.studies.release import ask_release, confirm_release
from app.studies.study import STUDY, make_study
from app.survey.sending import send
from app.tables import RESPONDENT_TABLES, SQLModel, table
from tests.conftest import SECRET
from tests.lib.cohorts import another_study, close, take_part
from tests.lib.postgres_server import Postgres, running_postgres
from tests.lib.respondents import answer, begin, kept, make_due, people, rows, sheet, state
from tests.lib.staff_accounts import EVERYWHERE, PASSWORD, ready
from tests.privacy.organisations import of_one_mind

WAVE = "demo-1"
ROOT = Path(__file__).parents[2]
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize(
    "url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


PASSING = (ledger.LINEAGE, IN_A_BACKUP)
"""Settings that a backup or a restore changes."""


@dataclass
class Keeping:
    """A service that keeps a ledger, its backups, and places to put them back."""

    service: Service
    keys: list[Identity]
    folder: Path
    cluster: Postgres | None
    _made: int = 0

    def backup(self) -> Path:
        self._made += 1
        write_backup(self.service, out := self.folder / f"{self._made}.age")
        return out

    def place(self) -> Settings:
        """The settings of an empty place."""
        self._made += 1
        if self.cluster is None:
            (where := self.folder / f"place-{self._made}").mkdir()
            return replace(self.service.settings, database_url=f"sqlite:///{where}/counterpoise.sqlite")
        return replace(self.service.settings, database_url=self.cluster.create())

    @contextmanager
    def put_back(self, file: Path, **how: bool) -> Iterator[tuple[Service, str]]:
        settings = self.place()
        told = restore(settings, file, self.keys, **how)
        service = make_service(settings)
        try:
            check_secret(service)
            check_whole(service)
            yield service, "\n".join(told)
        finally:
            service.engine.dispose()


@pytest.fixture
def keeping(service: Service, tmp_path: Path, request: pytest.FixtureRequest) -> Keeping:
    key, settings = Identity.generate(), service.settings
    (elsewhere := tmp_path / "elsewhere").mkdir()
    settings = replace(settings, ledger=elsewhere / "ledger", backup_key=str(key.to_public()))
    service = replace(service, settings=settings)
    ledger.begin(service)
    cluster = None if is_sqlite(service.engine) else request.getfixturevalue("postgres")
    return Keeping(service, [key], tmp_path, cluster)


def contents(service: Service) -> dict[str, list[str]]:
    """Every row of every table, without the names that a database has in ledgers."""
    with read(service.engine) as db:
        return {
            name: sorted(str(row) for row in db.execute(select(each)) if row[0] not in PASSING)
            for name, each in SQLModel.metadata.tables.items()
            if name not in ("audit", "staff_session")
        }


def some_codes(service: Service, wave: str = WAVE, count: int = 12) -> list[str]:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, wave, "south", count)


@pytest.mark.usefixtures("study")
def test_what_is_put_back_is_what_was_there_while_people_answer(keeping: Keeping) -> None:
    service = keeping.service
    people(service, WAVE, finished=12, unfinished=3)
    with write(service.engine) as db:
        other = waves.make_wave(service, db, "demo")
        waves.open_wave(service, db, other)
    close(service, WAVE)
    codes, stop, sent = some_codes(service, other, 200), threading.Event(), []
    before = contents(service)

    def go_on() -> None:
        for n, code in enumerate(codes):
            if stop.is_set():
                return
            sent.append(answer(service, code, sheet(service, other, Random(n))))

    answering = threading.Thread(target=go_on)
    answering.start()
    try:
        file = keeping.backup()
    finally:
        stop.set()
        answering.join()
    assert sent
    with keeping.put_back(file) as (restored, told):
        assert "DAMAGED" not in told
        after = contents(restored)
        for name in before:
            if name not in {table(each).name for each in RESPONDENT_TABLES} | {"submit_key"}:
                assert after[name] == before[name], name
        assert rows(restored, RESPONSE, wave=WAVE) == rows(service, RESPONSE, wave=WAVE)
        assert len(rows(restored, RESPONSE, wave=other)) == len(
            [row for row in rows(restored, CODE, wave=other) if row.state == waves.FINISHED]
        )
        wrong = {each.name for each in examine(restored) if not each.ok}
        assert wrong <= {"cookies", "address", "proxy", "fsync"}


@on_sqlite
@pytest.mark.usefixtures("study")
def test_nothing_of_the_copy_stays_and_the_backup_is_for_its_owner_alone(keeping: Keeping) -> None:
    people(keeping.service, WAVE, finished=3)
    file = keeping.backup()
    assert file.stat().st_mode & 0o777 == 0o600
    path = Path(str(make_url(keeping.service.settings.database_url).database))
    assert not [each.name for each in path.parent.iterdir() if "backup" in each.name or "part" in each.name]
    assert b"SQLite format" not in file.read_bytes()
    with pytest.raises(Refused, match="is there already"):
        write_backup(keeping.service, file)


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_copy_that_was_left_goes_with_the_next_task_and_one_in_use_stays(keeping: Keeping) -> None:
    service = keeping.service
    path = Path(str(make_url(service.settings.database_url).database))
    left = [path.with_name(f"{path.name}{each}") for each in ("-backup", "-restoring", "-restoring-wal")]

    def leave() -> list[int]:
        """Names on the disk, which stay to be read when the copies are deleted."""
        for each in left:
            each.write_bytes(b"what was erased later")
        return [os.open(each, os.O_RDONLY) for each in left]

    def is_gone(opened: list[int]) -> bool:
        return not [each for each in left if each.exists()] and {os.read(each, 9) for each in opened} == {b""}

    def restore_again() -> None:
        restore(service.settings, keeping.folder / "1.age", keeping.keys, verifying=True)

    def start() -> None:
        with serving_marked(service):
            pass

    keeping.backup()
    for end in (lambda: maintenance.run_due_tasks(service), start):
        opened = leave()
        end()
        assert is_gone(opened)
    opened = leave()
    with left[0].open("rb") as one, left[1].open("rb") as other:
        fcntl.flock(one, fcntl.LOCK_EX)
        fcntl.flock(other, fcntl.LOCK_EX)
        maintenance.run_due_tasks(service)
        assert all(each.exists() for each in left)
        with pytest.raises(Refused, match="another backup"):
            keeping.backup()
        with pytest.raises(Refused, match="another restore"):
            restore_again()
    keeping.backup()
    restore_again()
    assert is_gone(opened)


@pytest.mark.usefixtures("study")
def test_what_was_erased_since_is_erased_again_and_what_was_sent_and_erased_leaves_no_draft(
    keeping: Keeping,
) -> None:
    service = keeping.service
    first, second, third, fourth = some_codes(service, count=4)
    stays = answer(service, first, sheet(service, WAVE, Random(1)))
    goes = answer(service, second, sheet(service, WAVE, Random(2)))
    filled = sheet(service, WAVE, Random(3))
    token = begin(service, third, filled)
    begin(service, fourth, sheet(service, WAVE, Random(4)))
    file = keeping.backup()
    with write(service.engine) as db:
        assert erase(service, db, goes)
    with keeping.put_back(file) as (restored, told):
        assert "erased again: 1" in told
        assert set(kept(restored, WAVE)) == {service.vault.receipt_hmac(stays)}
        assert len(rows(restored, DRAFT)) == 2
        again = write_backup(restored, keeping.folder / "after.age")
        assert again.entries == 1
    with write(service.engine) as db:
        receipt = send(service, db, filled, token=token)
    with write(service.engine) as db:
        assert erase(service, db, receipt)
    with keeping.put_back(file) as (restored, told):
        assert "deleted: 2 drafts" in told
        assert rows(restored, DRAFT) == []
        assert {row.state for row in rows(restored, CODE)} == {"issued", "finished"}
    later = keeping.backup()
    with keeping.put_back(later) as (restored, told):
        assert "erased again" not in told
        assert len(rows(restored, DRAFT)) == 1


@pytest.mark.usefixtures("study")
def test_a_wave_that_has_given_out_comes_back_whole_or_retired_and_never_anew(keeping: Keeping) -> None:
    service = keeping.service
    take_part(service, WAVE, "north", of_one_mind(4, 2))  # too few: held out, for a later wave to use
    take_part(service, WAVE, "south", of_one_mind(12, 2))
    close(service, WAVE)
    with write(service.engine) as db:
        second = waves.make_wave(service, db, "demo")
        waves.open_wave(service, db, second)
    take_part(service, second, "north", of_one_mind(7, 3))
    open_still = keeping.backup()
    close(service, second)
    published = rows(service, SNAPSHOT, wave=second)
    closed = keeping.backup()
    with keeping.put_back(open_still) as (restored, told):
        assert f"retired: {second}" in told
        assert "deleted: 4 sheets of earlier waves of demo" in told
        assert state(restored, second) == "retired"
        assert rows(restored, RESPONSE, wave=second) == rows(restored, SNAPSHOT, wave=second) == []
        assert {row.unit for row in rows(restored, RESPONSE, wave=WAVE)} == {"south"}
        assert rows(restored, CODE, wave=second) == []
        with pytest.raises(Refused, match="is retired"):
            close(restored, second)
        with write(restored.engine) as db:
            assert waves.make_wave(restored, db, "demo") == "demo-3"
        assert not [each for each in examine(restored) if each.name == "answers" and not each.ok]
        staff = replace(restored, settings=replace(restored.settings, demo=True))
        with TestClient(create_app(staff.settings, staff), base_url="http://127.0.0.1") as client:
            assert second not in (reports := client.get("/report")).text
            shown = [client.get(each) for each in ("/host/studies/demo", f"/host/waves/{second}", "/export")]
            assert [each.status_code for each in (reports, *shown)] == [200] * 4
            assert client.get(f"/report/waves/{second}").status_code == 404
    with keeping.put_back(closed) as (restored, told):
        assert "retired" not in told
        assert rows(restored, SNAPSHOT, wave=second) == published
    maintenance.retire(service, WAVE)
    with keeping.put_back(closed) as (restored, told):
        assert f"retired again: {WAVE}" in told
        assert (state(restored, WAVE), rows(restored, RESPONSE, wave=WAVE)) == ("retired", [])
        assert rows(restored, DIGEST, wave=WAVE) == []
        assert len(rows(restored, SNAPSHOT, wave=WAVE)) == 1


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_wave_of_the_same_name_made_after_a_restore_is_another(keeping: Keeping) -> None:
    service = keeping.service
    file = keeping.backup()
    close(service, next_wave(service))
    with keeping.put_back(file) as (restored, _):
        assert next_wave(restored) == "demo-2"
        write_backup(restored, keeping.folder / "second.age")
    of_another = ledger.Entry("closed", "demo-2", "another service", "another service")
    ledger.append(service.settings.ledger, ledger.sealed(of_another, service.settings.backup_key))
    with keeping.put_back(keeping.folder / "second.age") as (restored, told):
        assert "retired" not in told
        assert state(restored, "demo-2") == "open"


@on_sqlite
@pytest.mark.usefixtures("study")
def test_what_one_person_asked_and_took_back_cannot_be_confirmed_after_a_restore(keeping: Keeping) -> None:
    service = keeping.service
    take_part(service, WAVE, "south", of_one_mind(12, 2))
    close(service, WAVE)
    another_study(service, "opened", simulated=True)
    with write(service.engine) as db:
        maintenance.ask_early(service, db, WAVE, "ada")
        make_study(db, id="apart", title="Apart", simulated=True)
        said = {"kind": "research", "release_asked_by": "ada", "release_confirmed_by": "ben"}
        db.execute(update(STUDY).where(STUDY.c.id.in_(("apart", "opened"))).values(said))
    file = keeping.backup()
    with write(service.engine) as db:
        maintenance.keep_after_all(service, db, WAVE)
        ask_release(service, db, "apart", "another approval", "ada")
    with keeping.put_back(file) as (restored, told):
        assert f"not asked any more: that the answers of {WAVE} be deleted before their day" in told
        with pytest.raises(Refused, match="nobody has asked for it"):
            maintenance.retire_early(restored, WAVE, "ben")
        assert len(rows(restored, RESPONSE, wave=WAVE)) == 12
        assert "the ethics approval of apart, which" in told
        assert {row.id: row.release_confirmed_by for row in rows(restored, STUDY)} == {
            "demo": None,
            "apart": None,
            "opened": "ben",
        }
        with write(restored.engine) as db, pytest.raises(Refused, match="nobody has said"):
            confirm_release(restored, db, "apart", "ben")


@on_sqlite
@pytest.mark.usefixtures("study")
def test_codes_that_were_cancelled_since_stay_so(keeping: Keeping) -> None:
    service = keeping.service
    some_codes(service, count=3)
    begun, *_ = some_codes(service, count=4)
    begin(service, begun, sheet(service, WAVE, Random(1)))
    file = keeping.backup()
    with read(service.engine) as db:
        [of_four] = [each.id for each in waves.batches(db, WAVE) if each.codes == 4]
    with write(service.engine) as db:
        waves.cancel_codes(service, db, WAVE, of_four)
    left = {(row.hmac, row.state) for row in rows(service, CODE)}
    assert sorted(state for _, state in left) == ["issued"] * 3 + ["started"]
    with keeping.put_back(file) as (restored, told):
        assert "cancelled again: 1 batches of codes" in told
        assert {(row.hmac, row.state) for row in rows(restored, CODE)} == left
        with read(restored.engine) as db:
            assert {each.cancelled for each in waves.batches(db, WAVE) if each.codes == 4} == {True}


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_cancelled_code_is_not_issued_again_when_its_draft_goes(keeping: Keeping) -> None:
    service = keeping.service
    of_batch = [some_codes(service, count=count)[0] for count in (2, 3, 4)]
    for n, code in enumerate(of_batch[:2]):
        begin(service, code, sheet(service, WAVE, Random(n)))
    with read(service.engine) as db:
        batch = {each.codes: each.id for each in waves.batches(db, WAVE)}
    with write(service.engine) as db:
        waves.cancel_codes(service, db, WAVE, batch[2])
    file = keeping.backup()
    with write(service.engine) as db:
        waves.cancel_codes(service, db, WAVE, batch[3])
    erase_of(service, of_batch[2])
    with keeping.put_back(file) as (restored, told):
        assert "deleted: 2 drafts" in told
        assert {(row.batch, row.state) for row in rows(restored, CODE)} == {(batch[4], "issued")}
    with write(service.engine) as db:
        db.execute(update(DRAFT).values(expires_on=now().date() - timedelta(days=1)))
    assert maintenance.expire_drafts(service) == 2
    assert {row.batch for row in rows(service, CODE)} == {batch[4]}


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_trail_that_is_not_what_was_written_is_kept_whole(service: Service) -> None:
    with write(service.engine) as db:
        for action in ("one", "two"):
            audit(service.vault, db, {"action": action})
        db.execute(update(AUDIT).values(event={"action": "another"}))
    with pytest.MonkeyPatch.context() as clock, write(service.engine) as db:
        clock.setattr(deleting, "now", lambda: now() + timedelta(days=400))
        with pytest.raises(Refused, match="line 1 of the trail is not what was written"):
            delete_trail(service, db, (now() + timedelta(days=1)).date())


@on_sqlite
@pytest.mark.usefixtures("study")
def test_no_backup_is_made_without_the_ledger_that_the_database_keeps(keeping: Keeping) -> None:
    unnamed = replace(keeping.service, settings=replace(keeping.service.settings, ledger=None))
    with pytest.raises(NotNoted, match="set COUNTERPOISE_LEDGER"):
        write_backup(unnamed, keeping.folder / "unnamed.age")


@contextmanager
def rotated(keeping: Keeping) -> Iterator[Service]:
    """The service under another secret."""
    prepare(keeping.service, new := keeping.folder / "new")
    rotate(keeping.service, new)
    secret, *earlier = read_secrets(new.read_text(), "new")
    after = make_service(replace(keeping.service.settings, secret=secret, earlier=tuple(earlier)))
    try:
        yield after
    finally:
        after.engine.dispose()


@on_sqlite
@pytest.mark.usefixtures("study")
def test_what_was_erased_after_a_rotation_is_erased_again_in_a_backup_from_before(keeping: Keeping) -> None:
    service = keeping.service
    receipt = answer(service, some_codes(service)[0], sheet(service, WAVE, Random(1)))
    close(service, WAVE)
    file = keeping.backup()
    with rotated(keeping) as after:
        secret, earlier = after.settings.secret, after.settings.earlier
        with write(after.engine) as db:
            assert erase(after, db, receipt)
    with keeping.put_back(file) as (restored, told):  # by the secret that was used then
        assert "erased again: 1" in told
        assert kept(restored, WAVE) == {}
    place = replace(keeping.place(), secret=secret, earlier=earlier)
    told = restore(place, file, keeping.keys)  # by the file of now, whose second line is that secret
    assert "UNDER AN EARLIER SECRET" in told[0]
    restored = make_service(replace(place, secret=earlier[0], earlier=()))
    check_secret(restored)
    with read(restored.engine) as db:
        assert verify(restored.vault, db).broken_at is None
    assert kept(restored, WAVE) == {}
    restored.engine.dispose()


@pytest.mark.usefixtures("study")
def test_who_signs_in_no_more_after_a_rotation_does_not_by_a_backup_from_before(keeping: Keeping) -> None:
    service = keeping.service
    close(service, WAVE)
    with write(service.engine) as db:
        for name in ("ada", "ben", "cleo", "dora", "eve"):
            accounts.make_account(service, db, name)
        linked = accounts.the_account(db, "dora").id
        db.execute(insert(accounts.IDENTITY).values(hmac=b"of the institution", account=linked))
        token = authorise.make_token(service, db, "trainer", "demo")
    file = keeping.backup()
    with rotated(keeping) as after, write(after.engine) as db:
        accounts.renew_account(after, db, "ada")
        set_up(after, db, accounts.the_account(db, "ben"), "another password, hashed", 1)
        accounts.stop_account(after, db, "eve")
    with keeping.put_back(file) as (restored, told), read(restored.engine) as db:
        found = {each.name: (each.active, each.linked) for each in accounts.accounts(db)}
        assert found == {
            **dict.fromkeys(("ada", "ben", "eve"), (False, False)),
            **dict.fromkeys(("cleo", "dora"), (True, False)),
        }
        assert authorise.token_grant(db, token) is None
        assert "ended again: the link of dora" in told


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_change_that_was_cut_off_ends_nothing_by_a_backup_from_after_it(keeping: Keeping) -> None:
    """Of staff: written down, as by a rotation, a change of password or a stop, and then not done."""
    service = keeping.service
    with write(service.engine) as db:
        accounts.make_account(service, db, "dora")
        linked = accounts.the_account(db, "dora").id
        db.execute(insert(accounts.IDENTITY).values(hmac=b"of the institution", account=linked))
        token = authorise.make_token(service, db, "trainer", "demo")
        for each in db.execute(select(authorise.TOKEN.c.hash)).scalars():
            ledger.note(service, db, "token", each.encode())
        ledger.note(service, db, "link", b"of the institution")
        dora = accounts.the_account(db, "dora")
        ledger.note(service, db, "account", accounts.account_key(service, dora))
        ledger.note(service, db, "first sign-in", accounts.account_key(service, dora))
        ledger.note(service, db, "password", accounts.password_key(dora))
    file = keeping.backup()
    with keeping.put_back(file) as (restored, _), read(restored.engine) as db:
        assert authorise.token_grant(db, token) is not None
        assert [(each.active, each.linked) for each in accounts.accounts(db)] == [(True, True)]


@on_sqlite
def test_an_account_that_an_earlier_version_wrote_down_stays_stopped(keeping: Keeping) -> None:
    service = keeping.service
    with write(service.engine) as db:
        for name in ("ada", "ben"):
            accounts.make_account(service, db, name)
    file = keeping.backup()
    with write(service.engine) as db:
        ledger.note(service, db, "account", accounts.the_account(db, "ada").totp)
        ledger.note(service, db, "first sign-in", accounts.the_account(db, "ben").totp)
    with keeping.put_back(file) as (restored, _), read(restored.engine) as db:
        assert {each.active for each in accounts.accounts(db)} == {False}


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_study_that_was_deleted_stays_so_and_another_of_its_name_is_left_alone(keeping: Keeping) -> None:
    service = keeping.service
    with write(service.engine) as db:
        audit(service.vault, db, {"action": "before the backup"})
    take_part(service, WAVE, "south", of_one_mind(12, 2))
    begin(service, some_codes(service)[0], sheet(service, WAVE, Random(1)))
    still_open = keeping.backup()
    close(service, WAVE)
    old = keeping.backup()
    maintenance.retire(service, WAVE)
    with write(service.engine) as db:
        delete_study(service, db, "demo")
        with pytest.MonkeyPatch.context() as clock:
            clock.setattr(deleting, "now", lambda: now() + timedelta(days=400))
            assert delete_trail(service, db, (now() + timedelta(days=1)).date()) > 1
    of_study = ("study", "unit", "wave", "snapshot", "code", "code_batch", "response", "digest")
    of_people = ("draft", "session", "submit_key", "special_answer")
    for file in (still_open, old):
        with keeping.put_back(file) as (restored, told):
            assert "deleted again: the study demo" in told
            assert "deleted again: the trail up to line" in told
            left = contents(restored)
            assert {name: left[name] for name in (*of_study, *of_people) if left[name]} == {}
            with read(restored.engine) as db:
                assert [each.event["action"] for each in events(db)] == ["backup restored"]
                assert verify(restored.vault, db).broken_at is None
    plain = decrypt(old.read_bytes(), keeping.keys)
    (unnamed := keeping.folder / "unnamed.age").write_bytes(
        encrypt(
            plain.replace(f'"{ledger.name_of(service.settings.ledger)}"'.encode(), b"null", 1),
            [keeping.keys[0].to_public()],
        )
    )
    with keeping.put_back(unnamed) as (_, told):  # of a database with a ledger, made without naming it
        assert "a study demo was deleted, and this ledger cannot tell" in told
    anew = another_study(service, "demo", simulated=True)
    take_part(service, anew, "only", of_one_mind(12, 3))
    file = keeping.backup()
    with keeping.put_back(file) as (restored, told):
        assert "demo" not in told
        assert kept(restored, anew) == kept(service, anew)
    damaged = service.settings.ledger
    assert damaged is not None
    damaged.write_bytes(damaged.read_bytes() + b"damaged\n")
    with keeping.put_back(file, incomplete=True) as (restored, told):
        assert "a study demo was deleted, and this ledger cannot tell" in told
        assert len(rows(restored, STUDY)) == 1


@pytest.mark.usefixtures("study")
def test_what_is_being_deleted_while_a_backup_begins_stays_deleted(keeping: Keeping) -> None:
    """It is in the ledger before it is committed: a backup that counts it and reads the rows has both."""
    service = keeping.service
    with write(service.engine) as db:
        audit(service.vault, db, {"action": "before the backup"})
    take_part(service, WAVE, "south", of_one_mind(12, 2))
    close(service, WAVE)
    maintenance.retire(service, WAVE)
    made: list[Path] = []
    beginning = threading.Thread(target=lambda: made.append(keeping.backup()))
    with write(service.engine) as db, pytest.MonkeyPatch.context() as clock:
        delete_study(service, db, "demo")
        clock.setattr(deleting, "now", lambda: now() + timedelta(days=400))
        deleted = delete_trail(service, db, (now() + timedelta(days=1)).date())
        beginning.start()
        beginning.join(2)  # long enough for a backup that does not wait
    beginning.join()
    assert deleted > 1
    with keeping.put_back(*made) as (restored, _), read(restored.engine) as db:
        assert contents(restored)["study"] == []
        assert "before the backup" not in [each.event["action"] for each in events(db)]


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_backup_during_which_the_schema_changed_is_given_up(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = backup._copied

    def while_it_is_migrated(service: Service) -> AbstractContextManager[IO[bytes]]:
        migrate.downgrade(service.engine, "0007")
        return copied(service)

    monkeypatch.setattr(backup, "_copied", while_it_is_migrated)
    with pytest.raises(Refused, match="the schema was changed meanwhile"):
        keeping.backup()
    assert not list(keeping.folder.glob("*.age"))


@on_sqlite
def test_evidence_that_was_withdrawn_since_stays_so(keeping: Keeping) -> None:
    service = keeping.service
    ready(service, "ada", operator=EVERYWHERE)
    texts = {each.name: each.name for each in EVIDENCE.c if isinstance(each.type, AutoString)}
    others = {"id": uuid4(), "n": 300, "figures": {}, "added_at": now(), "seal": "e" * 64}
    with write(service.engine) as db:
        db.execute(insert(EVIDENCE).values({**texts, **others, "state": CONFIRMED}))
    file = keeping.backup()
    with write(service.engine) as db:
        registry.withdraw(service, db, "e" * 16, Signed(name="ada", password=PASSWORD), "It was made up.")
    with keeping.put_back(file) as (restored, told):
        assert "withdrawn again: the evidence eeeeeeee" in told
        assert [row.state for row in rows(restored, EVIDENCE)] == ["withdrawn"]


@on_sqlite
@pytest.mark.usefixtures("study")
def test_what_a_wave_that_is_lost_may_have_used_is_used_by_no_other(keeping: Keeping) -> None:
    service = keeping.service
    take_part(service, WAVE, "north", of_one_mind(4, 2))  # too few: held out, for a later wave to use
    take_part(service, WAVE, "south", of_one_mind(12, 2))
    close(service, WAVE)
    file = keeping.backup()
    lost = next_wave(service)
    take_part(service, lost, "north", of_one_mind(7, 3))
    close(service, lost)
    with keeping.put_back(file) as (restored, told):
        assert f"lost: {lost}" in told
        assert (
            f"deleted: 4 sheets of earlier waves of demo, which no report had used yet and that of {lost}"
            in told
        )
        assert {row.unit for row in rows(restored, RESPONSE, wave=WAVE)} == {"south"}
        assert not [each for each in examine(restored) if each.name == "answers" and not each.ok]
        assert next_wave(restored) == lost
        take_part(restored, lost, "north", of_one_mind(12, 3))
        close(restored, lost)
        [snapshot] = rows(restored, SNAPSHOT, wave=lost)
        assert snapshot.base_table["used"] == [[lost, "north"]]


@on_sqlite
@pytest.mark.parametrize("leaving", ["rows"])
@pytest.mark.usefixtures("study")
def test_a_pair_whose_later_wave_is_lost_links_nobody_again(keeping: Keeping) -> None:
    service = keeping.service
    with write(service.engine) as db:
        earlier = waves.make_wave(service, db, "demo")
        pair_waves(service, db, earlier, "demo-3")
        waves.issue_codes(service, db, earlier, "south", FEWEST_CODES)
        waves.open_wave(service, db, earlier)
    recognised = {each: offered(element, "en")[0] for each, element in ELEMENTS.items()}
    take_part(service, earlier, "south", [{**each, **recognised} for each in of_one_mind(12, 2)])
    close(service, earlier)
    file = keeping.backup()
    with keeping.put_back(file) as (restored, told):
        assert "ended: the pair" not in told
        assert len(rows(restored, KEY)) == 1
        assert all(row.elements for row in rows(restored, RESPONSE))
    with write(service.engine) as db:
        lost = waves.make_wave(service, db, "demo")
        waves.issue_codes(service, db, lost, "south", FEWEST_CODES)
        waves.open_wave(service, db, lost)
    close(service, lost)
    with keeping.put_back(file) as (restored, told):
        assert f"ended: the pair of {lost}" in told
        assert "deleted" not in told
        assert rows(restored, KEY) == []
        assert [row.elements for row in rows(restored, RESPONSE)] == [None] * 12


def next_wave(service: Service) -> str:
    with write(service.engine) as db:
        waves.open_wave(service, db, made := waves.make_wave(service, db, "demo"))
    return made


@pytest.mark.usefixtures("study")
def test_tokens_accounts_and_roles_that_ended_stay_ended(keeping: Keeping) -> None:
    service = keeping.service
    with write(service.engine) as db:
        for name in ("ada", "ben", "cleo", "dora", "eve", "fay", "gus"):
            accounts.make_account(service, db, name)
            accounts.give(service, db, name, "trainer", "demo", of=["north", "south"])
        accounts.withdraw(service, db, "fay", "trainer", "demo")
        accounts.give(service, db, "gus", "trainer", "demo", of=["north"])
        for name in ("fay", "gus"):
            accounts.give(service, db, name, "trainer", "demo", of=["north", "south"])
        token = authorise.make_token(service, db, "trainer", "demo")
    file = keeping.backup()
    with write(service.engine) as db:
        authorise.end_tokens(service, db, "trainer", "demo")
        since = authorise.make_token(service, db, "trainer", "demo")
        accounts.stop_account(service, db, "ada")
        accounts.renew_account(service, db, "ben")
        accounts.withdraw(service, db, "cleo", "trainer", "demo")
        accounts.give(service, db, "dora", "trainer", "demo", of=["north"])
        accounts.give(service, db, "eve", "trainer", "demo", of=["south", "north"])
    later = keeping.backup()
    with keeping.put_back(file) as (restored, told), read(restored.engine) as db:
        assert authorise.token_grant(db, token) is None
        assert {each.name: each.active for each in accounts.accounts(db)} == {
            **dict.fromkeys(("ada", "ben"), False),
            **dict.fromkeys(("cleo", "dora", "eve", "fay", "gus"), True),
        }
        for name, held in {"cleo": 0, "dora": 0, "eve": 1, "fay": 1, "gus": 1}.items():
            assert len(accounts.grants(db, accounts.the_account(db, name).id)) == held, name
        assert "cleo is no trainer of demo" in told
        assert "account renew ben" in told
    with keeping.put_back(later) as (restored, told), read(restored.engine) as db:
        assert authorise.token_grant(db, since) is not None
        assert accounts.the_account(db, "ben").active
        assert "stopped" not in told
    with write(service.engine) as db:
        accounts.withdraw(service, db, "fay", "trainer", "demo")
    with keeping.put_back(file) as (_, told):
        assert "fay is no trainer of demo" in told


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_changed_byte_another_key_and_another_secret_are_refused(keeping: Keeping, tmp_path: Path) -> None:
    whole = keeping.backup()
    damaged, chance, content = tmp_path / "damaged.age", Random(1), whole.read_bytes()
    places = [0, 30, len(content) - 1, *(chance.randrange(len(content)) for _ in range(12))]
    for place in places:
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(Refused, match="not as it was written"):
            restore(keeping.place(), damaged, keeping.keys)
    damaged.write_bytes(content[: len(content) // 2])
    settings = keeping.place()
    with pytest.raises(Refused, match="not as it was written"):
        restore(settings, damaged, keeping.keys)
    with pytest.raises(Refused, match="another key"):
        restore(settings, whole, [Identity.generate()])
    with pytest.raises(Refused, match="this secret is not the one"):
        restore(replace(settings, secret=bytes(32)), whole, keeping.keys)
    assert list(Path(str(make_url(settings.database_url).database)).parent.iterdir()) == []


@pytest.mark.usefixtures("study")
def test_a_place_that_is_not_empty_and_an_older_schema_are_refused(keeping: Keeping) -> None:
    file = keeping.backup()
    settings = keeping.place()
    restore(settings, file, keeping.keys)
    with pytest.raises(Refused, match=r"is there already|is not empty"):
        restore(settings, file, keeping.keys)
    migrate.downgrade(keeping.service.engine, "0007")
    write_backup(keeping.service, older := keeping.folder / "older.age")
    with pytest.raises(Refused, match="add --migrate"):
        restore(keeping.place(), older, keeping.keys)
    with keeping.put_back(older, migrating=True) as (restored, _):
        assert migrate.current(restored.engine) == migrate.head()
        assert state(restored, WAVE) == "open"


@pytest.mark.usefixtures("study")
def test_to_verify_says_what_would_be_and_restores_nothing(keeping: Keeping) -> None:
    [code] = some_codes(keeping.service, count=1)
    receipt = answer(keeping.service, code, sheet(keeping.service, WAVE, Random(1)))
    file = keeping.backup()
    with write(keeping.service.engine) as db:
        erase(keeping.service, db, receipt)
    settings = keeping.place()
    told = "\n".join(restore(settings, file, keeping.keys, verifying=True))
    assert "erased again: 1" in told
    if keeping.cluster is None:
        assert list(Path(str(make_url(settings.database_url).database)).parent.iterdir()) == []
        return
    engine = make_engine(settings.database_url)
    assert migrate.current(engine) is None
    engine.dispose()
    assert verify_databases(keeping.cluster) == []
    with role(keeping.cluster, "maker") as as_it:
        maker = replace(settings, database_url=as_it(settings.database_url))
        [told] = restore(maker, file, keeping.keys, verifying=True)
    assert "is whole and opens with this key" in told
    assert "ALTER ROLE" in told


@contextmanager
def role(cluster: Postgres, name: str) -> Iterator[Callable[[str], str]]:
    """A role without any right; gives what names it in an address."""
    engine = make_engine(cluster.url("postgres"))
    with outside(engine) as db:
        db.execute(text(f"CREATE ROLE {name} LOGIN"))
    try:
        yield lambda url: url.replace("postgres@", f"{name}@")
    finally:
        with outside(engine) as db:
            db.execute(text(f"DROP ROLE {name}"))
        engine.dispose()


def verify_databases(cluster: Postgres) -> list[str]:
    engine = make_engine(cluster.url("postgres"))
    try:
        with outside(engine) as db:
            like = "SELECT datname FROM pg_database WHERE datname LIKE 'counterpoise_verify_%'"
            return list(db.execute(text(like)).scalars())
    finally:
        engine.dispose()


def until(found: Callable[[], Any], alive: Callable[[], bool] = lambda: True) -> Any:
    """Look until it is there, as long as what makes it is alive, and a minute at most."""
    for _ in range(1200):
        if there := found():
            return there
        assert alive()
        time.sleep(0.05)
    raise AssertionError("it did not come")


@contextmanager
def hanging_up_ends() -> Iterator[None]:
    """Start processes as a terminal does: by nohup, and where tests are run so, SIGHUP is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def verifying_without_end(keeping: Keeping, file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`counterpoise restore --verify`, its database made, which waits to read the backup again."""
    os.mkfifo(slow := keeping.folder / "slow.age")
    (key := keeping.folder / "key").write_text(f"{keeping.keys[0]}\n")
    settings = keeping.service.settings
    given = {
        "COUNTERPOISE_DATABASE_URL": settings.database_url,
        "COUNTERPOISE_SECRET": SECRET.hex(),
        "COUNTERPOISE_LEDGER": str(settings.ledger),
        "COUNTERPOISE_BACKUP_KEY": settings.backup_key,
    }
    command = [sys.executable, "-m", "app", "restore", str(slow), "--key", str(key), "--verify"]
    with (
        hanging_up_ends(),
        subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **given}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process,
    ):

        def alive() -> bool:
            return process.poll() is None

        def opened() -> int | None:
            try:
                return os.open(slow, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return None

        try:
            descriptor = until(opened, alive)
            os.set_blocking(descriptor, True)
            with os.fdopen(descriptor, "wb") as pipe:
                pipe.write(file.read_bytes())
            until(lambda: keeping.cluster and verify_databases(keeping.cluster), alive)
            yield process
        finally:
            process.kill()


def test_who_is_told_to_stop_while_garbage_is_collected_stops_too() -> None:
    class Garbage:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    def works() -> None:
        with cleared_when_stopped():
            Garbage()
            time.sleep(60)

    with pytest.raises(SystemExit) as ended:
        works()
    assert ended.value.code == 128 + signal.SIGTERM


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGHUP])
@on_postgres
@pytest.mark.usefixtures("study")
def test_a_verification_that_is_told_to_stop_leaves_no_database(
    keeping: Keeping, told: signal.Signals
) -> None:
    assert keeping.cluster
    with verifying_without_end(keeping, keeping.backup()) as process:
        process.send_signal(told)
        assert process.wait(60) == 128 + told
    assert verify_databases(keeping.cluster) == []


@on_postgres
@pytest.mark.usefixtures("study")
def test_the_database_of_a_verification_that_was_killed_goes_and_one_in_use_stays(keeping: Keeping) -> None:
    service, cluster, file = keeping.service, keeping.cluster, keeping.backup()
    assert cluster

    def told() -> list[str]:
        return [each.found for each in examine(service) if each.name == "copies" and not each.ok]

    for end in (
        lambda: maintenance.run_due_tasks(service),
        lambda: restore(service.settings, file, keeping.keys, verifying=True),
    ):
        with verifying_without_end(keeping, file) as process:
            maintenance.run_due_tasks(service)
            [name] = verify_databases(cluster)
            assert told() == []
            process.kill()
            process.wait(60)
        [found] = until(told)  # the server notices by itself
        assert name in found
        end()
        assert verify_databases(cluster) == []
        assert told() == []
        (keeping.folder / "slow.age").unlink()


@on_postgres
@pytest.mark.usefixtures("study")
def test_a_verification_leaves_nothing_of_what_is_erased_in_the_log_of_the_database(keeping: Keeping) -> None:
    service, cluster, erased = keeping.service, keeping.cluster, "what somebody has erased"
    assert cluster
    with write(service.engine) as db:
        db.execute(insert(ledger.SETTING).values(name="answer", value=erased))
    file = keeping.backup()
    with write(service.engine) as db:
        db.execute(delete(ledger.SETTING).where(ledger.SETTING.c.name == "answer"))

    def in_the_log() -> bool:
        log = [each for each in (cluster.data / "pg_wal").iterdir() if each.is_file()]
        return any(erased.encode() in each.read_bytes() for each in log)

    with outside(service.engine) as db:
        assert in_the_log()
        renew(db)
        assert not in_the_log()
    told = restore(service.settings, file, keeping.keys, verifying=True)
    assert not in_the_log()
    assert "IN THE LOG" not in "\n".join(told)
    with outside(service.engine) as db:
        db.execute(text("SELECT pg_create_physical_replication_slot('kept')"))
    try:
        told = restore(service.settings, file, keeping.keys, verifying=True)
        assert "replication slots: kept" in "\n".join(told)
    finally:
        with outside(service.engine) as db:
            db.execute(text("SELECT pg_drop_replication_slot('kept')"))


@on_postgres
@pytest.mark.usefixtures("study")
def test_where_pg_restore_fails_it_says_why_and_the_backup_is_not_blamed(
    keeping: Keeping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = Random(1).randbytes(1 << 20).hex()  # more than a pipe holds
    with write(keeping.service.engine) as db:
        db.execute(insert(ledger.SETTING).values(name="large", value=large))
    file, settings = keeping.backup(), keeping.place()
    assert keeping.cluster
    with role(keeping.cluster, "maker") as as_it:
        maker = replace(settings, database_url=as_it(settings.database_url))
        with pytest.raises(Refused, match=r"pg_restore failed: .*permission denied for schema public"):
            restore(maker, file, keeping.keys)
        older = tmp_path / "older" / "pg_restore"
        older.parent.mkdir()
        older.write_text("#!/bin/sh\necho 'pg_restore: error: unsupported version (1.99)' >&2\nexit 1\n")
        older.chmod(0o755)
        monkeypatch.setenv("PATH", f"{older.parent}:{os.environ['PATH']}")
        for each in (maker, settings):  # the first may make no database, so that the dump is looked through
            with pytest.raises(Refused, match=r"pg_restore failed: .*unsupported version \(1.99\)"):
                restore(each, file, keeping.keys, verifying=True)
    assert keeping.cluster
    assert verify_databases(keeping.cluster) == []


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_place_that_takes_no_more_is_told_and_the_backup_is_not_blamed(keeping: Keeping) -> None:
    file = keeping.backup()

    def full(_: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(Refused, match=r"could be read, .* \(No space left on device\): make room"):
        read_through(file, keeping.keys, full)


def test_of_what_a_program_of_postgresql_says_no_value_is_told() -> None:
    said = (
        "pg_restore: while PROCESSING TOC:\n"
        'pg_restore: error: COPY failed for table "response": ERROR:  {}\n'
        'CONTEXT:  COPY response, line 1, column answers: "4"\n'
    )
    for what, told in (
        ('invalid input syntax for type uuid: "4, 2"', "invalid input syntax for type uuid: …"),
        ("character with byte sequence 0xc5 0xb5 has no equivalent", "byte sequence … … has no equivalent"),
        ("could not extend file: No space left on device", "No space left on device"),
    ):
        line = why_it_failed(said.format(what))
        assert line.startswith('pg_restore: error: COPY failed for table "response": ERROR:')
        assert line.endswith(told)
    assert why_it_failed("") == "it does not say why"


@pytest.mark.postgres
@on_sqlite
def test_a_backup_is_tried_also_where_databases_are_of_another_encoding(
    service: Service, postgres: Postgres, tmp_path: Path
) -> None:
    """A backup of PostgreSQL, tried on a cluster whose template holds no word of Welsh, and a table."""
    key = Identity.generate()
    of_here = replace(service.settings, database_url=postgres.create(template="migrated"))
    there = make_service(replace(of_here, backup_key=str(key.to_public())))
    with write(there.engine) as db:
        db.execute(insert(ledger.SETTING).values(name="word", value="cŵn"))
    write_backup(there, file := tmp_path / "welsh.age")
    there.engine.dispose()
    with running_postgres(log_file_mb=1, encoding="LATIN1") as other:
        engine = make_engine(other.url("template1"))
        with outside(engine) as db:
            db.execute(text("CREATE TABLE ours ()"))
        engine.dispose()
        settings = replace(of_here, database_url=other.url("postgres"))
        told = restore(settings, file, [key], verifying=True, incomplete=True)
    assert "Not in the backup" in "\n".join(told)


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_restore_without_the_whole_ledger_is_refused_and_says_so(keeping: Keeping) -> None:
    path = keeping.service.settings.ledger
    first, second = some_codes(keeping.service, count=2)
    erase_of(keeping.service, first)
    old = path.read_bytes()
    erase_of(keeping.service, second)
    file = keeping.backup()
    for content, why in (
        (old, "holds 1 entries, and held 2"),
        (path.read_bytes().replace(b"ledger 1 ", b"ledger 1 f"), "another ledger than the one"),
        (old.replace(b"\n", b"\nA", 1), "1 entries of the ledger cannot be read"),
        (None, "there is no ledger at"),
    ):
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(Refused, match=why):
            restore(keeping.place(), file, keeping.keys)
        with keeping.put_back(file, incomplete=True) as (restored, told):
            assert "INCOMPLETE" in told
            if content is not None:
                ledger.check(restored)  # from now on it keeps that one


@pytest.mark.usefixtures("study")
def test_a_service_that_never_kept_a_ledger_goes_on_without_one(keeping: Keeping) -> None:
    keeping.service = replace(keeping.service, settings=replace(keeping.service.settings, ledger=None))
    with write(keeping.service.engine) as db:
        db.execute(delete(ledger.SETTING).where(ledger.SETTING.c.name == ledger.LINEAGE))
    with keeping.put_back(keeping.backup(), incomplete=True) as (restored, told):
        assert "INCOMPLETE: COUNTERPOISE_LEDGER is not set" in told
        ledger.check(restored)
        close(restored, WAVE)
        assert state(restored, WAVE) == "closed"
        [found] = [each.found for each in examine(restored) if each.name == "ledger"]
        assert found == "none: what ends comes back with a backup that is put back"
        write_backup(restored, keeping.folder / "after.age")


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_copy_of_the_ledger_from_the_time_of_the_backup_is_told(keeping: Keeping) -> None:
    path = keeping.service.settings.ledger
    first, second = some_codes(keeping.service, count=2)
    erase_of(keeping.service, first)
    receipt, file, copy = answer_in(keeping.service, second), keeping.backup(), path.read_bytes()
    with write(keeping.service.engine) as db:
        assert erase(keeping.service, db, receipt)
    with keeping.put_back(file) as (restored, told):
        assert "entries of this ledger from after the backup: 1\n" in told
        assert f"what ends in this place is written into {path}, " in told
        assert kept(restored, WAVE) == {}
    path.write_bytes(copy)
    with keeping.put_back(file) as (restored, told):
        assert "no entry of this ledger is from after the backup" in told
        assert "answers that people have erased among it" in told
        assert len(kept(restored, WAVE)) == 1


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_line_torn_by_a_cut_power_is_none_and_a_restore_goes_on_without_it(keeping: Keeping) -> None:
    path = keeping.service.settings.ledger
    erased, begun = some_codes(keeping.service, count=2)
    begin(keeping.service, begun, sheet(keeping.service, WAVE, Random(1)))
    receipt = answer_in(keeping.service, erased)
    file = keeping.backup()
    with write(keeping.service.engine) as db:
        assert erase(keeping.service, db, receipt)
    *_, line = path.read_bytes().splitlines(keepends=True)
    for torn in (line[:1], line[:-1]):
        with path.open("ab") as ledger_file:
            ledger_file.write(torn)
        with keeping.put_back(file) as (restored, told):
            assert "erased again: 1 sheets" in told
            assert len(rows(restored, DRAFT)) == 1


def erase_of(service: Service, code: str) -> None:
    receipt = answer_in(service, code)
    with write(service.engine) as db:
        assert erase(service, db, receipt)


def answer_in(service: Service, code: str) -> str:
    return answer(service, code, sheet(service, WAVE, Random(code)))


@on_sqlite
@pytest.mark.usefixtures("study")
def test_nothing_ends_that_cannot_be_written_down(keeping: Keeping) -> None:
    service, path = keeping.service, keeping.service.settings.ledger
    [code] = some_codes(service, count=1)
    receipt = answer_in(service, code)
    away = path.rename(path.with_name("away"))
    with TestClient(create_app(service.settings, service), base_url="http://127.0.0.1") as client:
        refused = client.post("/erase", data={"receipt": receipt})
        assert refused.status_code == 503
        assert "could not be done just now" in refused.text
        assert len(kept(service, WAVE)) == 1
        assert [each.found for each in examine(service) if each.name == "ledger"] == [f"{path} is missing"]
        with pytest.raises(NotNoted, match="is not there"):
            serve_forever(service.settings, "127.0.0.1", 1)
        away.rename(path)
        assert client.post("/erase", data={"receipt": receipt}).status_code == 200
    unnamed = replace(service, settings=replace(service.settings, ledger=None))
    with pytest.raises(NotNoted, match="set COUNTERPOISE_LEDGER"):
        close(unnamed, WAVE)
    close(service, WAVE)
    assert ledger.count(path) == 2


@on_sqlite
def test_an_entry_tells_nothing_without_the_key_and_points_at_no_row_without_the_secret(
    study: str, keeping: Keeping
) -> None:
    service, path = keeping.service, keeping.service.settings.ledger
    [code] = some_codes(service, count=1)
    receipt = answer_in(service, code)
    hmac = service.vault.receipt_hmac(receipt)
    with write(service.engine) as db:
        erase(service, db, receipt)
    close(service, f"{study}-1")
    lines = path.read_bytes().splitlines()
    assert len(lines) == 3
    assert b"demo" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    read_back = ledger.read_ledger(path, keeping.keys)
    assert [each.kind for each in read_back.entries] == ["answer", "closed"]
    assert hmac.hex() not in read_back.entries[0].what
    assert ledger.read_ledger(path, [Identity.generate()]).damaged == 2


def test_many_processes_append_whole_lines_and_a_torn_one_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(ledger.FIRST_WORDS + b"one\na torn li")
    threads = [
        threading.Thread(target=lambda: [ledger.append(path, b"x" * 700 + b"\n") for _ in range(20)])
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert ledger.count(path) == 80
    assert set(path.read_bytes().splitlines()[1:]) == {b"x" * 700}


def test_a_key_is_made_once_and_read_again(tmp_path: Path) -> None:
    made = new_key(tmp_path / "key")
    assert [str(each.to_public()) for each in read_keys(tmp_path / "key")] == [made]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refused, match="is there already"):
        new_key(tmp_path / "key")
    with pytest.raises(ConfigurationError, match="holds no key"):
        read_keys(tmp_path / "nothing")


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_disk_that_keeps_something_else_is_noticed_when_the_backup_is_written(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own fsync stands for a disk that changes a bit."""

    def fsync(descriptor: int) -> None:
        if (path := Path(f"/proc/self/fd/{descriptor}").readlink()).name.endswith(".part"):
            content = bytearray(path.read_bytes())
            content[-40] ^= 1
            path.write_bytes(content)

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(Refused, match="could not be written"):
        keeping.backup()
    assert list(keeping.folder.glob("*.age*")) == []


def test_a_restore_that_was_cut_off_is_neither_served_nor_backed_up_nor_rotated(
    keeping: Keeping, unused_port: int
) -> None:
    def is_refused(service: Service) -> None:
        for use in (
            check_whole,
            lambda half: write_backup(half, keeping.folder / "half.age"),
            lambda half: rotate(half, new),
            lambda half: serve_forever(half.settings, "127.0.0.1", unused_port),
        ):
            with pytest.raises(ConfigurationError, match="restore the backup again"):
                use(service)
        assert not list(keeping.folder.glob("*half*"))
        assert [each.found for each in examine(service) if each.name == "restore"] == ["in part"]
        environment = {
            "COUNTERPOISE_DATABASE_URL": service.settings.database_url,
            "COUNTERPOISE_SECRET": service.settings.secret.hex(),
        }
        for words in (["migrate"], ["study", "list"]):
            told = CliRunner().invoke(cli, words, env=environment)
            assert told.exit_code == 2
            assert "restore the backup again" in " ".join(told.stderr.split())

    with keeping.put_back(keeping.backup()) as (restored, _):
        prepare(restored, new := keeping.folder / "new")
        assert [each.ok for each in examine(restored) if each.name == "restore"] == [True]
        with write(restored.engine) as db:
            db.execute(insert(ledger.SETTING).values(name=RESTORING, value=""))
        is_refused(restored)
        with write(restored.engine) as db:
            db.execute(delete(ledger.SETTING).where(ledger.SETTING.c.name == RESTORING))
            db.execute(text("DELETE FROM alembic_version"))
        is_refused(restored)


@on_postgres
@pytest.mark.usefixtures("study")
def test_what_a_lost_connection_leaves_of_a_restore_cannot_be_backed_up(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> NoReturn:
        raise ConnectionError

    file, settings = keeping.backup(), keeping.place()
    monkeypatch.setattr("app.operations.restore.end_again", lost)
    with pytest.raises(ConnectionError):
        restore(settings, file, keeping.keys)
    half = make_service(settings)
    with pytest.raises(ConfigurationError, match="restore the backup again"):
        write_backup(half, keeping.folder / "half.age")
    half.engine.dispose()


@on_sqlite
@pytest.mark.usefixtures("study")
def test_a_service_that_still_runs_closes_nothing_of_what_is_half_restored(keeping: Keeping) -> None:
    service = keeping.service
    with write(service.engine) as db:
        db.execute(insert(ledger.SETTING).values(name=RESTORING, value=""))
    make_due(service, WAVE)
    maintenance.run_due_tasks(service)
    assert state(service, WAVE) == "open"
    with write(service.engine) as db:
        db.execute(delete(ledger.SETTING).where(ledger.SETTING.c.name == RESTORING))
    schema = migrate.current(service.engine)
    with write(service.engine) as db:
        db.execute(text("DELETE FROM alembic_version"))
    maintenance.run_due_tasks(service)
    assert state(service, WAVE) == "open"
    with write(service.engine) as db:
        db.execute(text("INSERT INTO alembic_version VALUES (:schema)"), {"schema": schema})
    maintenance.run_due_tasks(service)
    assert state(service, WAVE) == "closed"


@on_postgres
def test_a_restore_and_the_due_tasks_keep_out_of_each_others_way(keeping: Keeping) -> None:
    settings, file = keeping.place(), keeping.backup()
    running = make_service(settings)
    with maintenance.alone(running, patience=0), pytest.raises(Refused, match="tended by another process"):
        restore(settings, file, keeping.keys)
    assert migrate.current(running.engine) is None
    running.engine.dispose()
    restore(settings, file, keeping.keys)


@on_sqlite
def test_an_account_that_was_set_up_since_is_not_set_up_again_by_its_first_password(keeping: Keeping) -> None:
    service = keeping.service
    with write(service.engine) as db:
        first = accounts.make_account(service, db, "ada")
    file = keeping.backup()
    with write(service.engine) as db:
        set_up(service, db, accounts.the_account(db, "ada"), "another password, hashed", 1)
    with keeping.put_back(file) as (restored, told), read(restored.engine) as db:
        assert "stopped: the account ada" in told
        held = accounts.the_account(db, "ada")
        assert not held.active
        assert is_password(
            held.password, first, known=True
        )  # the password of the backup, which opens nothing


def test_a_password_that_was_changed_since_opens_nothing(keeping: Keeping) -> None:
    service = keeping.service
    for name in ("ada", "ben"):
        ready(service, name)
    with write(service.engine) as db:
        token = let_in(db, accounts.the_account(db, "ada"), 1)
    file = keeping.backup()
    change_password(service, token, PASSWORD, "another of their own choice", Failures(5))
    later = keeping.backup()
    with keeping.put_back(file) as (restored, told), read(restored.engine) as db:
        assert "stopped: the account ada" in told
        assert {each.name: each.active for each in accounts.accounts(db)} == {"ada": False, "ben": True}
    with keeping.put_back(later) as (restored, told), read(restored.engine) as db:
        assert accounts.the_account(db, "ada").active


@on_sqlite
def test_a_ledger_is_begun_in_no_other_file_and_nowhere_else(service: Service, tmp_path: Path) -> None:
    def at(path: Path) -> Service:
        keeps = {"ledger": path, "backup_key": str(Identity.generate().to_public())}
        return replace(service, settings=replace(service.settings, **keeps))

    (letter := tmp_path / "letter").write_text("Dear all,\n")
    with pytest.raises(ConfigurationError, match="another file than a ledger"):
        ledger.begin(at(letter))
    assert letter.read_text() == "Dear all,\n"
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        ledger.begin(at(tmp_path / "not mounted" / "ledger"))
    (tmp_path / "ledger").write_bytes(ledger.FIRST_WORDS + b"0123")  # as a cut power leaves it
    ledger.begin(begun := at(tmp_path / "ledger"))
    name = ledger.name_of(tmp_path / "ledger")
    ledger.begin(begun)
    assert (len(name), ledger.name_of(tmp_path / "ledger"), ledger.count(tmp_path / "ledger")) == (
        16,
        name,
        0,
    )


@pytest.mark.usefixtures("study")
def test_a_database_keeps_one_ledger_and_no_second_one_is_taken_for_it(keeping: Keeping) -> None:
    service, first = keeping.service, keeping.service.settings.ledger
    second = first.with_name("second")
    there = replace(service, settings=replace(service.settings, ledger=second))
    erased, stays = some_codes(service, count=2)
    erase_of(service, erased)
    receipt = answer_in(service, stays)

    def is_refused() -> None:
        assert [each.ok for each in examine(there) if each.name == "ledger"] == [False]
        with pytest.raises(NotNoted):
            ledger.check(there)
        with pytest.raises((NotNoted, Refused), match="--another-ledger"):
            write_backup(there, keeping.folder / "other.age")
        with pytest.raises(NotNoted), write(there.engine) as db:
            erase(there, db, receipt)
        assert len(kept(service, WAVE)) == 1
        with pytest.raises((NotNoted, ConfigurationError), match="--another-ledger"):
            ledger.begin(there)

    is_refused()  # the disk of the ledger is not mounted, or another server names a file of its own
    assert not second.exists()
    second.write_bytes(ledger.FIRST_WORDS + b"0123456789abcdef\n")
    is_refused()
    assert ledger.count(second) == 0
    ledger.check(service)
    file = keeping.backup()
    ledger.begin(there, another=True)
    ledger.check(there)
    with write(there.engine) as db:
        assert erase(there, db, receipt)
    assert (ledger.count(first), ledger.count(second)) == (1, 1)
    with pytest.raises(NotNoted, match="is another ledger than the one"):
        ledger.check(service)  # mounted again
    with keeping.put_back(file) as (restored, _):
        ledger.check(restored)
        with pytest.raises(NotNoted, match="is another ledger than the one"):
            ledger.check(replace(restored, settings=replace(restored.settings, ledger=second)))


@pytest.mark.usefixtures("study")
def test_a_database_of_an_earlier_version_keeps_the_ledger_that_it_is_served_with(keeping: Keeping) -> None:
    service = keeping.service
    with write(service.engine) as db:
        db.execute(delete(ledger.SETTING).where(ledger.SETTING.c.name == ledger.KEPT_IN))
    [code] = some_codes(service, count=1)
    erase_of(service, code)
    ledger.check(service)
    (second := service.settings.ledger.with_name("second")).write_bytes(
        ledger.FIRST_WORDS + b"0123456789abcdef\n"
    )
    with pytest.raises(NotNoted, match="is another ledger than the one"):
        ledger.check(replace(service, settings=replace(service.settings, ledger=second)))


@on_sqlite
@pytest.mark.usefixtures("study")
def test_an_ending_is_on_the_disk_before_it_is_done(
    keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, path = keeping.service, keeping.service.settings.ledger
    [code] = some_codes(service, count=1)
    receipt, seen, fsync = answer_in(service, code), [], os.fsync

    def watched(descriptor: int) -> None:
        fsync(descriptor)
        if Path(f"/proc/self/fd/{descriptor}").readlink() == path:
            seen.append((ledger.count(path), len(kept(service, WAVE))))

    monkeypatch.setattr("os.fsync", watched)
    with write(service.engine) as db:
        assert erase(service, db, receipt)
    assert seen == [(1, 1)]
    assert kept(service, WAVE) == {}
