"""Mistakes, accidents and attacks on the respondent's way: nothing is lost, stored twice or let in."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DatabaseError, OperationalError
from starlette.testclient import TestClient

from app.closing import maintenance
from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT, SESSION, SUBMIT_KEY
from app.db import read, write
from app.languages import LANGUAGES, home
from app.runtime import Service, now
from app.studies import waves
from app.survey.drafts import DAYS_KEPT, open_draft
from app.vault import CROCKFORD, in_groups, new_code, read_code
from tests.lib.questionnaire_client import NOTHING, Screen, agree, at_check, come_back, enter, fill, six_words
from tests.lib.respondents import rows

pytestmark = pytest.mark.either

KEPT_FOR = 14
"""The days that the pages promise."""


def another_device(client: TestClient) -> TestClient:
    return TestClient(client.app, base_url="http://127.0.0.1", follow_redirects=False)


def saved(client: TestClient, service: Service) -> Mapping[str, Any]:
    with read(service.engine) as db:
        return open_draft(service, db, client.cookies["place"]).sheet.answers


def sheet_of(client: TestClient, at: str = "") -> dict[str, str]:
    [form] = Screen(client.get(f"{at}/check").text).forms
    return form.fields


# A code as people type and paste it


@pytest.mark.parametrize(
    "spelling",
    {
        "small": str.lower,
        "together": lambda code: code.replace("-", ""),
        "dashes": lambda code: code.replace("-", " – "),
        "no-break-hyphen": lambda code: code.replace("-", "\u2011"),
        "no-break-space": lambda code: code.replace("-", "\u00a0"),
        "a-line": lambda code: f"\t{code}\r\n",
        "quoted": lambda code: f"“{code}”.",
        "marks-of-direction": lambda code: f"\u200e{code}\u200f\ufeff",
        "o-and-i": lambda code: code.replace("0", "O").replace("1", "I"),
        "small-o-and-l": lambda code: code.lower().replace("0", "o").replace("1", "l"),
        "arabic-digits": lambda code: code.translate({0x30 + n: 0x0660 + n for n in range(10)}),
        "persian-digits": lambda code: code.translate({0x30 + n: 0x06F0 + n for n in range(10)}),
        "full-width": lambda code: code.translate({n: n + 0xFEE0 for n in range(0x30, 0x5B)}),
    }.items(),
    ids=lambda spelling: spelling[0],
)
def test_a_code_is_read_however_it_was_typed_or_pasted(spelling: tuple[str, Callable[[str], str]]) -> None:
    _, spelt = spelling
    every = [in_groups(CROCKFORD[n : n + 12]) for n in (0, 10, 20)]
    for code in (*every, in_groups(new_code())):
        assert read_code(spelt(code)) == code.replace("-", ""), spelt(code)


@pytest.mark.parametrize("typed", ["U" * 12, "ß" * 12, "ﷺ" * 3, "Ⅻ" * 6, "七" * 12, "7K2M" * 4, "é" * 12])
def test_what_is_no_code_is_read_as_none(typed: str) -> None:
    assert read_code(typed) is None


def test_a_very_long_paste_is_answered_with_a_small_page(client: TestClient, code: str) -> None:
    for typed in (code * 3_000, "\u200b" * 7_000 + code, "ﷺ" * 7_000):
        answer = client.post("/enter", data={"code": typed})
        assert answer.status_code in (303, 422)
        assert len(answer.content) < 12 * 1024


# Two tabs, two devices, another language


def test_an_older_tab_takes_nothing_from_the_other_pages(
    client: TestClient, service: Service, code: str
) -> None:
    """Each page saves what it shows; the last form sent from a page counts."""
    at_check(client, code)
    [old] = Screen(client.get("/page/1").text).forms
    fill(client, "/page/1", sd5=4)
    fill(client, "/page/2", sd2=4)
    client.post("/page/1", data={**old.fields, "vi3": "3"})
    answers = saved(client, service)
    assert (answers["sd5"], answers["vi3"], answers["sd2"]) == (0, 3, 4)


def test_a_tab_opened_before_a_page_was_answered_wipes_no_answer(
    client: TestClient, service: Service, code: str
) -> None:
    enter(client, code)
    agree(client)
    fill(client, "/about")
    [unanswered] = Screen(client.get("/page/1").text).forms
    assert "sd5" not in unanswered.fields
    fill(client, "/page/1", sd5=4, vi3=None)
    before = saved(client, service)
    assert before["sd5"] == 4
    assert client.post("/page/1", data={**unanswered.fields, **NOTHING}).headers["location"] == "/page/2"
    assert saved(client, service) == before
    client.post("/page/1", data={"_clear": "sd5"})
    assert "sd5" not in saved(client, service)


def test_a_tab_from_before_another_language_still_saves_and_sends(
    client: TestClient, service: Service, code: str
) -> None:
    at_check(client, code)
    before = sheet_of(client)
    assert client.post("/consent", data={"_language": "ar"}).headers["location"] == "/ar/consent"
    assert client.post("/page/1", data=NOTHING).headers["location"] == "/ar/consent"
    assert saved(client, service)["sd5"] == 0
    client.post("/ar/consent", data={"study": "yes"})
    assert client.post("/page/1", data={"sd5": "4"}).status_code == 303
    assert saved(client, service)["sd5"] == 4
    answer = client.post("/send", data=before)
    assert answer.status_code == 200
    [kept] = rows(service, RESPONSE)
    assert (kept.language, kept.answers["sd5"]) == ("en", 0)
    assert client.get("/ar/check").status_code == 404


def test_every_language_one_after_the_other_loses_no_answer(
    client: TestClient, service: Service, code: str
) -> None:
    at_check(client, code)
    before, at = saved(client, service), ""
    for language in (*LANGUAGES, "en"):
        client.post(f"{at}/consent", data={"_language": language})
        at = home(language)
        assert client.post(f"{at}/consent", data={"study": "yes"}).headers["location"] == f"{at}/check"
        assert saved(client, service) == before
    assert client.post("/send", data=sheet_of(client)).status_code == 200


def test_two_devices_in_turn_end_in_one_response_with_what_was_sent(
    client: TestClient, service: Service, code: str
) -> None:
    at_check(client, code)
    here = sheet_of(client)
    words = six_words(client)
    with another_device(client) as other:
        come_back(other, code, words)
        fill(other, "/page/1", sd5=4)
        there = sheet_of(other)
        assert here["_key"] == there["_key"]
        # The place of the first device has ended: what it still shows is not sent, and trying loses nothing.
        assert client.post("/send", data=here).status_code == 404
        assert rows(service, RESPONSE) == rows(service, SUBMIT_KEY) == []
        first = other.post("/send", data=there)
        assert first.status_code == 200
    assert client.post("/send", data=here).status_code == 409
    again = client.post("/send", data=there)
    assert Screen(again.text).text_of["receipt"] == Screen(first.text).text_of["receipt"]
    assert [row.answers["sd5"] for row in rows(service, RESPONSE)] == [4]


def test_an_erased_sheet_stays_erased_whatever_is_sent_again(
    client: TestClient, service: Service, code: str
) -> None:
    at_check(client, code)
    sheet = sheet_of(client)
    receipt = Screen(client.post("/send", data=sheet).text).text_of["receipt"]
    client.post("/erase", data={"receipt": receipt})
    assert client.post("/send", data=sheet).status_code == 410
    assert client.post("/send", data={**sheet, "sd5": "1"}).status_code == 409
    assert client.post("/send", data={**sheet, "_key": "k" * 43}).status_code == 404
    assert client.post("/enter", data={"code": code}).status_code == 409
    assert rows(service, RESPONSE) == []


# Coming back late


def begun_days_ago(service: Service, days: int) -> None:
    begun = now().date() - timedelta(days=days)
    with write(service.engine) as db:
        db.execute(update(DRAFT).values(expires_on=begun + timedelta(days=DAYS_KEPT)))
    maintenance.run_due_tasks(service)


@pytest.mark.parametrize("days", [KEPT_FOR, KEPT_FOR + 1])
@pytest.mark.usefixtures("one_day")
def test_on_the_last_promised_day_everything_is_there(
    client: TestClient, service: Service, code: str, days: int
) -> None:
    at_check(client, code)
    before, words = saved(client, service), six_words(client)
    begun_days_ago(service, days)
    with another_device(client) as other:
        assert come_back(other, code, words) == "/check"
        assert saved(other, service) == before
        assert other.post("/send", data=sheet_of(other)).status_code == 200


def test_after_that_the_code_begins_anew_and_a_page_left_open_can_still_be_sent(
    client: TestClient, service: Service, code: str
) -> None:
    at_check(client, code)
    left_open = sheet_of(client)
    begun_days_ago(service, KEPT_FOR + 2)
    ended = client.post("/page/1", data={"sd5": "4"})
    assert ended.status_code == 404
    assert "still saved" not in ended.text
    assert f"{KEPT_FOR} days" in ended.text
    assert rows(service, SESSION) == rows(service, DRAFT) == []
    assert [row.state for row in rows(service, CODE)] == ["issued"]
    assert enter(client, code) == "/consent"
    assert saved(client, service) == {}
    assert client.post("/send", data=left_open).status_code == 200
    [kept] = rows(service, RESPONSE)
    assert kept.answers["sd5"] == 0
    assert rows(service, DRAFT) == []


def test_a_wave_that_closes_while_somebody_checks_tells_so_and_keeps_nothing(
    client: TestClient, service: Service, code: str
) -> None:
    at_check(client, code)
    sheet = sheet_of(client)
    with write(service.engine) as db:
        waves.announce_close(service, db, "demo-1", now() + timedelta(hours=24))
    assert client.get("/check").status_code == 200
    with write(service.engine) as db:
        waves.announce_close(service, db, "demo-1", now() - timedelta(seconds=1))
    before = client.post("/send", data=sheet)
    maintenance.run_due_tasks(service)
    for answer in (before, client.post("/send", data=sheet), client.post("/enter", data={"code": code})):
        assert answer.status_code == 410
        assert "It takes no more answers" in answer.text
    assert client.get("/check").status_code == 404
    assert rows(service, RESPONSE) == rows(service, DRAFT) == []


# Browsers that keep nothing, forms that no page sends


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_refuses_cookies_is_told_what_is_wrong(client: TestClient, code: str, language: str) -> None:
    at = home(language)
    to = client.post(f"{at}/enter", data={"code": code}).headers["location"]
    client.cookies.clear()
    page = client.get(to)
    assert page.status_code == 404
    word = {"en": "cookie", "cy": "cwci", "es": "cookie", "ar": "ارتباط"}[language]
    assert word in page.text
    assert "14" in page.text


NONSENSE = (
    b"%",
    b"%zz=%1",
    b"sd5=%00",
    b"code=%00",
    b"receipt=%00",
    b"sd5=%ed%a0%80",
    b"sd5=%c0%af",
    b"sd5=\xff",
    b"sd5=1&sd5=2",
    b"sd5=" + b"9" * 6_000,
    b"sd5=%EF%BC%91",
    b"sd5=%D9%A1",
    b"sd5=1%20",
    b"sd5=+1",
    b"sd5=01",
    b"sd5=1.0",
    b"sd5=-66",
    b"sd5=-55",
    b"sd5=NaN",
    b"&".join(b"f%d=1" % n for n in range(2_001)),
    b"a" * 65_537,
)


def test_nonsense_changes_nothing_and_breaks_nothing(client: TestClient, service: Service, code: str) -> None:
    at_check(client, code)
    before, sheet = saved(client, service), sheet_of(client)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for body in NONSENSE:
        for path in ("/page/1", "/send", "/consent", "/about", "/enter", "/erase", "/reflect", "/result"):
            answer = client.post(path, content=body, headers=headers)
            assert answer.status_code in (303, 413, 422), (path, body[:40], answer.status_code)
            assert answer.status_code != 303 or path in ("/page/1", "/about"), (path, body[:40])
    assert saved(client, service) == before
    assert rows(service, RESPONSE) == []
    assert client.post("/send", data=sheet).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/page/" + "9" * 5_000,
        "/page/1%00",
        "/page/%D9%A1",
        "/page/+1",
        "/page/01",
        "/page/1/",
        "/page//1",
        "//page/1",
        "/ar//page/1",
        "/AR/page/1",
        "/ar/ar/page/1",
        "/page/1;a=b",
        "/%70age/%31%",
        "/..%2fpage/1",
    ],
    ids=lambda path: path[:20],
)
def test_a_strange_address_is_no_page(client: TestClient, code: str, path: str) -> None:
    at_check(client, code)
    for method in ("GET", "POST"):
        answer = client.request(method, path, data=NOTHING if method == "POST" else None)
        assert answer.status_code == 404, answer.status_code


# Damage


def test_a_draft_that_was_damaged_is_not_told_as_saved(
    client: TestClient, service: Service, code: str
) -> None:
    at_check(client, code)
    with write(service.engine) as db:
        db.execute(update(DRAFT).values(ciphertext=bytes(1000)))
    for answer in (client.get("/check"), client.get("/page/1"), client.post("/page/1", data=NOTHING)):
        assert answer.status_code == 500
        assert "The files of this service are damaged" in answer.text
        assert "may be lost" in answer.text
        assert "still saved" not in answer.text


@pytest.mark.parametrize("name", ["SQLITE_CORRUPT", "SQLITE_CORRUPT_INDEX", "SQLITE_NOTADB"])
@pytest.mark.parametrize("kind", [DatabaseError, OperationalError])
def test_a_database_that_says_it_is_damaged_is_told_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, name: str, kind: type[DatabaseError]
) -> None:
    original = Exception("what it said")
    original.sqlite_errorname = name  # type: ignore[attr-defined]

    def damaged(*_: object, **__: object) -> None:
        raise kind("SELECT", {}, original)

    monkeypatch.setattr("app.survey.routes.open_draft", damaged)
    answer = client.get("/check")
    assert answer.status_code == 500
    assert "The files of this service are damaged" in answer.text
    assert "still saved" not in answer.text
