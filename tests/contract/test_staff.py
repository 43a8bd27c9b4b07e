"""Who may open what: every route of staff, for every role, of their own study and of another."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select, update
from starlette.testclient import TestClient

from app.audit import events, verify
from app.config import Settings
from app.db import read, write
from app.errors import Refused
from app.export.routes import router as export_router
from app.main import create_app
from app.report.routes import router as report_router
from app.runtime import Service, make_service, now
from app.staff.authorise import TOKEN, end_tokens, make_token
from app.staff.permissions import HOME
from tests.conftest import SECRET
from tests.lib.cohorts import another_study, close, signed_in, take_part
from tests.lib.staff_accounts import ready, sign_in
from tests.privacy.organisations import of_one_mind

ROLES = ("researcher", "trainer")
ROUTES = [
    route.path
    for router in (export_router, report_router)
    for route in router.routes
    if isinstance(route, APIRoute)
]


@pytest.fixture
def url(sqlite_url: str) -> str:
    """tests/security asks for every page on both engines."""
    return sqlite_url


@pytest.fixture
def both(service: Service, study: str) -> dict[str, str]:
    """A closed wave of the study and one of another study."""
    take_part(service, "demo-1", "south", of_one_mind(12, 2))
    close(service, "demo-1")
    other = another_study(service, "other", simulated=False)
    take_part(service, other, "only", of_one_mind(12, 2))
    close(service, other)
    return {study: "demo-1", "other": other}


@contextmanager
def served(settings: Settings, origin: str = "http://127.0.0.1") -> Iterator[TestClient]:
    """A service of its own on the same database."""
    service = make_service(settings)
    with TestClient(create_app(settings, service), base_url=origin, follow_redirects=False) as client:
        yield client
    service.engine.dispose()


def paths(wave: str, unit: str) -> list[str]:
    filled = {"{wave}": wave, "{unit}": unit, "{name}": "xlsx"}
    return [re.sub(r"{\w+}", lambda place: filled[place[0]], route) for route in ROUTES]


@pytest.mark.parametrize(
    ("role", "leaving"), [("researcher", "rows"), ("trainer", "reports"), (None, "rows")]
)
def test_each_role_opens_its_own_pages_of_its_own_study(
    service: Service, client: TestClient, both: dict[str, str], role: str | None
) -> None:
    if role is not None:
        signed_in(service, client, role, "demo")
    for study, wave in both.items():
        for path in paths(wave, "south" if study == "demo" else "only"):
            of_role = role is not None and path.startswith(HOME[role])
            own = study == "demo" or path.count("/") == 1
            assert client.get(path).status_code == (200 if of_role and own else 404), (role, path)


@pytest.mark.parametrize("role", ROLES)
def test_indexes_name_nothing_of_another_study(
    service: Service, client: TestClient, both: dict[str, str], role: str
) -> None:
    signed_in(service, client, role, "demo")
    page = client.get(HOME[role]).text
    assert both["demo"] in page
    assert both["other"] not in page
    assert "Other" not in page


def test_tokens_of_a_role_end_together_and_at_once(
    service: Service, client: TestClient, both: dict[str, str]
) -> None:
    kept = {role: signed_in(service, client, role, "demo") for role in ("researcher", "trainer")}
    with write(service.engine) as db:
        made = make_token(service, db, "trainer", "demo", 1)
        assert end_tokens(service, db, "trainer", "demo") == 2
    for token in (kept["trainer"], made):
        assert client.post("/staff", data={"token": token}).status_code == 422
    assert client.get(f"/report/waves/{both['demo']}").status_code == 404
    assert client.post("/staff", data={"token": kept["researcher"]}).status_code == 303
    with write(service.engine) as db, pytest.raises(Refused, match="no token for a trainer"):
        end_tokens(service, db, "trainer", "demo")
    with read(service.engine) as db:
        assert "tokens ended" in [each.event["action"] for each in events(db)]


def test_a_program_shows_its_token_in_a_header(
    service: Service, client: TestClient, both: dict[str, str]
) -> None:
    with write(service.engine) as db:
        token = make_token(service, db, "trainer", "demo", 1)
    path = f"/report/waves/{both['demo']}.json"
    for shown, status in (
        (f"Bearer {token}", 200),
        (f"bearer {token}", 200),
        (f"Basic {token}", 404),
        (token, 404),
        (f"Bearer {token}x", 404),
        ("Bearer", 404),
    ):
        assert client.get(path, headers={"authorization": shown}).status_code == status, shown
    other = f"/report/waves/{both['other']}.json"
    assert client.get(other, headers={"authorization": f"Bearer {token}"}).status_code == 404
    session = sign_in(service, client, ready(service, "ada", trainer="demo")).cookies["staff"]
    client.cookies.clear()
    assert client.get(path, headers={"authorization": f"Bearer {session}"}).status_code == 404


def test_signing_in_by_token_ends_the_session_before(
    service: Service, client: TestClient, both: dict[str, str]
) -> None:
    sign_in(service, client, ready(service, "ada", trainer="demo"))
    session = client.cookies["staff"]
    signed_in(service, client, "trainer", "demo")
    client.cookies.clear()
    client.cookies["staff"] = session
    assert client.get(f"/report/waves/{both['demo']}").status_code == 404


@pytest.mark.usefixtures("both")
def test_forms_and_other_methods_reach_nothing(service: Service, client: TestClient) -> None:
    signed_in(service, client, "researcher", "demo")
    for path in paths("demo-1", "south"):
        assert client.post(path, data={}).status_code in (404, 405)
        assert client.delete(path).status_code in (404, 405)


def test_a_token_is_kept_as_a_hash_and_ends(
    service: Service, client: TestClient, both: dict[str, str]
) -> None:
    token = signed_in(service, client, "trainer", "demo")
    assert token.startswith("cpt_")
    assert len(token) >= len("cpt_") + 43
    with read(service.engine) as db:
        kept = db.execute(select(TOKEN)).one()
    assert token not in str(kept)
    assert client.get(f"/report/waves/{both['demo']}").status_code == 200
    with write(service.engine) as db:
        db.execute(update(TOKEN).values(expires_at=now() - timedelta(seconds=1)))
    assert client.get(f"/report/waves/{both['demo']}").status_code == 404
    assert client.post("/staff", data={"token": token}).status_code == 422


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("typed", ["", "cpt_", "cpt_" + "A" * 43, "x" * 5000, "' OR 1=1 --"])
def test_a_wrong_token_opens_nothing_and_says_so(client: TestClient, typed: str) -> None:
    answer = client.post("/staff", data={"token": typed})
    assert answer.status_code == 422
    assert "We do not know this token" in answer.text
    assert "set-cookie" not in answer.headers
    assert client.get("/report").status_code == 404


@pytest.mark.usefixtures("study")
def test_signing_out_forgets_the_token(service: Service, client: TestClient) -> None:
    signed_in(service, client, "researcher", "demo")
    assert client.get("/export").status_code == 200
    left = client.post("/staff/leave")
    assert left.status_code == 303
    assert left.headers["clear-site-data"] == '"cache", "storage"'
    assert client.get("/export").status_code == 404


@pytest.mark.usefixtures("study")
def test_the_cookie_is_strict_and_the_token_is_nowhere_in_a_page(
    service: Service, client: TestClient
) -> None:
    with write(service.engine) as db:
        token = make_token(service, db, "trainer", "demo", 1)
    answer = client.post("/staff", data={"token": token})
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    assert "Max-Age" not in cookie
    assert token not in client.get("/staff").text
    assert token not in client.get("/report").text


@pytest.mark.usefixtures("study")
def test_a_form_from_another_site_signs_nobody_in(service: Service, client: TestClient) -> None:
    with write(service.engine) as db:
        token = make_token(service, db, "trainer", "demo", 1)
    answer = client.post("/staff", data={"token": token}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_on_https_the_cookie_bears_its_prefix(url: str, service: Service, study: str) -> None:
    with write(service.engine) as db:
        token = make_token(service, db, "trainer", study, 1)
    with served(Settings(database_url=url, secret=SECRET, secure=True), "https://127.0.0.1") as client:
        cookie = client.post("/staff", data={"token": token}).headers["set-cookie"]
    assert cookie.startswith("__Host-staff=")
    assert "Secure" in cookie


@pytest.mark.usefixtures("study")
def test_making_and_using_tokens_is_written_down_without_them(service: Service, client: TestClient) -> None:
    token = signed_in(service, client, "trainer", "demo")
    with read(service.engine) as db:
        written = [row.event for row in events(db)]
        assert verify(service.vault, db).broken_at is None
    assert [event["action"] for event in written][-2:] == ["token made", "signed in"]
    assert token not in str(written)


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("role", "study_", "days", "reason"),
    [
        ("operator", "demo", 30, "neither"),
        ("trainer", "none", 30, "no study"),
        ("trainer", "demo", 91, "1 to 90 days"),
        ("trainer", "demo", 0, "1 to 90 days"),
    ],
)
def test_a_token_that_cannot_be_is_refused(
    service: Service, role: str, study_: str, days: int, reason: str
) -> None:
    with write(service.engine) as db, pytest.raises(Refused, match=reason):
        make_token(service, db, role, study_, days)


# ---- the demonstration ----


@pytest.fixture
def demonstration(url: str) -> Iterator[TestClient]:
    with served(Settings(database_url=url, secret=SECRET, secure=False, demo=True)) as client:
        yield client


@pytest.mark.parametrize(
    ("leaving", "doors", "status"),
    [("reports", ("/export/waves/demo-1/",), 403), ("rows", ("/units/", "/discuss", "/slides.pdf"), 404)],
)
def test_the_demonstration_opens_simulated_studies_without_a_token(
    demonstration: TestClient, both: dict[str, str], doors: tuple[str, ...], status: int
) -> None:
    """All but what the study does not give out."""
    for path in paths(both["demo"], "south"):
        closed = any(door in path for door in doors)
        assert demonstration.get(path).status_code == (status if closed else 200), path
    for path in paths(both["other"], "only"):
        if path.count("/") > 1:
            assert demonstration.get(path).status_code == 404, path
    assert "/export" in demonstration.get("/staff").text


def test_a_token_that_is_shown_holds_in_the_demonstration_too(
    service: Service, study: str, demonstration: TestClient
) -> None:
    """Otherwise nobody could try there what a wrong or ended token does."""
    with write(service.engine) as db:
        token = make_token(service, db, "researcher", study)
    for shown, researcher_s, trainer_s in ((token, 200, 404), ("cpt_ended", 404, 404)):
        header = {"authorization": f"Bearer {shown}"}
        assert demonstration.get("/export", headers=header).status_code == researcher_s
        assert demonstration.get("/report", headers=header).status_code == trainer_s
    assert demonstration.get("/report").status_code == 200
