"""Coming back: by code and six words, or in the browser that is still open; the code alone starts anew."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT, SESSION
from app.db import read, write
from app.languages import LANGUAGES, home
from app.questionnaire.sheet import Sheet
from app.runtime import Service
from app.survey.drafts import NO_PHRASE, open_draft
from app.survey.phrases import in_words, read_phrase
from tests.lib.questionnaire_client import NOTHING, Screen, agree, at_check, come_back, enter, fill, six_words
from tests.lib.respondents import rows

WRONG = "acorn acorn acorn acorn acorn acorn"


@pytest.fixture
def stranger(client: TestClient) -> Iterator[TestClient]:
    """A browser of somebody else, or of the same person elsewhere."""
    with TestClient(client.app, base_url="http://127.0.0.1", follow_redirects=False) as other:
        yield other


def sheet(client: TestClient, service: Service) -> Sheet:
    with read(service.engine) as db:
        return open_draft(service, db, client.cookies["place"]).sheet


def begun(client: TestClient, code: str) -> str:
    """Answer a page; return the words."""
    enter(client, code)
    agree(client)
    fill(client, "/about")
    fill(client, "/page/1", sd5=3)
    return six_words(client)


def test_the_words_are_shown_where_they_may_be_wanted_and_to_nobody_else(
    client: TestClient, stranger: TestClient, code: str
) -> None:
    enter(client, code)
    words = Screen(client.get("/consent").text).text_of["phrase"]
    assert len(words.split()) == 6
    agree(client)
    fill(client, "/about")
    leads = client.post("/page/1", data={"sd5": "4", "_go": "later"}).headers["location"]
    assert leads == "/later"
    assert six_words(client) == words
    assert client.get("/check").headers["location"] == "/page/1"
    assert 'name="sd5" value="4" checked' in client.get("/page/1").text
    for path in ("/about", "/page/1", "/safety"):
        assert words not in client.get(path).text
    assert stranger.get("/later").status_code == 404


def test_the_code_alone_opens_nothing_and_says_nothing_of_what_is_there(
    client: TestClient, stranger: TestClient, service: Service, code: str
) -> None:
    words = begun(client, code)
    before = rows(service, DRAFT), rows(service, SESSION), rows(service, CODE)
    asked = stranger.post("/enter", data={"code": code})
    assert asked.status_code == 200
    assert not asked.cookies
    assert "Something is saved under this code" in asked.text
    other = stranger.post("/enter", data={"code": code, "phrase": WRONG})
    assert other.status_code == 422
    assert "These words do not open what is saved" in other.text
    assert not other.cookies
    for typed in ("", words.split()[0], " ".join(words.split()[::-1]), code, words + " acorn"):
        assert stranger.post("/enter", data={"code": code, "phrase": typed}).status_code == 422
    few = stranger.post("/enter", data={"code": code, "phrase": " ".join(words.split()[:5])}).text
    assert "Six words are needed" in few
    assert "somebody has started anew" not in few, "five words are no sign of that"
    unknown = stranger.post("/enter", data={"code": code, "phrase": "acorn <b>quil</b> zinc"})
    assert "We do not know: b, quil, b." in unknown.text
    for answer in (asked, other, unknown):
        assert not any(told in answer.text for told in (words, "demo", "Demonstration", "orth", "sd5"))
    assert (rows(service, DRAFT), rows(service, SESSION), rows(service, CODE)) == before
    assert client.post("/page/2", data=NOTHING).status_code == 303


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_open_it_in_whatever_language_they_were_shown(
    client: TestClient, stranger: TestClient, service: Service, code: str, language: str
) -> None:
    words = in_words(read_phrase(begun(client, code)), language)
    asked = stranger.post(f"{home(language)}/enter", data={"code": code})
    form = Screen(asked.text).forms[0]
    answer = stranger.post(form.action, data={**form.fields, "phrase": f" {words.upper()}. "})
    assert answer.headers["location"] == "/page/2"
    assert sheet(stranger, service).answers["sd5"] == 3
    assert client.get("/page/2").status_code == 404


def test_the_browser_that_is_still_open_goes_on_without_them(
    client: TestClient, service: Service, code: str
) -> None:
    words = begun(client, code)
    assert enter(client, code) == "/page/2"
    assert sheet(client, service).answers["sd5"] == 3
    assert six_words(client) == words


def test_to_start_anew_deletes_what_was_saved_and_is_noticed(
    client: TestClient, stranger: TestClient, service: Service, code: str
) -> None:
    words = begun(client, code)
    _, anew = Screen(stranger.post("/enter", data={"code": code}).text).forms
    answer = stranger.post(anew.action, data={**anew.fields, "anew": "yes"})
    assert answer.headers["location"] == "/consent"
    assert sheet(stranger, service).answers == {}
    assert six_words(stranger) != words
    assert len(rows(service, DRAFT)) == len(rows(service, SESSION)) == 1
    for ended in (client.get("/page/2"), client.post("/page/2", data=NOTHING), client.get("/later")):
        assert ended.status_code == 404
        assert "somebody has started anew" in ended.text
    agree(stranger)
    assert "somebody has started anew" in client.post("/enter", data={"code": code, "phrase": words}).text
    # Whoever can start anew can do so again.
    answer = client.post("/enter", data={"code": code, "anew": "yes"})
    assert answer.headers["location"] == "/consent"
    assert stranger.get("/consent").status_code == 404


def test_a_page_that_was_open_when_somebody_started_anew_is_not_sent_in_their_name(
    client: TestClient, stranger: TestClient, service: Service, code: str
) -> None:
    at_check(client, code)
    [form] = Screen(client.get("/check").text).forms
    stranger.post("/enter", data={"code": code, "anew": "yes"})
    assert client.post("/send", data=form.fields).status_code == 404
    assert rows(service, RESPONSE) == []


def test_who_lost_the_answer_to_their_code_types_it_again_and_is_asked_nothing(
    client: TestClient, stranger: TestClient, service: Service, code: str
) -> None:
    for browser in (client, stranger):
        assert enter(browser, code) == "/consent"
    assert client.get("/consent").status_code == 404
    assert len(rows(service, DRAFT)) == len(rows(service, SESSION)) == 1
    assert [row.state for row in rows(service, CODE)] == ["issued"]
    agree(stranger)
    assert [row.state for row in rows(service, CODE)] == ["started"]
    assert "Something is saved" in client.post("/enter", data={"code": code}).text
    client.post("/enter", data={"code": code, "anew": "yes"})
    assert [row.state for row in rows(service, CODE)] == ["issued"]


def test_what_was_begun_before_there_were_words_goes_on_in_its_browser_alone(
    client: TestClient, stranger: TestClient, service: Service, code: str
) -> None:
    words = begun(client, code)
    with write(service.engine) as db:
        db.execute(update(DRAFT).values(key_by_code=NO_PHRASE))
    assert "before there were words" in client.get("/later").text
    for path in ("/later", "/consent"):
        assert words not in client.get(path).text
    for proof in ({}, {"phrase": words}):
        asked = stranger.post("/enter", data={"code": code, **proof})
        assert "before there were words" in asked.text
        [anew] = Screen(asked.text).forms
        assert "phrase" not in anew.fields
    fill(client, "/page/2")
    assert enter(client, code) == "/page/3"
    assert come_back(stranger, code, six_words(client)) == "/page/3"


def test_the_way_to_the_receipt_has_no_tap_more(client: TestClient, code: str) -> None:
    """Code, consent, facts, six pages, send: ten forms, no more than without words."""
    screen = Screen(client.get("/").text)
    posts, data = 0, {"code": code}
    here = "/"
    while "receipt" not in screen.text_of:
        [form] = screen.forms
        chosen = {name: offered[0] for name, offered in form.choices.items()}
        boxes = dict.fromkeys(form.required & set(form.boxes), "yes")
        answer = client.post(form.action or here, data={**form.fields, **chosen, **boxes, **data})
        posts, data = posts + 1, {}
        if answer.status_code == 303:
            here = answer.headers["location"]
            answer = client.get(here)
        screen = Screen(answer.text)
    assert posts == 10
