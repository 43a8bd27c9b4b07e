"""Respondents' requests by the table of app.survey.road, and their statements on the driver."""

import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from types import SimpleNamespace

import pytest
from httpx2 import Response
from sqlalchemy import event
from starlette.testclient import TestClient

from app.db import SQLITE_POOL, is_sqlite, read, respondents_pool, write
from app.main import create_app
from app.runtime import Service
from app.studies import waves
from app.survey import road
from tests.lib.questionnaire_client import respond

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def by_the_framework(service: Service) -> Iterator[TestClient]:
    """The same application without the table."""
    application = create_app(service.settings, service)
    application.user_middleware = [each for each in application.user_middleware if each.cls is not road.Road]
    with TestClient(application, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


REQUESTS = (
    ("GET", "/", None),
    ("HEAD", "/", None),
    ("GET", "/ar/", None),
    ("GET", "/consent", None),
    ("HEAD", "/consent", None),
    ("POST", "/consent", b"study=yes"),
    ("POST", "/consent", b"study=yes&study=yes"),
    ("POST", "/consent", b"\xff"),
    ("POST", "/page/1", b"%00=1"),
    ("POST", "/page/1", b"a" * 70_000),
    ("DELETE", "/consent", None),
    ("PUT", "/page/1", b"ee1=3"),
    ("GET", "/page/99", None),
    ("GET", "/page/", None),
    ("GET", "/page/1/2", None),
    ("GET", "/page/*", None),
    ("GET", "/page", None),
    ("GET", "/static/nothing.css", None),
    ("GET", "/nothing", None),
    ("POST", "/", b"code=1"),
    ("GET", "/enter", None),
    ("POST", "/enter", b"code=nonsense"),
    ("POST", "/send", b"_wave=nothing"),
    ("GET", "/exit", None),
    ("GET", "/later", None),
    ("GET", "/safety", None),
    ("POST", "/erase", b"receipt=nonsense"),
)


def headers(answer: Response) -> dict[str, str]:
    """Its headers, without the moment at which a cookie ends: a second may pass between the two answers."""
    return {name: re.sub("expires=[^;]*", "expires", value) for name, value in answer.headers.items()}


@pytest.mark.parametrize("under_way", [False, True])
def test_the_table_answers_as_the_framework_does(
    client: TestClient,
    by_the_framework: TestClient,
    code: str,
    under_way: bool,
) -> None:
    if under_way:
        client.post("/enter", data={"code": code})
    for method, path, body in REQUESTS:
        by_the_framework.cookies = client.cookies
        one, other = (
            each.request(method, path, content=body, headers=FORM) for each in (client, by_the_framework)
        )
        assert one.status_code == other.status_code, (method, path)
        assert one.text == other.text, (method, path)
        assert headers(one) == headers(other), (method, path)


def test_staff_who_hold_every_connection_stop_nobody(client: TestClient, service: Service, code: str) -> None:
    if not is_sqlite(service.engine):
        pytest.skip("on PostgreSQL respondents wait in threads, and stop nobody else")
    with ExitStack() as staff:
        for _ in range(SQLITE_POOL):
            staff.enter_context(read(service.engine))
        respond(client, code)


def test_after_a_slow_page_others_are_made_in_threads_but_for_two_connections(
    client: TestClient,
    service: Service,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if not is_sqlite(service.engine):
        pytest.skip("on PostgreSQL every page is made in a thread")
    monkeypatch.setattr(road, "SLOW", 0.0)
    respond(client, code)
    assert [each.msg for each in caplog.records if "slow" in each.msg] == [
        "the disk or the machine is slow: a page held up everybody for a moment"
    ]
    held: list[int] = []

    def hold(*_of_the_pool: object) -> None:
        held.append(respondents_pool(service.engine).checkedout())  # type: ignore[attr-defined]  # of a QueuePool
        time.sleep(0.01)

    with write(service.engine) as db:
        [another] = waves.issue_codes(service, db, "demo-1", "north", 1)
    client.post("/enter", data={"code": another})
    event.listen(respondents_pool(service.engine), "checkout", hold)
    with ThreadPoolExecutor(12) as people:
        answers = list(people.map(lambda _: client.get("/consent").status_code, range(24)))
    event.remove(respondents_pool(service.engine), "checkout", hold)
    assert answers == [200] * 24
    assert max(held) == SQLITE_POOL - 2


def test_a_page_that_takes_long_to_make_sends_no_other_into_threads(
    client: TestClient, service: Service, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_sqlite(service.engine):
        pytest.skip("on PostgreSQL every page is made in a thread")
    client.post("/enter", data={"code": code})
    # By these clocks each page takes ten seconds, in which the processor works for it all the time.
    passed, worked = count(0, 10), count(0, 10)
    clocks = SimpleNamespace(monotonic=lambda: float(next(passed)), thread_time=lambda: float(next(worked)))
    monkeypatch.setattr(road, "time", clocks)
    threads: set[str] = set()

    def note(*_of_the_pool: object) -> None:
        threads.add(threading.current_thread().name)

    event.listen(respondents_pool(service.engine), "checkout", note)
    for _ in range(4):
        assert client.get("/consent").status_code == 200
    event.remove(respondents_pool(service.engine), "checkout", note)
    assert not any(name.startswith("respondent") for name in threads), threads


def test_answers_that_waited_too_long_in_line_are_told_as_not_saved(
    client: TestClient, service: Service, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_sqlite(service.engine):
        pytest.skip("PostgreSQL has many writers and no line")
    client.post("/enter", data={"code": code})
    monkeypatch.setattr(road, "LONGEST_IN_LINE", -1.0)
    answer = client.post("/consent", data={"study": "yes"})
    assert answer.status_code == 503
    assert "not" in answer.text
    monkeypatch.undo()
    assert client.get("/page/1").headers["location"] == "/consent"


def test_the_service_stops_when_its_threads_have_done_what_they_were_given(
    service: Service, code: str
) -> None:
    """Afterwards its files are let go of, and a backup may be put back."""
    application = create_app(service.settings, service)
    with TestClient(application, base_url="http://127.0.0.1", follow_redirects=False) as client:
        assert client.post("/enter", data={"code": code}).status_code == 303
        layer = application.middleware_stack
        while not isinstance(layer, road.Road):
            layer = layer.app  # type: ignore[union-attr]  # each has one until the last
        given = [each.submit(time.sleep, 0.5) for each in (layer._writer, layer._threads)]
    assert [each.done() for each in given] == [True, True]


def test_a_connection_that_the_server_closed_is_replaced(
    client: TestClient, service: Service, code: str, request: pytest.FixtureRequest
) -> None:
    if is_sqlite(service.engine):
        pytest.skip("SQLite closes no connection")
    client.post("/enter", data={"code": code})
    cluster = request.getfixturevalue("postgres")
    cluster.end_connections(service.settings.database_url)
    assert client.get("/consent").status_code == 200
