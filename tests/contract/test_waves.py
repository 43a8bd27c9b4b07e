"""A wave changes its state along few paths, and its codes do not show whom they were given to."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app import studies
from app.audit import events, verify
from app.db import read, write
from app.errors import Refused
from app.runtime import Service, now
from app.studies import waves
from app.tables import CLOSED, CLOSING, OPEN, PAUSED, PREPARED, RETIRED
from app.vault import read_code

pytestmark = pytest.mark.usefixtures("study")
STATES = (PREPARED, OPEN, PAUSED, CLOSING, CLOSED, RETIRED)
ALLOWED = {
    ("open_wave", PREPARED): OPEN,
    ("pause_wave", OPEN): PAUSED,
    ("resume_wave", PAUSED): OPEN,
}


@pytest.mark.parametrize("change", ["open_wave", "pause_wave", "resume_wave"])
def test_a_wave_moves_along_its_paths_only(service: Service, study: str, change: str) -> None:
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, study)
        for state in STATES:
            db.execute(update(waves.WAVE).where(waves.WAVE.c.id == wave).values(state=state))
            to = ALLOWED.get((change, state))
            if to is None:
                with pytest.raises(Refused, match=f"is {state}"):
                    getattr(waves, change)(service, db, wave)
            else:
                assert getattr(waves, change)(service, db, wave) == to
            assert waves.the_wave(db, wave).state == (to or state)


def test_a_wave_is_bound_to_the_form_and_words_of_its_making(service: Service) -> None:
    ppiq = service.instruments["ppiq"]
    with read(service.engine) as db:
        wave = waves.the_wave(db, "demo-1")
    assert wave.form_hash == ppiq.forms["a"].hash
    assert wave.words_hashes == {each: ppiq.words["a", each].hash for each in ("en", "cy", "es", "ar")}
    assert wave.items_per_page == 5
    assert now().date() - wave.opened_on <= timedelta(days=1), "midnight may have passed since"
    assert wave.closes_at is None


def test_waves_are_counted_within_their_study(service: Service, study: str) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="other", title="Other")
        assert [waves.make_wave(service, db, each) for each in (study, study, "other")] == [
            "demo-2",
            "demo-3",
            "other-1",
        ]
        assert [each.id for each in waves.waves(db, study)] == ["demo-1", "demo-2", "demo-3"]
        assert [each.id for each in waves.waves(db)] == ["demo-1", "demo-2", "demo-3", "other-1"]


@pytest.mark.parametrize("per_page", [1, 30])
def test_a_page_shows_as_many_items_as_was_asked(service: Service, study: str, per_page: int) -> None:
    with write(service.engine) as db:
        wave = waves.make_wave(service, db, study, items_per_page=per_page)
        assert waves.the_wave(db, wave).items_per_page == per_page


@pytest.mark.parametrize("per_page", [0, 31])
def test_a_page_shows_at_least_one_item_and_at_most_all(service: Service, study: str, per_page: int) -> None:
    with write(service.engine) as db, pytest.raises(Refused, match="outside"):
        waves.make_wave(service, db, study, items_per_page=per_page)


def test_a_form_that_is_not_installed_makes_no_wave(service: Service) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="other", title="Other", form="z")
        studies.make_study(db, id="foreign", title="Foreign", instrument="elsewhere")
        for study in ("other", "foreign"):
            with pytest.raises(Refused, match="not installed"):
                waves.make_wave(service, db, study)


def test_the_announced_end_can_be_brought_forward_but_not_put_off(service: Service) -> None:
    tomorrow = now() + timedelta(hours=24)
    with write(service.engine) as db:
        waves.announce_close(service, db, "demo-1", tomorrow)
        with pytest.raises(Refused, match="already"):
            waves.announce_close(service, db, "demo-1", tomorrow + timedelta(minutes=1))
        assert waves.the_wave(db, "demo-1").closes_at == tomorrow
        waves.announce_close(service, db, "demo-1", now())
        assert waves.the_wave(db, "demo-1").closes_at <= now()
        assert waves.the_wave(db, "demo-1").state == OPEN


@pytest.mark.parametrize("state", [PREPARED, CLOSING, CLOSED, RETIRED])
def test_only_a_wave_that_takes_answers_can_be_closed(service: Service, state: str) -> None:
    with write(service.engine) as db:
        db.execute(update(waves.WAVE).values(state=state))
        with pytest.raises(Refused, match=state):
            waves.announce_close(service, db, "demo-1", now())


def test_codes_are_shown_once_and_kept_as_nothing_that_can_be_read(service: Service) -> None:
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, "demo-1", "south", 200)
        rows = db.execute(select(waves.CODE)).all()
    assert len(set(codes)) == 200
    assert all(len(code) == 14 and code[4] == code[9] == "-" for code in codes)
    assert {row.hmac for row in rows} == {service.vault.code_hmac(str(read_code(code))) for code in codes}
    assert {(row.wave, row.unit, row.state) for row in rows} == {("demo-1", "south", "issued")}
    kept = b"".join(row.hmac for row in rows)
    assert not any(code.replace("-", "").encode() in kept for code in codes)


def test_codes_lie_in_an_order_that_is_not_that_of_the_list(service: Service) -> None:
    """Whoever hands out the printed list from the top must not find its order in the table."""
    with write(service.engine) as db:
        codes = waves.issue_codes(service, db, "demo-1", "south", 200)
        lying = list(db.execute(select(waves.CODE.c.hmac)).scalars())
    listed = [service.vault.code_hmac(str(read_code(code))) for code in codes]
    assert lying == sorted(listed)
    assert sum(a == b for a, b in zip(listed, lying, strict=True)) < 15


def test_codes_are_for_units_that_people_belong_to(service: Service) -> None:
    with write(service.engine) as db:
        for unit in ("nowhere", "west", "org"):
            with pytest.raises(Refused, match="no unit"):
                waves.issue_codes(service, db, "demo-1", unit, 1)
        with pytest.raises(Refused, match="one code"):
            waves.issue_codes(service, db, "demo-1", "south", 0)
        assert waves.first_unit(db, "demo-1") == "east"


@pytest.mark.parametrize("state", [CLOSING, CLOSED, RETIRED])
def test_a_wave_that_has_ended_takes_no_more_codes(service: Service, state: str) -> None:
    with write(service.engine) as db:
        db.execute(update(waves.WAVE).values(state=state))
        with pytest.raises(Refused, match=state):
            waves.issue_codes(service, db, "demo-1", "south", 1)


def test_a_wave_that_is_not_there_is_named(service: Service) -> None:
    with read(service.engine) as db, pytest.raises(Refused, match="no collection 'demo-9'"):
        waves.the_wave(db, "demo-9")


def test_what_staff_did_to_a_wave_is_in_the_chain(service: Service, study: str) -> None:
    at = now() + timedelta(hours=24)
    with write(service.engine) as db:
        waves.pause_wave(service, db, "demo-1")
        waves.resume_wave(service, db, "demo-1")
        [code] = waves.issue_codes(service, db, "demo-1", "south", 1)
        waves.announce_close(service, db, "demo-1", at)
        told = [entry.event for entry in events(db)]
        assert verify(service.vault, db).broken_at is None
        partition = studies.partition_hash(db, study)
        form = waves.the_wave(db, "demo-1").form_hash
    assert told == [
        {"action": "wave made", "wave": "demo-1", "form": form},
        {"action": "wave opened", "wave": "demo-1", "partition": partition, "leaving": "reports"},
        {"action": "wave paused", "wave": "demo-1"},
        {"action": "wave resumed", "wave": "demo-1"},
        {"action": "codes issued", "wave": "demo-1", "unit": "south", "count": "1"},
        {"action": "close announced", "wave": "demo-1", "closes at": at.isoformat()},
    ]
    assert code not in str(told)
