"""Signing in by the institution: an account is linked when it is set up; the second factor stays our own."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select, update
from starlette.testclient import TestClient

from app.audit import events, verify
from app.config import from_environment
from app.db import read, write
from app.errors import ConfigurationError
from app.main import create_app
from app.middleware import HEADERS
from app.operations.doctor import examine
from app.runtime import Service, now
from app.staff import accounts
from app.staff.accounts import ACCOUNT, IDENTITY
from app.staff.throttle import FIRST_WAIT
from tests.lib.oidc_provider import (
    OURS,
    Provider,
    comes_back,
    goes_and_comes_back,
    running_provider,
    sets_out,
    signs_in_there,
)
from tests.lib.staff_accounts import PASSWORD, account_row, code_of, ready

WRONG = "We could not sign you in"
CODE = "/staff/institution/code"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.subject = "subject-of-ada-7391"
    running.instead = {}
    return running


@pytest.fixture
def service(service: Service, provider: Provider) -> Service:
    return replace(service, settings=replace(service.settings, institution=provider.institution()))


def invited(service: Service, client: TestClient, name: str, **roles: str) -> None:
    """An account that an operator has just begun or renewed, at the page where it is set up."""
    with write(service.engine) as db:
        if name in {each.name for each in accounts.accounts(db)}:
            one_time = accounts.renew_account(service, db, name)
        else:
            one_time = accounts.make_account(service, db, name)
        for role, study in roles.items():
            accounts.give(service, db, name, role, study)
    client.cookies.clear()
    signed_in = client.post("/staff/sign-in", data={"name": name, "password": one_time, "code": ""})
    assert signed_in.headers["location"] == "/staff"


def types(client: TestClient, code: str) -> Any:
    return client.post(CODE, data={"code": code}, headers={"sec-fetch-site": "same-origin"})


def linked(service: Service, client: TestClient, name: str, **roles: str) -> None:
    invited(service, client, name, **roles)
    goes_and_comes_back(client)
    assert types(client, code_of(service, name)).status_code == 303
    forget_step(service, name)
    client.cookies.clear()


def forget_step(service: Service, name: str) -> None:
    """Forget the step of the last code, so that a test need not wait for the next one."""
    with write(service.engine) as db:
        db.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(last_step=0))


def told(service: Service) -> list[dict[str, str]]:
    with read(service.engine) as db:
        assert verify(service.vault, db).broken_at is None
        return [each.event for each in events(db)]


# ---- signing in ----


def test_an_account_is_linked_as_it_is_set_up_and_signs_in_from_then_on(
    service: Service, client: TestClient, provider: Provider
) -> None:
    invited(service, client, "ada", operator="*")
    assert "Use Test College" in client.get("/staff/enrol").text
    assert goes_and_comes_back(client).status_code == 200
    assert "Test College has told us who you are" in client.get(CODE).text
    before = client.cookies["staff"]
    assert client.get("/operator").status_code == 404, "nothing is open before the code"
    wrong = types(client, "000000")
    assert (wrong.status_code, WRONG in wrong.text) == (422, True)
    done = types(client, code_of(service, "ada"))
    assert done.headers["location"] == "/operator"
    assert client.cookies["staff"] != before
    assert "institution-back" not in client.cookies
    assert "active, by the institution" in client.get("/operator").text
    client.post("/staff/leave")
    forget_step(service, "ada")
    assert client.get("/operator").status_code == 404
    assert "Sign in with Test College" in client.get("/staff").text
    assert goes_and_comes_back(client).status_code == 200
    assert client.get("/operator").status_code == 404, "the institution alone opens nothing"
    assert types(client, code_of(service, "ada")).headers["location"] == "/operator"
    assert client.get("/operator").status_code == 200
    assert [each["action"] for each in told(service)] == [
        "account made",
        "role given",
        "signed in",
        "institution linked",
        "account set up",
        "signed out",
        "signed in",
    ]
    assert told(service)[-1] == {"action": "signed in", "account": "ada", "with": "the institution"}
    with read(service.engine) as db:
        kept = str([*db.execute(select(IDENTITY)), *told(service)])
    for value in (provider.subject, "ada.canary", provider.url, "Test College"):
        assert value not in kept, "who they are there is kept as an HMAC alone"


def test_a_code_is_taken_once_here_as_well(service: Service, client: TestClient) -> None:
    linked(service, client, "ada", operator="*")
    code = code_of(service, "ada")
    goes_and_comes_back(client)
    assert types(client, code).status_code == 303
    goes_and_comes_back(client)
    assert types(client, code).status_code == 422


def test_no_password_opens_an_account_that_is_linked(service: Service, client: TestClient) -> None:
    linked(service, client, "ada", operator="*")
    for password in ("", PASSWORD, "None"):
        fields = {"name": "ada", "password": password, "code": code_of(service, "ada")}
        assert client.post("/staff/sign-in", data=fields).status_code == 422


def test_signing_in_there_makes_no_account_and_links_none(service: Service, client: TestClient) -> None:
    """Neither for an account that has a password here, nor for one that is invited and does not say so."""
    ready(service, "ada", operator="*")
    with write(service.engine) as db:
        accounts.make_account(service, db, "ben")
    for name in ("ada", "ben"):
        goes_and_comes_back(client)
        assert types(client, code_of(service, name)).status_code == 422
    with read(service.engine) as db:
        assert {each.name: each.linked for each in accounts.accounts(db)} == {"ada": False, "ben": False}
    assert "signed in" not in [each["action"] for each in told(service)]


def test_whatever_is_wrong_is_told_alike(service: Service, client: TestClient, provider: Provider) -> None:
    pages = set()
    linked(service, client, "ada")
    goes_and_comes_back(client)
    pages.add(types(client, "000000").text)
    pages.add(types(client, "").text)
    provider.subject = "stranger"
    goes_and_comes_back(client)
    pages.add(types(client, code_of(service, "ada")).text)
    provider.subject = "subject-of-sam"
    linked(service, client, "sam")
    with write(service.engine) as db:
        accounts.stop_account(service, db, "sam")
    goes_and_comes_back(client)
    pages.add(types(client, code_of(service, "sam")).text)
    assert len(pages) == 1
    assert "staff" not in client.cookies


def test_codes_cannot_be_tried_out(service: Service, client: TestClient) -> None:
    linked(service, client, "ada")
    goes_and_comes_back(client)
    begun = now()
    for _ in range(5):
        assert types(client, "000000").status_code == 422
    assert begun < account_row(service, "ada").wait_until - timedelta(seconds=FIRST_WAIT) <= now()
    with write(service.engine) as db:
        db.execute(update(ACCOUNT).values(wait_until=now() + timedelta(hours=1)))
    assert types(client, code_of(service, "ada")).status_code == 422


def test_one_person_there_is_one_account_here(
    service: Service, client: TestClient, provider: Provider
) -> None:
    linked(service, client, "ada")
    invited(service, client, "ben", operator="*")
    goes_and_comes_back(client)
    assert types(client, code_of(service, "ben")).status_code == 422
    assert client.get("/staff").headers["location"] == "/staff/enrol", "it is still to be set up"
    provider.subject = "subject-of-ben"
    goes_and_comes_back(client)
    assert types(client, code_of(service, "ben")).status_code == 303


def test_what_was_begun_for_one_purpose_serves_no_other(service: Service, client: TestClient) -> None:
    """An answer to signing in links no account, and an answer to linking links that account alone."""
    signing_in = signs_in_there(sets_out(client))
    away = client.cookies["institution-away"]
    invited(service, client, "ada")
    client.cookies.set("institution-away", away, domain="127.0.0.1")
    comes_back(client, signing_in)
    assert types(client, code_of(service, "ada")).status_code == 422
    linking = signs_in_there(sets_out(client))
    away = client.cookies["institution-away"]
    invited(service, client, "ben")
    client.cookies.set("institution-away", away, domain="127.0.0.1")
    comes_back(client, linking)
    for name in ("ada", "ben"):
        assert types(client, code_of(service, name)).status_code == 422
    with read(service.engine) as db:
        assert not any(each.linked for each in accounts.accounts(db))


@pytest.mark.parametrize("change", [accounts.renew_account, accounts.stop_account])
def test_renewing_and_stopping_unlink_at_once(service: Service, client: TestClient, change: Any) -> None:
    ready(service, "olga", operator="*")
    linked(service, client, "ada", operator="*")
    goes_and_comes_back(client)
    code = code_of(service, "ada")
    assert types(client, code).status_code == 303
    with write(service.engine) as db:
        change(service, db, "ada")
    assert client.get("/operator").status_code == 404
    forget_step(service, "ada")
    goes_and_comes_back(client)
    assert types(client, code_of(service, "ada")).status_code == 422
    assert {"action": "institution unlinked", "account": "ada"} in told(service)
    linked(service, client, "ada")
    goes_and_comes_back(client)
    assert types(client, code_of(service, "ada")).status_code == 303, "linked anew"


def test_the_pages_keep_to_the_policy_and_the_cookies_to_their_sites(
    service: Service, provider: Provider
) -> None:
    origin = "https://questions.example"
    settings = replace(service.settings, secure=True, institution=provider.institution(origin))
    secure = replace(service, settings=settings)
    with TestClient(create_app(settings, secure), base_url=origin, follow_redirects=False) as client:
        away = client.post("/staff/institution")
        page = re.search(r'url=([^"]+)"', away.text)
        assert page is not None
        back = comes_back(client, signs_in_there(page[1].replace("&amp;", "&")))
        for answer in (away, back, client.get(CODE)):
            assert answer.status_code == 200
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    kept = r"=[\w-]+; HttpOnly; Max-Age=600; Path=/; SameSite={}; Secure"
    first, ended = away.headers.get_list("set-cookie")
    assert re.fullmatch("__Host-institution-away" + kept.replace("{}", "lax"), first)
    assert ended.startswith('__Host-institution-back=""; ')
    second, ended = back.headers.get_list("set-cookie")
    assert re.fullmatch("__Host-institution-back" + kept.replace("{}", "strict"), second)
    assert ended.startswith('__Host-institution-away=""; ')


# ---- setting it up ----


def test_without_it_there_is_nothing(client: TestClient, service: Service) -> None:
    without = replace(service, settings=replace(service.settings, institution=None))
    demo = replace(service, settings=replace(service.settings, demo=True))
    for other in (without, demo):
        with TestClient(create_app(other.settings, other), base_url=OURS) as browser:
            for route in browser.app.routes:  # type: ignore[attr-defined]  # a FastAPI
                if isinstance(route, APIRoute) and "institution" in route.path:
                    [method] = route.methods - {"HEAD"}
                    sent = {"data": {"code": "1"}} if method == "POST" else {}
                    assert browser.request(method, route.path, **sent).status_code == 404
            assert "Test College" not in browser.get("/staff").text
    assert "Test College" in client.get("/staff").text


GOOD = {
    "COUNTERPOISE_SECRET": "00" * 32,
    "COUNTERPOISE_ORIGIN": "https://questions.example/",
    "COUNTERPOISE_OIDC_ISSUER": "https://idp.example/realms/staff",
    "COUNTERPOISE_OIDC_CLIENT_ID": "counterpoise",
    "COUNTERPOISE_OIDC_LABEL": "Test College",
}


def test_it_is_read_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "client").write_text("hush hush\n")
    good = GOOD | {"COUNTERPOISE_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "client")}
    found = from_environment(good, tmp_path).institution
    assert found is not None
    assert found.redirect_uri == "https://questions.example/staff/institution/back"
    assert found.client_secret == "hush hush"
    assert "hush" not in repr(found)
    assert from_environment({"COUNTERPOISE_SECRET": "00" * 32}, tmp_path).institution is None
    for name, value in (
        ("COUNTERPOISE_ORIGIN", ""),
        ("COUNTERPOISE_ORIGIN", "http://questions.example"),
        ("COUNTERPOISE_ORIGIN", "https://questions.example/path"),
        ("COUNTERPOISE_OIDC_ISSUER", "http://idp.example"),
        ("COUNTERPOISE_OIDC_ISSUER", "https://idp.example/?tenant=1"),
        ("COUNTERPOISE_OIDC_CLIENT_ID", ""),
        ("COUNTERPOISE_OIDC_CLIENT_SECRET_FILE", ""),
        ("COUNTERPOISE_OIDC_CLIENT_SECRET_FILE", str(tmp_path / "nothing")),
    ):
        with pytest.raises(ConfigurationError, match="COUNTERPOISE_"):
            from_environment(good | {name: value}, tmp_path)


def test_the_doctor_asks_the_provider(service: Service, provider: Provider) -> None:
    def found() -> tuple[bool, str]:
        [check] = [each for each in examine(service) if each.name == "institution"]
        return check.ok, check.found

    assert found() == (True, "its provider answers")
    provider.metadata = {"issuer": "https://another.example"}
    assert found() == (False, "its provider does not answer as it must")
    provider.metadata = {}
