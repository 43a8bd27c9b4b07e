"""What people read before they agree: the study in its host's words, and what the form itself warns of."""

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from analysis.disclosure.leaving import LEAVING
from app import studies
from app.audit import events
from app.closing.deleting import delete_study
from app.config import Settings
from app.db import read, write
from app.errors import Refused
from app.paper.pages import paper_form
from app.questionnaire.consent import consent
from app.runtime import Service, check_secret, make_service
from app.staff import accounts
from app.studies import waves
from app.studies.information import ENTRIES, EVERY, LONGEST, describe, example, lacking
from app.studies.study import pin_partition
from app.studies.waves import CONFIRMATIONS
from app.tables import Response, table
from app.templating import render
from instrument import Form, ppiq
from tests.conftest import SECRET
from tests.lib.cohorts import another_study
from tests.lib.postgres_server import Postgres
from tests.lib.questionnaire_client import respond
from tests.lib.staff_accounts import ready, sign_in

STAFF = {name: text for name, text in example().items() if name in ENTRIES}


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    """On SQLite alone: nothing here is the engine's."""
    path = tmp_path / "counterpoise.sqlite"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


def prepared(service: Service, form: str = "a") -> str:
    with write(service.engine) as db:
        studies.make_study(db, id="spring", title="Spring", form=form, people=60, context=[])
        studies.add_unit(db, "spring", "north", "North")
        return waves.make_wave(service, db, "spring")


def told(service: Service, said: dict[str, str]) -> None:
    with write(service.engine) as db:
        describe(service, db, studies.the_study(db, "spring"), said)


def opens(service: Service, wave: str, confirmed: tuple[str, ...] = tuple(CONFIRMATIONS)) -> None:
    with write(service.engine) as db:
        waves.open_wave(service, db, wave, confirmed=confirmed)


def consent_of(service: Service, client: TestClient, wave: str, home: str = "") -> str:
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, wave, waves.first_unit(db, wave), 1)
    client.cookies.clear()
    assert client.post(f"{home}/enter", data={"code": code}).status_code == 303
    return client.get(f"{home}/consent").text


def test_no_collection_opens_before_people_can_read_what_they_agree_to(service: Service) -> None:
    wave = prepared(service)
    with pytest.raises(Refused, match="nothing yet under: Who runs this study, What it is for"):
        opens(service, wave)
    told(service, {**STAFF, "complaint": " "})
    with pytest.raises(Refused, match="nothing yet under: How to complain;"):
        opens(service, wave)
    told(service, STAFF)
    for lacking_one in CONFIRMATIONS:
        with pytest.raises(Refused, match=re.escape(CONFIRMATIONS[lacking_one])):
            opens(service, wave, tuple(each for each in CONFIRMATIONS if each != lacking_one))
    opens(service, wave)
    with read(service.engine) as db:
        assert [each.event.get("confirmed") for each in events(db)][-1] == "people, units"


def test_a_study_of_people_who_use_services_says_more_and_warns_first(
    service: Service, client: TestClient
) -> None:
    wave = prepared(service, "c")
    told(service, STAFF)
    with pytest.raises(Refused, match="Ethics approval, If it is hard to decide, An advocate"):
        opens(service, wave)
    told(service, dict(example()))
    opens(service, wave)
    page = consent_of(service, client, wave)
    before = ppiq().words["c", "en"].before
    assert len(before) == 4
    for line in (*before, *example().values()):
        assert page.count(line.replace('"', "&#34;").replace("'", "&#39;")) == 1
    places = [page.index(each) for each in ("court case", "Who runs", "Taking part is", "I have read")]
    assert places == sorted(places)


@pytest.mark.parametrize("form", ppiq().forms.values(), ids=lambda form: form.id)
def test_a_form_that_service_users_may_answer_opens_with_its_safeguards_alone(
    form: Form, service: Service
) -> None:
    tells = "service_users" in form.audiences
    assert tells == (form.id in {"c", "c2", "who_decides", "who_decides2"})
    assert tells or "advocate" not in " ".join(ppiq().words[form.id, "en"].before)
    wave = prepared(service, form.id)
    told(service, STAFF)
    if tells:
        with pytest.raises(Refused, match="Ethics approval, If it is hard to decide, An advocate"):
            opens(service, wave)
        told(service, dict(example()))
    opens(service, wave)


def test_paper_warns_as_the_screen_does() -> None:
    for form in ("a2", "c"):
        page = render(paper_form(ppiq(), form, "en"))
        for line in ppiq().words[form, "en"].before:
            assert line.replace('"', "&#34;").replace("'", "&#39;") in page
        assert page.index("Please read this first") < page.index("The questions")
    assert "Please read this first" not in render(paper_form(ppiq(), "a", "en"))


def test_what_was_read_is_in_the_hash_that_is_kept(service: Service, client: TestClient) -> None:
    wave = another_study(service, "spring")
    with write(service.engine) as db:
        [code] = waves.issue_codes(service, db, wave, "only", 1)
    respond(client, code)
    with read(service.engine) as db:
        kept = db.execute(select(table(Response).c.consent_hash)).scalar()
    plain = consent(10, "en", leaving=LEAVING["reports"])
    said = tuple((EVERY[name].title, text) for name, text in example().items())
    assert kept == consent(10, "en", leaving=LEAVING["reports"], information=said).hash != plain.hash
    other = (("Who runs this study", "Somebody else."), *said[1:])
    assert consent(10, "en", leaving=LEAVING["reports"], information=other).hash != kept
    assert consent(10, "en", leaving=LEAVING["reports"], before=("Wait.",)).hash != plain.hash


