"""Sending: once, whatever the network does; nothing that was not shown; and what a receipt can do."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import event
from starlette.testclient import TestClient

from app.closing.mixing import RESPONSE
from app.closing.purge import CODE, DRAFT, SESSION, SUBMIT_KEY
from app.db import is_sqlite, write
from app.runtime import Service, now
from app.studies import waves
from app.survey import road
from tests.lib.cohorts import another_study
from tests.lib.questionnaire_client import Screen, at_check, come_back, fill, respond, six_words
from tests.lib.respondents import rows
from tests.lib.statements import pools

TIMES = 5
AT_ONCE = 8
pytestmark = pytest.mark.usefixtures("study")


@pytest.fixture(autouse=True)
def _a_slow_disk_refuses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(road, "LONGEST_IN_LINE", 60.0)


def checked(client: TestClient, code: str) -> dict[str, str]:
    """Come to the check page; return what its form sends."""
    at_check(client, code)
    [form] = Screen(client.get("/check").text).forms
    return form.fields


def receipt_on(page: str) -> str:
    return Screen(page).text_of["receipt"]


def codes(service: Service, count: int) -> list[str]:
    with write(service.engine) as db:
        return waves.issue_codes(service, db, "demo-1", "south", count)


def test_the_answer_to_sending_is_the_receipt_and_the_place_ends(
    client: TestClient, service: Service, code: str
) -> None:
    answer = client.post("/send", data=checked(client, code))
    assert answer.status_code == 200
    assert len(receipt_on(answer.text)) == len("AAAA-AAAA-AAAA")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert client.get("/check").status_code == 404
    assert rows(service, DRAFT) == rows(service, SESSION) == []


def test_sending_again_after_a_lost_answer_shows_the_same_receipt(
    client: TestClient, service: Service, code: str
) -> None:
    fields = checked(client, code)
    first = client.post("/send", data=fields).text
    second = client.post("/send", data=fields)
    assert receipt_on(second.text) == receipt_on(first)
    assert len(rows(service, RESPONSE)) == len(rows(service, SUBMIT_KEY)) == 1


def test_another_sheet_under_the_same_key_is_a_conflict(
    client: TestClient, service: Service, code: str
) -> None:
    fields = checked(client, code)
    client.post("/send", data=fields)
    answer = client.post("/send", data={**fields, "sd5": "4"})
    assert answer.status_code == 409
    assert "already sent" in answer.text
    assert [row.answers["sd5"] for row in rows(service, RESPONSE)] == [0]


def test_a_key_that_was_sent_in_another_wave_is_a_conflict(
    client: TestClient, service: Service, code: str
) -> None:
    """Its receipt would be that of two responses, and one of them could not be erased."""
    fields = checked(client, code)
    client.post("/send", data=fields)
    other = another_study(service, "other")
    with write(service.engine) as db:
        [theirs] = waves.issue_codes(service, db, other, "only", 1)
    mine = checked(client, theirs)
    answer = client.post("/send", data={**mine, "_key": fields["_key"]})
    assert (answer.status_code, "already sent" in answer.text) == (409, True)
    assert len(rows(service, RESPONSE)) == 1
    assert client.post("/send", data=mine).status_code == 200, "nothing was lost by it"


def test_what_is_sent_is_what_the_page_showed_not_what_was_saved_since(
    client: TestClient, service: Service, code: str
) -> None:
    fields = checked(client, code)
    fill(client, "/page/1", sd5=4)
    client.post("/send", data=fields)
    assert rows(service, RESPONSE)[0].answers["sd5"] == 0


def test_a_page_never_shown_is_caught(client: TestClient, service: Service, code: str) -> None:
    fields = checked(client, code)
    for missing, page in (("sd5", "/page/1"), ("rr5", "/page/6"), ("role", "/about")):
        answer = client.post("/send", data={name: each for name, each in fields.items() if name != missing})
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert rows(service, RESPONSE) == rows(service, SUBMIT_KEY) == []
    assert [row.state for row in rows(service, CODE)] == ["started"]
    assert client.post("/send", data=fields).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"_consent": ""},
        {"_consent": "agreed"},
        {"_purposes": ""},
        {"_purposes": "archive"},
        {"_wave": "demo-1\0"},
        {"_wave": "../demo-1"},
        {"_key": "short"},
        {"_language": "xx"},
        {"sd5": "7"},
        {"role": "\0"},
    ],
    ids=str,
)
def test_a_sheet_that_no_page_makes_is_refused(
    client: TestClient, service: Service, code: str, change: dict[str, str]
) -> None:
    fields = checked(client, code)
    assert client.post("/send", data={**fields, **change}).status_code == 422
    assert rows(service, RESPONSE) == rows(service, SUBMIT_KEY) == []


def test_a_sheet_for_a_wave_that_is_not_there_or_is_another(
    client: TestClient, service: Service, code: str
) -> None:
    fields = checked(client, code)
    assert client.post("/send", data={**fields, "_wave": "demo-9"}).status_code == 404
    with write(service.engine) as db:
        other = waves.make_wave(service, db, "demo")
        waves.open_wave(service, db, other)
    assert client.post("/send", data={**fields, "_wave": other}).status_code == 404
    assert rows(service, RESPONSE) == []
    assert client.post("/send", data=fields).status_code == 200


def test_nobody_sends_without_a_place(client: TestClient, service: Service, code: str) -> None:
    fields, words = checked(client, code), six_words(client)
    client.cookies.clear()
    answer = client.post("/send", data=fields)
    assert answer.status_code == 404
    assert rows(service, RESPONSE) == []
    come_back(client, code, words)
    assert client.post("/send", data=fields).status_code == 200


def test_after_the_end_nothing_is_taken_not_even_what_was_sent_before(
    client: TestClient, service: Service
) -> None:
    late, sent = codes(service, 2)
    fields_late, fields_sent = checked(client, late), checked(client, sent)
    first = client.post("/send", data=fields_sent)
    with write(service.engine) as db:
        waves.announce_close(service, db, "demo-1", now() - timedelta(seconds=1))
    enter_again = client.post("/enter", data={"code": late})
    assert (enter_again.status_code, client.post("/send", data=fields_late).status_code) == (410, 410)
    assert receipt_on(client.post("/send", data=fields_sent).text) == receipt_on(first.text)
    with write(service.engine) as db:
        db.execute(SUBMIT_KEY.delete())
    assert client.post("/send", data=fields_sent).status_code == 410
    assert len(rows(service, RESPONSE)) == 1


def test_the_same_sheet_sent_many_times_at_once_is_kept_once(client: TestClient, service: Service) -> None:
    for code in codes(service, TIMES):
        fields = checked(client, code)
        answers = all_at_once(client, [("/send", fields)] * AT_ONCE)
        assert {answer.status_code for answer in answers} == {200}
        assert len({receipt_on(answer.text) for answer in answers}) == 1
    assert len(rows(service, RESPONSE)) == len(rows(service, SUBMIT_KEY)) == TIMES


def test_different_sheets_sent_at_once_with_one_code_leave_one(client: TestClient, service: Service) -> None:
    for code in codes(service, TIMES):
        fields = checked(client, code)
        sheets = [{**fields, "_key": f"{code}-{n:028d}", "sd5": str(n % 5)} for n in range(AT_ONCE)]
        answers = all_at_once(client, [("/send", sheet) for sheet in sheets])
        assert sorted({answer.status_code for answer in answers}) == [200, 404]
        assert sum(answer.status_code == 200 for answer in answers) == 1
    assert len(rows(service, RESPONSE)) == len(rows(service, SUBMIT_KEY)) == TIMES


def test_entering_at_once_on_many_devices_leaves_one_place_and_the_draft(
    client: TestClient, service: Service, code: str
) -> None:
    answers = all_at_once(client, [("/enter", {"code": code})] * AT_ONCE)
    assert {answer.status_code for answer in answers} == {303}
    assert len(rows(service, SESSION)) == len(rows(service, DRAFT)) == 1
    places = [client.get("/consent", headers=as_header(answer.cookies)).status_code for answer in answers]
    assert sorted(places) == [200] + [404] * (AT_ONCE - 1)


def test_sending_here_while_entering_there_ends_in_one_of_the_two(
    client: TestClient, service: Service
) -> None:
    for code in codes(service, TIMES):
        fields = checked(client, code)
        posts = [("/send", fields), ("/enter", {"code": code}), ("/page/1", {"sd5": "4"})]
        sent, entered, saved = all_at_once(client, posts)
        assert (sent.status_code, entered.status_code) in {(200, 409), (404, 303)}
        assert saved.status_code in (303, 404)
        before = len(rows(service, RESPONSE))
        if sent.status_code == 404:
            assert client.post("/send", data=fields, headers=as_header(entered.cookies)).status_code == 200
        assert len(rows(service, RESPONSE)) == before + (sent.status_code == 404)
        assert rows(service, SESSION) == rows(service, DRAFT) == []


def test_tabs_that_save_at_once_lose_nothing(client: TestClient, code: str) -> None:
    at_check(client, code)
    tabs = [("/page/1", "sd5"), ("/page/6", "rr5"), ("/page/2", "sd2"), ("/page/3", "sd4")]
    all_at_once(client, [(path, {name: "4", "_go": "back"}) for path, name in tabs])
    page = client.get("/check").text
    assert all(f'name="{name}" value="4"' in page for _, name in tabs)


def test_a_receipt_erases_and_shows_nothing(client: TestClient, service: Service, code: str) -> None:
    receipt = respond(client, code, {"sd5": 3})
    other = respond(client, codes(service, 1)[0], {"sd5": 4})
    answer = client.post("/erase", data={"receipt": receipt.lower().replace("-", " ")})
    assert answer.status_code == 200
    assert "Your answers are erased" in answer.text
    assert [row.answers["sd5"] for row in rows(service, RESPONSE)] == [4]
    for words in ("Mostly true", "demo", "north", receipt):
        assert words not in answer.text
    again = client.post("/erase", data={"receipt": receipt})
    assert again.status_code == 422
    assert "No answers belong to this receipt" in again.text
    assert client.post("/enter", data={"code": code}).status_code == 409
    assert client.post("/erase", data={"receipt": other}).status_code == 200


@pytest.mark.parametrize("typed", ["", "abc", "7K2M-7K2M-7K2M", "\0", "é" * 12])
def test_a_receipt_of_nobody_erases_nothing(
    client: TestClient, service: Service, code: str, typed: str
) -> None:
    respond(client, code)
    assert client.post("/erase", data={"receipt": typed}).status_code == 422
    assert len(rows(service, RESPONSE)) == 1


def test_what_was_erased_is_not_said_to_be_kept(client: TestClient, code: str) -> None:
    fields = checked(client, code)
    receipt = receipt_on(client.post("/send", data=fields).text)
    client.post("/erase", data={"receipt": receipt})
    answer = client.post("/send", data=fields)
    assert answer.status_code == 410
    assert "erased since" in answer.text


def test_what_the_database_did_not_take_is_told_as_not_saved(
    client: TestClient, service: Service, code: str
) -> None:
    fields = checked(client, code)
    with impatient(service), write(service.engine) as db:
        waves.hold_wave(db, "demo-1", exclusive=True)
        answers = [client.post("/send", data=fields), client.post("/page/1", data={"sd5": "1"})]
        entering = client.post("/enter", data={"code": code})
    for answer in (*answers, entering):
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
    assert all("not saved just now" in answer.text for answer in answers)
    assert "could not be done just now" in entering.text
    assert rows(service, RESPONSE) == []
    assert client.post("/send", data=fields).status_code == 200


def test_a_full_disk_is_told_as_not_saved_and_what_was_saved_stays(
    client: TestClient, service: Service
) -> None:
    if not is_sqlite(service.engine):
        pytest.skip("only SQLite's file can be kept from growing here")
    typed = codes(service, 60)
    with settled(service, "PRAGMA max_page_count=1"):
        answers = [client.post("/enter", data={"code": code}) for code in typed]
    taken = [answer for answer in answers if answer.status_code == 303]
    refused = [answer for answer in answers if answer.status_code != 303]
    assert refused
    assert {answer.status_code for answer in refused} == {503}
    assert len(rows(service, DRAFT)) == len(rows(service, SESSION)) == len(taken)
    assert {client.post("/enter", data={"code": code}).status_code for code in typed} == {303}


def impatient(service: Service) -> AbstractContextManager[None]:
    """Connections that give up on a lock at once."""
    kind = "PRAGMA busy_timeout=20" if is_sqlite(service.engine) else "SET lock_timeout = '20ms'"
    return settled(service, kind)


@contextmanager
def settled(service: Service, setting: str) -> Iterator[None]:
    """Every connection gets the setting before it is used, and none keeps it."""

    def settle(connection: Any, *_rest: object) -> None:
        connection.execute(setting)
        connection.commit()

    for pool in pools(service.engine):
        event.listen(pool, "checkout", settle)
    yield
    for pool in pools(service.engine):
        event.remove(pool, "checkout", settle)
    service.engine.dispose()


def all_at_once(client: TestClient, posts: list[tuple[str, dict[str, str]]]) -> list[Response]:
    """Post from as many threads as there are posts, each with the cookie as it is now."""
    headers = as_header(client.cookies)
    with ThreadPoolExecutor(len(posts)) as pool:
        return list(pool.map(lambda post: client.post(post[0], data=post[1], headers=headers), posts))


def as_header(cookies: Mapping[str, str]) -> dict[str, str]:
    return {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
