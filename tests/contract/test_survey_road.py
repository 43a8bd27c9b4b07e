"""A person's way through the questionnaire: each step, each way back, each refusal."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from analysis.disclosure.leaving import LEAVING
from app import studies
from app.closing import maintenance
from app.closing.deleting import delete_study
from app.db import is_sqlite, read, write
from app.errors import Used
from app.main import create_app
from app.questionnaire.consent import consent
from app.questionnaire.sheet import Sheet
from app.runtime import Service, make_service, now
from app.studies import waves
from app.studies.information import example
from app.survey.drafts import open_draft
from app.tables import Code, Draft, Response, Session, table
from instrument import DOES_NOT_APPLY, LEFT_BLANK, RATHER_NOT_SAY
from tests.conftest import Queries
from tests.lib.questionnaire_client import (
    NOTHING,
    Screen,
    agree,
    at_check,
    come_back,
    enter,
    fill,
    filled_in,
    respond,
    six_words,
)
from tests.lib.respondents import make_due

OTHERS = Path(__file__).parents[1] / "instruments"


def sheet(client: TestClient, service: Service) -> Sheet:
    with read(service.engine) as db:
        return open_draft(service, db, client.cookies["place"]).sheet


def rows(service: Service, model: type = Response) -> list:
    with read(service.engine) as db:
        return list(db.execute(select(table(model))).all())


@pytest.mark.parametrize("leaving", ["rows"])
def test_a_person_takes_part_and_exactly_their_answers_are_kept(
    client: TestClient, service: Service, code: str
) -> None:
    receipt = respond(
        client,
        code,
        {"sd5": 4, "vi3": None, "ec2": DOES_NOT_APPLY, "id1": RATHER_NOT_SAY, "length": None, "setting": -99},
        role="line_manager",
        archive=True,
    )
    [kept] = rows(service)
    assert len(receipt.replace("-", "")) == 12
    assert (kept.wave, kept.unit, kept.language) == ("demo-1", "north", "en")
    assert kept.layout == "vertical-5"
    assert kept.purposes == ["study", "archive"]
    form = service.instruments["ppiq"].forms["a"]
    assert set(kept.answers) == {item.id for item in form.items} | set(form.context)
    given = {"sd5": 4, "vi3": LEFT_BLANK, "ec2": DOES_NOT_APPLY, "id1": RATHER_NOT_SAY, "rr5": 0}
    context = {"role": "line_manager", "length": LEFT_BLANK, "setting": RATHER_NOT_SAY}
    assert {name: kept.answers[name] for name in {**given, **context}} == {**given, **context}
    assert kept.words_hash == service.instruments["ppiq"].words["a", "en"].hash
    assert rows(service, Draft) == rows(service, Session) == []
    assert [row.state for row in rows(service, Code)] == ["finished"]


@pytest.mark.parametrize("leaving", ["rows"])
def test_the_archive_is_a_choice_of_its_own(client: TestClient, service: Service, code: str) -> None:
    respond(client, code)
    assert rows(service)[0].purposes == ["study"]


def test_where_no_row_leaves_nobody_is_asked_for_an_archive(
    client: TestClient, service: Service, code: str
) -> None:
    """Nor does anybody agree to one by a form that no page of this study shows."""
    enter(client, code)
    assert 'name="archive"' not in client.get("/consent").text
    client.post("/consent", data={"study": "yes", "archive": "yes"})
    assert sheet(client, service).purposes == ("study",)
    for path in ("/about", *(f"/page/{number}" for number in range(1, 7))):
        fill(client, path)
    [form] = Screen(client.get("/check").text).forms
    assert client.post("/send", data={**form.fields, "_purposes": "study archive"}).status_code == 200
    assert rows(service)[0].purposes == ["study"]


def test_each_page_costs_one_select_and_each_save_one_update_more(
    client: TestClient, service: Service, queries: Queries, code: str
) -> None:
    at_check(client, code)
    # On PostgreSQL a writer holds wave and code first and reads again what may have changed meanwhile.
    held = 0 if is_sqlite(service.engine) else 3
    [form] = Screen(client.get("/check").text).forms
    for ask, allowed in [
        (lambda: client.get("/consent"), 1),
        (lambda: client.get("/about"), 1),
        (lambda: client.get("/page/3"), 1),
        (lambda: client.get("/check"), 1),
        (lambda: client.get("/later"), 1),
        (lambda: client.post("/page/3", data=NOTHING), 2 + held),
        (lambda: client.post("/enter", data={"code": code}), 4 + held),
        (lambda: client.post("/send", data=form.fields), 7 + (1 if held else 0)),
        (lambda: client.get("/"), 0),
        (lambda: client.get("/safety"), 0),
        (lambda: client.get("/exit"), 0),
    ]:
        queries.clear()
        ask()
        assert queries.count == allowed, queries.statements


def test_looking_at_pages_changes_nothing(client: TestClient, service: Service, code: str) -> None:
    at_check(client, code)
    before = [rows(service, model) for model in (Code, Draft, Session, Response)]
    for path in ("/", "/consent", "/about", "/page/2", "/check", "/send", "/enter", "/erase", "/safety"):
        for _ in range(3):
            client.get(path)
    client.get("/exit")
    assert [rows(service, model) for model in (Code, Draft, Session, Response)] == before


def test_the_code_is_read_as_a_person_types_it(client: TestClient, code: str) -> None:
    assert (
        enter(client, f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} ") == "/consent"
    )


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("typed", ["", "7K2M", "7K2M-7K2M-7K2M", "' OR 1=1 --", "é" * 12])
def test_an_unknown_code_can_be_mended(client: TestClient, typed: str) -> None:
    answer = client.post("/enter", data={"code": typed})
    assert answer.status_code == 422
    assert "We do not know this code" in answer.text
    assert not answer.cookies


def test_a_code_works_once(client: TestClient, code: str) -> None:
    respond(client, code)
    answer = client.post("/enter", data={"code": code})
    assert answer.status_code == Used.status
    assert Used.title in answer.text


def test_nobody_is_led_past_the_consent(client: TestClient, service: Service, code: str) -> None:
    assert enter(client, code) == "/consent"
    for path in ("/about", "/page/1", "/page/6", "/check"):
        assert client.get(path).headers["location"] == "/consent"
    assert client.post("/page/1", data={"sd5": "1"}).headers["location"] == "/consent"
    assert sheet(client, service).answers == {}
    refused = client.post("/consent", data={"archive": "yes"})
    assert refused.status_code == 422
    assert "leave this site" in refused.text
    assert sheet(client, service).consent == ""


def test_the_consent_names_the_group_size_and_is_kept_by_its_hash(
    client: TestClient, service: Service, code: str
) -> None:
    enter(client, code)
    shown = client.get("/consent").text
    assert "at least 10 people" in shown
    assert "There are 30 questions." in shown
    assert "whoever holds the database" in shown
    assert "Backups of the database, and logs of it" in shown
    agree(client)
    agreed = sheet(client, service).consent
    assert agreed == consent(10, "en", leaving=LEAVING["reports"]).hash
    assert agreed != consent(5, "en", leaving=LEAVING["reports"]).hash


def test_what_was_saved_comes_back_on_another_device_and_ends_the_first(
    client: TestClient, service: Service, code: str
) -> None:
    enter(client, code)
    agree(client)
    fill(client, "/about")
    fill(client, "/page/1", sd5=3)
    words = six_words(client)
    with TestClient(client.app, base_url="http://127.0.0.1", follow_redirects=False) as other:
        assert come_back(other, code, words) == "/page/2"
        assert six_words(other) == words
        assert sheet(other, service).answers["sd5"] == 3
        assert 'name="sd5" value="3" checked' in other.get("/page/1").text
        fill(other, "/page/2")
        assert len(rows(service, Session)) == 1
    ended = client.get("/page/2")
    assert ended.status_code == 404
    assert "This page has ended" in ended.text
    assert "your answers have arrived" in ended.text, "to whoever sent them and then went back"
    assert client.post("/page/2", data=NOTHING).status_code == 404


def test_a_blank_is_asked_about_once_and_may_stay(client: TestClient, service: Service, code: str) -> None:
    enter(client, code)
    agree(client)
    fill(client, "/about")
    assert fill(client, "/page/1", sd5=None) == "/page/1#blank"
    again = client.get("/page/1").text
    assert "You may leave these blank" in again
    assert 'href="#sd5"' in again
    assert fill(client, "/page/1", sd5=None) == "/page/2"
    assert sheet(client, service).answers["sd5"] == LEFT_BLANK
    assert "You may leave these blank" not in client.get("/page/2").text


def test_an_answer_can_be_cleared_without_losing_the_others(
    client: TestClient, service: Service, code: str
) -> None:
    enter(client, code)
    agree(client)
    fill(client, "/about")
    fill(client, "/page/1", sd5=2)
    [form] = Screen(client.get("/page/1").text).forms
    cleared = client.post("/page/1", data={**form.fields, "vi3": "4", "_clear": "sd5"})
    assert cleared.headers["location"] == "/page/1#sd5"
    answers = sheet(client, service).answers
    assert "sd5" not in answers
    assert answers["vi3"] == 4
    assert client.get("/check").headers["location"] == "/page/1"


def test_going_back_keeps_what_is_on_the_page(client: TestClient, service: Service, code: str) -> None:
    enter(client, code)
    agree(client)
    fill(client, "/about")
    fill(client, "/page/1")
    first, *_ = filled_in(Screen(client.get("/page/2").text).forms[0], {})
    assert client.post("/page/2", data={first: "4", "_go": "back"}).headers["location"] == "/page/1"
    assert client.post("/page/2", data={"_go": "safety"}).headers["location"] == "/safety"
    assert sheet(client, service).answers[first] == 4
    assert "Go on with the questions" in client.get("/safety").text
    assert client.get("/check").headers["location"] == "/page/2"
    assert client.post("/page/1", data={"_go": "back"}).headers["location"] == "/about"
    assert client.post("/about", data={"_go": "back"}).headers["location"] == "/consent"


def test_the_sentences_name_the_person_thought_of(client: TestClient, code: str) -> None:
    enter(client, code)
    agree(client)
    fill(client, "/about", role="practice_educator")
    assert "your practice educator" in client.get("/page/1").text
    fill(client, "/about", role=RATHER_NOT_SAY)
    page = client.get("/page/1").text
    assert "this person" in page
    assert "practice educator" not in page


def test_an_answer_that_no_page_offers_is_refused(client: TestClient, service: Service, code: str) -> None:
    at_check(client, code)
    before = sheet(client, service)
    for path, field, value in [
        ("/page/1", "sd5", "5"),
        ("/page/1", "sd5", "-77"),
        ("/page/1", "sd5", "1e0"),
        ("/about", "role", "boss"),
    ]:
        assert client.post(path, data={field: value}).status_code == 422, (field, value)
    assert sheet(client, service) == before
    client.post("/page/1", data={"rr5": "4", "email": "a@example.org"})
    assert sheet(client, service).answers["rr5"] == 0
    assert "email" not in sheet(client, service).answers


def test_pages_that_are_not_there(client: TestClient, code: str) -> None:
    at_check(client, code)
    for path in ("/page/0", "/page/7", "/page/99999", "/page/-1", "/page/one", "/pages"):
        assert client.get(path).status_code == 404, path
        assert client.post(path, data=NOTHING).status_code in (404, 405), path


def test_a_paused_wave_takes_nothing_and_keeps_what_was_saved(
    client: TestClient, service: Service, code: str
) -> None:
    at_check(client, code)
    saved = sheet(client, service)
    [form] = Screen(client.get("/check").text).forms
    with write(service.engine) as db:
        waves.pause_wave(service, db, "demo-1")
    for answer in (
        client.get("/page/1"),
        client.post("/page/1", data=NOTHING),
        client.post("/enter", data={"code": code}),
        client.post("/send", data=form.fields),
    ):
        assert answer.status_code == 503
        assert "takes no answers just now" in answer.text
        assert answer.headers["retry-after"]
    with write(service.engine) as db:
        waves.resume_wave(service, db, "demo-1")
    assert sheet(client, service) == saved
    assert client.post("/send", data=form.fields).status_code == 200


def test_from_its_end_a_wave_takes_nothing(client: TestClient, service: Service, code: str) -> None:
    at_check(client, code)
    [form] = Screen(client.get("/check").text).forms
    with write(service.engine) as db:
        waves.announce_close(service, db, "demo-1", now() + timedelta(hours=24))
    assert client.get("/page/1").status_code == 200
    with write(service.engine) as db:
        waves.announce_close(service, db, "demo-1", now() - timedelta(seconds=1))
    for answer in (
        client.get("/page/1"),
        client.post("/page/1", data=NOTHING),
        client.post("/enter", data={"code": code}),
        client.post("/send", data=form.fields),
    ):
        assert answer.status_code == 410
        assert "This collection has closed" in answer.text
    assert rows(service) == []


def test_leaving_ends_the_place_and_writes_nothing(
    client: TestClient, service: Service, queries: Queries, code: str
) -> None:
    at_check(client, code)
    words = six_words(client)
    queries.clear()
    answer = client.get("/exit")
    assert queries.statements == []
    assert (answer.status_code, answer.headers["location"]) == (303, service.settings.leave_to)
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert client.get("/page/1").status_code == 404
    assert come_back(client, code, words) == "/check"


def test_every_page_can_be_left(client: TestClient, code: str) -> None:
    at_check(client, code)
    for path in ("/", "/consent", "/about", "/page/1", "/check", "/later", "/erase", "/safety", "/nothing"):
        assert Screen(client.get(path).text).links[0] == "/exit", path


def test_a_wave_may_show_another_number_of_questions_on_a_page(client: TestClient, service: Service) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="other", title="Other", people=20, context=["role"], information=example())
        studies.add_unit(db, "other", "one", "One")
        wave = waves.make_wave(service, db, "other", items_per_page=7)
        waves.open_wave(service, db, wave, confirmed=waves.CONFIRMATIONS)
        [code] = waves.issue_codes(service, db, wave, "one", 1)
    enter(client, code)
    agree(client)
    fill(client, "/about")
    assert "Questions 1 to 7 of 30" in client.get("/page/1").text
    for number in range(1, 6):
        last = fill(client, f"/page/{number}")
    assert last == "/check"
    client.post("/send", data=Screen(client.get("/check").text).forms[0].fields)
    assert rows(service)[0].layout == "vertical-7"


def test_a_simulated_study_says_so_on_every_page_of_its_wave(client: TestClient, code: str) -> None:
    at_check(client, code)
    for path in ("/consent", "/about", "/page/1", "/check"):
        assert "SIMULATED" in client.get(path).text, path


@pytest.mark.parametrize("questionnaire", ["bfi25", "seven"])
def test_any_questionnaire_can_be_answered(service: Service, questionnaire: str) -> None:
    settings = replace(service.settings, instruments=OTHERS)
    other = make_service(settings)
    form = other.instruments[questionnaire].forms[questionnaire]
    with write(other.engine) as db:
        studies.make_study(
            db,
            id="open",
            title="Open",
            instrument=questionnaire,
            form=form.id,
            people=20,
            information=example(),
        )
        studies.add_unit(db, "open", "one", "One")
        wave = waves.make_wave(other, db, "open")
        waves.open_wave(other, db, wave, confirmed=waves.CONFIRMATIONS)
        [code] = waves.issue_codes(other, db, wave, "one", 1)
    first = form.items[0]
    highest = form.scales[first.scale].codes[-1]
    with TestClient(
        create_app(settings, other), base_url="http://127.0.0.1", follow_redirects=False
    ) as client:
        respond(client, code, {first.id: highest})
    other.engine.dispose()
    [kept] = rows(service)
    assert kept.answers[first.id] == highest
    assert set(form.by_id) <= set(kept.answers)


def test_a_study_made_anew_under_its_name_by_another_process_is_shown_as_it_is(
    client: TestClient, service: Service, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.questionnaire.path.KEPT_SECONDS", 0.0)  # as a minute later
    enter(client, code)
    assert 'name="archive"' not in client.get("/consent").text
    client.cookies.clear()
    other = make_service(service.settings)
    make_due(other, "demo-1")
    maintenance.run_due_tasks(other)
    maintenance.retire(other, "demo-1")
    with write(other.engine) as db:
        delete_study(other, db, "demo")
        studies.make_study(db, id="demo", title="Another one", simulated=True, leaving="rows")
        studies.add_unit(db, "demo", "north", "North")
        waves.open_wave(other, db, wave := waves.make_wave(other, db, "demo"))
        [anew] = waves.issue_codes(other, db, wave, "north", 1)
    other.engine.dispose()
    assert wave == "demo-1"
    enter(client, anew)
    assert 'name="archive"' in client.get("/consent").text