def test_every_consent_tells_the_limits_of_erasing_and_that_nothing_depends_on_it() -> None:
    for kind in LEAVING.values():
        for day in (None, date(2099, 12, 31)):
            text = consent(10, "en", leaving=kind, retire_on=day).text
            assert "cannot reach summaries that were published before, or copies that researchers" in text
            assert "Your grade, placement, job or service does not depend on taking part." in text
            assert "Some questions may be hard to think about." in text
            assert ("31 December 2099" in text) is (day is not None)
            assert ("No day is set on which your answers are deleted." in text) is (day is None)


def test_in_another_language_the_headings_are_translated_and_the_text_stays(
    service: Service, client: TestClient
) -> None:
    page = consent_of(service, client, another_study(service, "spring"), "/ar")
    assert "من يجري هذه الدراسة" in page
    assert "Who runs this study" not in page
    assert f'<dd dir="auto">{example()["who"]}</dd>' in page


def test_a_host_writes_it_on_a_page_and_it_is_locked_while_people_answer(
    service: Service, client: TestClient
) -> None:
    sign_in(service, client, ready(service, "hana", host="*"))
    wave = prepared(service)
    with write(service.engine) as db:
        accounts.give(service, db, "hana", "host", "spring")
    address = "/host/studies/spring/information"
    assert "Not written yet" in client.get("/host/studies/spring").text
    page = client.get(address).text
    assert re.findall(r'<textarea id="(\w+)"', page) == list(EVERY)
    assert example()["purpose"].replace("'", "&#39;") in page
    for wrong, why in (("x" * (LONGEST + 1), "is the most"), ("a\u202eb", "nobody can see")):
        refused = client.post(address, data={**STAFF, "who": wrong})
        assert refused.status_code == 422
        assert why in refused.text
        assert STAFF["duration"] in refused.text, "nothing that was typed is lost"
    assert client.post(address, data={**STAFF, "who": "Line one.\r\nLine two."}).status_code == 303
    assert "All of it is written." in client.get("/host/studies/spring").text
    opens(service, wave)
    assert "Line one. Line two." in client.get(address).text
    assert "<textarea" not in client.get(address).text
    changed = client.post(address, data=STAFF)
    assert changed.status_code == 422
    assert "until the collection has closed" in changed.text
    assert "Line one. Line two." in consent_of(service, client, wave)


def test_the_example_is_whole_and_names_nobody_who_is() -> None:
    assert example().keys() == EVERY.keys()
    assert lacking(ppiq().forms["c"], example()) == ()
    assert all(len(text) <= LONGEST for text in example().values())


@pytest.fixture
def described(postgres: Postgres) -> Iterator[tuple[Service, str]]:
    """A prepared wave of a described study on PostgreSQL, where two transactions write at a time."""
    address = postgres.create(template="migrated")
    service = make_service(Settings(database_url=address, secret=SECRET, secure=False))
    check_secret(service)
    wave = prepared(service)
    told(service, STAFF)
    with write(service.engine) as db:
        pin_partition(db, "spring")  # as an earlier wave did: the opening then writes nothing into the study
    yield service, wave
    service.engine.dispose()
    postgres.drop(address)


@pytest.mark.postgres
def test_an_opening_waits_for_who_empties_what_people_read(described: tuple[Service, str]) -> None:
    service, wave = described
    with write(service.engine) as db, ThreadPoolExecutor(1) as pool:
        describe(service, db, studies.the_study(db, "spring"), {})
        opening = pool.submit(opens, service, wave)
        wait_until_blocked(service, opening)
        db.commit()
        with pytest.raises(Refused, match="nothing yet under"):
            opening.result()


@pytest.mark.postgres
def test_who_empties_what_people_read_waits_for_an_opening(described: tuple[Service, str]) -> None:
    service, wave = described
    with write(service.engine) as db, ThreadPoolExecutor(1) as pool:
        waves.open_wave(service, db, wave, confirmed=CONFIRMATIONS)
        emptied = pool.submit(told, service, {})
        wait_until_blocked(service, emptied)
        db.commit()
        with pytest.raises(Refused, match="people have agreed to these words"):
            emptied.result()


@pytest.mark.postgres
def test_who_deletes_a_study_waits_for_who_prepares_a_collection_in_it(
    described: tuple[Service, str],
) -> None:
    service, _ = described
    with write(service.engine) as db:
        studies.make_study(db, id="autumn", title="Autumn", simulated=True)

    def deleted() -> None:
        with write(service.engine) as db:
            delete_study(service, db, "autumn")

    with write(service.engine) as db, ThreadPoolExecutor(1) as pool:
        waves.make_wave(service, db, "autumn")
        deletion = pool.submit(deleted)
        wait_until_blocked(service, deletion)
        db.commit()
        with pytest.raises(Refused, match="is prepared: a study can be deleted when"):
            deletion.result()


def wait_until_blocked(service: Service, other: Future[None]) -> None:
    """Wait until the other transaction waits for a lock, or has ended without."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    while not other.done():
        with read(service.engine) as db:
            if db.execute(waiting).scalar_one():
                return
        sleep(0.02)
