"""The trail of staff events: any entry that was changed is found."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from app.audit import AUDIT, BEGINS_AFTER, SETTING, audit, events, verify
from app.closing import deleting
from app.closing.deleting import IN_A_BACKUP, delete_rows, delete_study, delete_trail
from app.db import read, write
from app.errors import Refused
from app.operations.backup import note_in_a_backup
from app.runtime import Service, now
from app.studies import make_study, waves
from app.vault import Vault

ENTRIES = 12


@pytest.fixture
def chain(service: Service) -> Service:
    for number in range(ENTRIES):
        with write(service.engine) as db:
            audit(service.vault, db, {"action": "wave closed", "wave": f"demo-{number}"})
    return service


def broken_at(service: Service) -> int | None:
    with read(service.engine) as db:
        return verify(service.vault, db).broken_at


def test_an_untouched_chain_holds(chain: Service) -> None:
    with read(chain.engine) as db:
        found = verify(chain.vault, db)
    assert (found.length, found.broken_at) == (ENTRIES, None)
    assert found.head


def test_an_empty_chain_holds(service: Service) -> None:
    assert broken_at(service) is None


def change_event(db: Connection, number: int) -> None:
    db.execute(update(AUDIT).where(AUDIT.c.number == number).values(event={"action": "another"}))


def change_time(db: Connection, number: int) -> None:
    at = db.execute(select(AUDIT.c.at).where(AUDIT.c.number == (number + 1) % ENTRIES + 1)).scalar_one()
    db.execute(update(AUDIT).where(AUDIT.c.number == number).values(at=at))


def change_mac(db: Connection, number: int) -> None:
    mac = db.execute(select(AUDIT.c.mac).where(AUDIT.c.number == number)).scalar_one()
    db.execute(update(AUDIT).where(AUDIT.c.number == number).values(mac=bytes([mac[0] ^ 1]) + mac[1:]))


def remove(db: Connection, number: int) -> None:
    db.execute(delete(AUDIT).where(AUDIT.c.number == number))
    for row in events(db):
        if row.number > number:
            db.execute(update(AUDIT).where(AUDIT.c.number == row.number).values(number=row.number - 1))


def swap(db: Connection, number: int) -> None:
    one, other = (
        db.execute(select(AUDIT).where(AUDIT.c.number == each)).mappings().one()
        for each in (number, number + 1)
    )
    for place, row in ((number, other), (number + 1, one)):
        values = {name: row[name] for name in ("at", "event", "mac")}
        db.execute(update(AUDIT).where(AUDIT.c.number == place).values(values))


@pytest.mark.parametrize("tamper", [change_event, change_time, change_mac, remove, swap])
def test_every_tampering_is_found_where_it_is(
    chain: Service, tamper: Callable[[Connection, int], None]
) -> None:
    with read(chain.engine) as db:
        before = [dict(row._mapping) for row in events(db)]
    for number in range(1, ENTRIES):
        with write(chain.engine) as db:
            tamper(db, number)
        assert broken_at(chain) == number
        with write(chain.engine) as db:
            db.execute(delete(AUDIT))
            db.execute(insert(AUDIT), before)
    assert broken_at(chain) is None


def test_a_number_that_was_changed_is_found(chain: Service) -> None:
    with write(chain.engine) as db:
        db.execute(update(AUDIT).where(AUDIT.c.number == ENTRIES).values(number=ENTRIES + 1))
    assert broken_at(chain) == ENTRIES


def test_a_cut_tail_shows_in_the_head_that_was_kept_elsewhere(chain: Service) -> None:
    with read(chain.engine) as db:
        head = verify(chain.vault, db).head
    with write(chain.engine) as db:
        db.execute(delete(AUDIT).where(AUDIT.c.number == ENTRIES))
    with read(chain.engine) as db:
        found = verify(chain.vault, db)
    assert found.broken_at is None
    assert found.head != head


@pytest.mark.usefixtures("one_day")
def test_the_beginning_is_deleted_after_its_day_and_the_rest_holds(
    chain: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow = (now() + timedelta(days=1)).date()
    with write(chain.engine) as db, pytest.raises(Refused, match="365 days"):
        delete_trail(chain, db, tomorrow)
    monkeypatch.setattr(deleting, "now", lambda: now() + timedelta(days=400))
    with write(chain.engine) as db:
        make_study(db, id="demo", title="Demonstration", simulated=True)
        assert delete_trail(chain, db, tomorrow) == 0  # its study is still there
        delete_study(chain, db, "demo")
        assert delete_trail(chain, db, tomorrow) == ENTRIES + 1
    with read(chain.engine) as db:
        [left] = events(db)
        found = verify(chain.vault, db)
    assert left.event["action"] == "trail deleted"
    assert (found.length, found.deleted, found.broken_at) == (ENTRIES + 2, ENTRIES + 1, None)
    for tamper in (
        delete(AUDIT),
        update(SETTING).where(SETTING.c.name == BEGINS_AFTER).values(value="1 00 00"),
        delete(SETTING).where(SETTING.c.name == BEGINS_AFTER),
    ):
        with chain.engine.connect() as db:
            db.execute(tamper)
            after = verify(chain.vault, db)
            assert after.broken_at is not None or after.head != found.head
            db.rollback()


def test_what_is_in_a_backup_of_other_studies_stays_known_when_one_is_deleted(service: Service) -> None:
    with write(service.engine) as db:
        for each in ("demo", "spring"):
            make_study(db, id=each, title="SIMULATED", simulated=True)
        waves.make_wave(service, db, "demo")
        note_in_a_backup(db, ["demo-1", "spring-1"])
        delete_rows(db, "demo")
        kept = db.execute(select(SETTING.c.value).where(SETTING.c.name == IN_A_BACKUP)).scalar_one()
    assert kept == "spring-1"


def test_another_secret_cannot_have_written_it(chain: Service) -> None:
    with read(chain.engine) as db:
        assert verify(Vault(bytes(32)), db).broken_at == 1
