"""What every response shows to a browser, whichever route and however it ends; and what no log shows."""

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.testclient import TestClient

from app.db import write
from app.errors import TooLarge
from app.form_data import MAX_BODY, read_form
from app.logs import ValueFree
from app.main import create_app
from app.middleware import HEADERS
from app.questionnaire.sheet import Sheet
from app.runtime import Installed, Service
from app.studies import waves
from app.templating import static_files
from app.vault import read_code
from tests.lib.cohorts import close, take_part
from tests.lib.questionnaire_client import agree, at_check, enter, respond
from tests.privacy.organisations import of_one_mind

FORM = {"content-type": "application/x-www-form-urlencoded"}
FOR_EVER = "public, max-age=31536000, immutable"


def routes(client: TestClient) -> list[tuple[str, str]]:
    """Every method and path of the application, with something in the place of its parameters."""
    found = [
        (method, re.sub(r"\{[^}]*\}", "1", route.path))
        for route in client.app.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods)
    ]
    assert len(found) > 15
    return found


def has_every_header(answer: object, *, cached: bool = False) -> bool:
    expected = {**HEADERS, **({"cache-control": FOR_EVER} if cached else {})}
    assert {name: answer.headers.get(name) for name in expected} == expected, answer.request.url
    assert "server" not in answer.headers
    assert "etag" not in answer.headers
    return True


def test_the_headers_are_as_they_were_agreed() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert HEADERS["cache-control"] == "no-store"
    assert HEADERS["referrer-policy"] == "no-referrer"
    assert HEADERS["x-content-type-options"] == "nosniff"
    assert HEADERS["cross-origin-opener-policy"] == HEADERS["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.usefixtures("study")
def test_every_route_has_every_header_however_it_ends(client: TestClient) -> None:
    statuses = set()
    for method, path in routes(client):
        asks = [
            client.request(method, path),
            client.request(method, path, headers=FORM, content=b"x" * (MAX_BODY + 1)),
            client.request(method, path, headers=FORM, content=b"a=1&a=2"),
            client.request(method, path, headers=FORM, content=b"a=%ff\xff"),
            client.request(method, path, headers={"content-type": "application/json"}, content=b"{"),
            client.request(method, path, headers={"sec-fetch-site": "cross-site"}),
            client.request("PUT", path),
            client.request("HEAD", path),
        ]
        for answer in asks:
            assert has_every_header(answer)
            statuses.add(answer.status_code)
            assert answer.status_code < 500 or answer.status_code == 503, (method, path, answer.status_code)
    assert {200, 303, 403, 404, 405, 413, 422} <= statuses


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("leaving", ["rows"])
@pytest.mark.usefixtures("study")
def test_every_page_and_file_is_answered_by_head_as_well(service: Service) -> None:
    take_part(service, "demo-1", "south", of_one_mind(12, 2))
    close(service, "demo-1")
    names = {"wave": "demo-1", "study": "demo", "instrument": "ppiq", "form": "a", "name": "csv"}
    everything_open = replace(service, settings=replace(service.settings, demo=True))
    client = client_of(everything_open)
    shown = {"/cy/", *static_files().values()}
    for route in client.app.routes:
        if isinstance(route, APIRoute) and "GET" in route.methods:
            shown.add(re.sub(r"{(\w+)}", lambda each: names.get(each[1], "1"), route.path))
    found = set()
    for path in shown:
        asked, head = client.get(path), client.head(path)
        assert asked.status_code == head.status_code, path
        assert asked.headers.get("content-type") == head.headers.get("content-type"), path
        found |= {path} if head.status_code == 200 else set()
    exports = {f"/export/waves/demo-1/{each}" for each in ("all.zip", "responses.csv", "reliability.html")}
    assert {"/", "/ready", "/host/studies/demo", "/api/v1/openapi.json", *exports} <= found
    assert client.head("/send").status_code == 405


@pytest.mark.usefixtures("study")
def test_a_collection_whose_questions_are_missing_is_told_calmly_and_logged(
    service: Service, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    gone = replace(service, instruments=Installed({}))
    with TestClient(create_app(gone.settings, gone), base_url="http://127.0.0.1") as client:
        assert client.get("/ready").status_code == client.head("/ready").status_code == 503
        for answer in (client.post("/enter", data={"code": code}), client.get("/host/studies/demo")):
            assert answer.status_code in (503, 404)
            assert "our fault" not in answer.text
        answer = client.post("/enter", data={"code": code})
        assert answer.status_code == 503
        assert "Its questions are missing here just now" in answer.text
    assert "app.errors.NotInstalled" in caplog.records[-1].at
    assert client_of(service).get("/ready").status_code == 200


def client_of(service: Service) -> TestClient:
    return TestClient(create_app(service.settings, service), base_url="http://127.0.0.1")


def test_the_pages_of_the_road_have_every_header(client: TestClient, code: str) -> None:
    at_check(client, code)
    for path in ("/consent", "/about", "/page/1", "/check"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert has_every_header(answer)


def test_style_and_icon_may_be_kept_for_ever_since_their_names_change(client: TestClient) -> None:
    for address in static_files().values():
        answer = client.get(address)
        assert answer.status_code == 200
        assert has_every_header(answer, cached=True)
    assert client.get("/static/style.css").status_code == 404
    assert client.get("/static/..%2f..%2fmain.py").status_code == 404


def test_https_is_remembered_where_the_service_is_secure(service: Service, study: str, code: str) -> None:
    assert study
    secure = replace(service, settings=replace(service.settings, secure=True))
    with TestClient(create_app(secure.settings, secure), base_url="https://q.example") as browser:
        browser.follow_redirects = False
        assert browser.get("/").headers["strict-transport-security"] == "max-age=31536000"
        cookie = browser.post("/enter", data={"code": code}).headers["set-cookie"]
        assert re.fullmatch(
            r"__Host-place=[A-Za-z0-9_-]{43}; HttpOnly; Path=/; SameSite=strict; Secure", cookie
        )
        assert browser.get("/consent").status_code == 200
        left = browser.get("/exit").headers["set-cookie"]
        assert left.startswith('__Host-place=""; ')
        assert {"Max-Age=0", "HttpOnly", "Path=/", "Secure"} <= set(left.split("; "))


def test_on_loopback_the_cookie_is_plain_and_ends_with_the_browser(client: TestClient, code: str) -> None:
    answer = client.post("/enter", data={"code": code})
    assert re.fullmatch(
        r"place=[A-Za-z0-9_-]{43}; HttpOnly; Path=/; SameSite=strict", answer.headers["set-cookie"]
    )
    assert "strict-transport-security" not in answer.headers


OURS, THEIRS = "http://127.0.0.1", "https://elsewhere.example"


@pytest.mark.parametrize(
    ("site", "origin", "taken"),
    [
        ("same-origin", OURS, True),
        ("same-origin", None, True),
        ("same-origin", "null", True),
        ("none", None, True),
        ("same-site", OURS, False),
        ("cross-site", THEIRS, False),
        ("cross-site", OURS, False),
        ("cross-site", None, False),
        (None, OURS, True),
        (None, THEIRS, False),
        (None, "null", False),
        (None, None, True),
    ],
)
def test_a_form_of_another_site_is_refused(
    client: TestClient, code: str, site: str | None, origin: str | None, *, taken: bool
) -> None:
    headers = {"sec-fetch-site": site, "origin": origin}
    given = {name: value for name, value in headers.items() if value is not None}
    answer = client.post("/enter", data={"code": code}, headers=given)
    assert answer.status_code == (303 if taken else 403)
    assert client.get("/", headers=given).status_code == 200


def test_a_body_is_read_no_further_than_it_may_be_long() -> None:
    read = 0

    async def receive() -> dict[str, object]:
        nonlocal read
        read += 1
        assert read < 40, "the server went on reading"
        return {"type": "http.request", "body": b"a" * 4096, "more_body": True}

    header = [(name.encode(), value.encode()) for name, value in FORM.items()]
    endless = Request({"type": "http", "method": "POST", "headers": header}, receive)
    with start_blocking_portal() as portal, pytest.raises(TooLarge):
        portal.call(read_form, endless)
    assert read == MAX_BODY // 4096 + 1


def test_one_shape_of_error_for_people_and_one_for_programs(client: TestClient) -> None:
    page = client.get("/nothing")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing at this address" in page.text
    twin = client.get("/nothing.json")
    assert (twin.status_code, set(twin.json())) == (404, {"error", "message"})
    wrong = client.delete("/")
    assert (wrong.status_code, set(wrong.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert "cannot be used in that way" in wrong.text


def test_there_is_no_description_of_the_interface(client: TestClient) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404


def test_it_is_ready_only_with_the_schema_of_this_version(client: TestClient, service: Service) -> None:
    assert client.get("/ready").status_code == 200
    with service.engine.begin() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert client.get("/ready").status_code == 503


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What every logger of every library writes, down to the least event, as the server formats it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(ValueFree())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


def test_no_log_holds_a_value(
    client: TestClient, service: Service, code: str, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, address = "canary-agent/7", "203.0.113.77"
    client.headers.update({"user-agent": agent, "x-forwarded-for": address})
    respond(client, code)
    client.post("/enter", data={"code": "canary-code"})
    client.get("/canary-path?canary=query")
    client.post("/page/1", data={"sd5": "canary-answer"})

    def broken(_self: Sheet) -> bytes:
        raise ValueError("canary-in-an-error")

    monkeypatch.setattr(Sheet, "to_bytes", broken)
    with write(service.engine) as db:
        [second] = waves.issue_codes(service, db, "demo-1", "north", 1)
    answer = client.post("/enter", data={"code": second})
    monkeypatch.undo()
    enter(client, second)
    agree(client)
    with service.engine.begin() as db:
        db.exec_driver_sql("DROP TABLE draft")
    out_of_order = client.post("/page/1", data={"sd5": "1"})
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert out_of_order.status_code in (500, 503)
    text = log.getvalue()
    assert "route=/enter status=500" in text
    assert "ValueError at" in text
    plain = [str(read_code(each)) for each in (code, second)]
    for canary in (
        "canary",
        agent,
        address,
        code,
        second,
        *plain,
        client.cookies["place"],
        "INSERT",
        "north",
    ):
        assert canary not in text, canary
