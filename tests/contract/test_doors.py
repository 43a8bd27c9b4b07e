"""The doors of staff for strangers, their own account, help, and the language that a browser asks for."""

import re

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from app.db import write
from app.runtime import Service
from app.staff.accounts import ACCOUNT
from app.staff.authorise import make_token
from tests.lib.questionnaire_client import Screen
from tests.lib.staff_accounts import PASSWORD, code_of, ready, sign_in

DOORS = ("/host", "/export", "/report", "/operator")


@pytest.mark.usefixtures("study")
def test_a_stranger_at_any_door_is_asked_to_sign_in_and_learns_nothing(client: TestClient) -> None:
    there = (
        "/host",
        "/host/studies/demo",
        "/host/waves/demo-1",
        "/report/waves/demo-1",
        "/export",
        "/operator",
    )
    nowhere = (
        "/host/nothing",
        "/host/studies/none",
        "/report/waves/none-1",
        "/export/waves/x",
        "/operator/x",
    )
    pages = {path: client.get(path) for path in (*there, *nowhere)}
    assert {page.status_code for page in pages.values()} == {404}
    assert len({page.text.replace(path, "") for path, page in pages.items()}) == 1
    assert len({len(page.headers) for page in pages.values()}) == 1
    for path, page in pages.items():
        assert all(form.fields.get("to") == path for form in Screen(page.text).forms)
    assert "Password" in pages["/host"].text
    assert "There is nothing at this address" in client.get("/host/../nothing").text
    assert client.get("/report/waves/demo-1.json").status_code == 404


def test_signing_in_leads_to_the_address_asked_for_and_to_no_other_site(
    service: Service, client: TestClient, study: str
) -> None:
    ready(service, "hana", host=study, trainer=study)
    given = {"name": "hana", "password": PASSWORD}
    for to, lands in {
        f"/host/studies/{study}": f"/host/studies/{study}",
        "//elsewhere.example/host": "/staff",
        "https://elsewhere.example/host": "/staff",
        "/host/../staff/leave": "/staff",
        "/hosts": "/staff",
    }.items():
        with write(service.engine) as db:
            db.execute(update(ACCOUNT).values(last_step=0))
        sent = {**given, "code": code_of(service, "hana"), "to": to}
        answer = client.post("/staff/sign-in", data=sent, follow_redirects=False)
        assert answer.headers["location"] == lands, to
    assert client.get("/host/studies/none").text.count("There is nothing at this address") == 2


def test_a_token_leads_on_as_well(service: Service, client: TestClient, study: str) -> None:
    with write(service.engine) as db:
        token = make_token(service, db, "trainer", study)
    answer = client.post(
        "/staff", data={"token": token, "to": "/report/waves/demo-1"}, follow_redirects=False
    )
    assert answer.headers["location"] == "/report/waves/demo-1"


def test_one_changes_one_s_own_password_with_the_present_one(service: Service, client: TestClient) -> None:
    assert client.get("/staff/account").status_code == 404
    sign_in(service, client, ready(service, "hana", host="*"))
    assert "may make studies" in client.get("/staff/account").text
    new = "four quiet words of mine"
    for wrong, why in (
        ({"present": "wrong", "password": new, "repeated": new}, "not the one of this account"),
        ({"present": PASSWORD, "password": new, "repeated": "another"}, "the two passwords differ"),
        (
            {"present": PASSWORD, "password": "hana and more words", "repeated": "hana and more words"},
            "your name",
        ),
        ({"present": PASSWORD, "password": "aaaaaaaaaaaa", "repeated": "aaaaaaaaaaaa"}, "repeats few signs"),
    ):
        answer = client.post("/staff/account", data=wrong)
        assert (answer.status_code, why in answer.text) == (422, True), why
    before = client.cookies["staff"]
    done = client.post("/staff/account", data={"present": PASSWORD, "password": new, "repeated": new})
    assert "Your password is changed" in done.text
    assert client.get("/host").status_code == 200
    nothing = client.get("/host/studies/none")
    assert (nothing.status_code, 'href="/staff">Go to your pages</a>' in nothing.text) == (404, True)
    client.cookies.clear()
    client.cookies.set("staff", before)
    assert client.get("/host").status_code == 404


@pytest.mark.usefixtures("study")
def test_every_page_of_staff_leads_to_help(service: Service, client: TestClient) -> None:
    for path in ("/staff", "/host"):
        assert 'href="/staff/help"' in client.get(path).text
    sign_in(service, client, ready(service, "hana", host="demo"))
    assert 'href="/staff/help"' in client.get("/host/studies/demo").text
    assert "A host, from the first page to the report" in client.get("/staff/help").text
    for role, path in (("trainer", "/report"), ("researcher", "/export"), ("host", "/host")):
        sign_in(service, client, ready(service, f"a.{role}", **{role: "demo"}))
        assert '<a href="/staff">Your pages</a>' in client.get(path).text, role


@pytest.mark.parametrize(
    ("header", "page", "offered"),
    [
        ("cy-GB,cy;q=0.9,en;q=0.8", "/", "Darllen"),
        ("en;q=0.5,ar", "/reflect", "اقرأ"),
        ("es", "/cy/", "Leer"),
        ("en-GB", "/es/reflect", "Read this page in English"),
        ("en-GB,cy", "/", None),
        ("cy", "/cy/", None),
        ("fr,cy", "/", None),
        ("", "/", None),
        ("cy;q=x", "/", None),
    ],
)
def test_the_browser_s_language_is_offered_by_a_link_and_nobody_is_moved(
    client: TestClient, header: str, page: str, offered: str | None
) -> None:
    answer = client.get(page, headers={"accept-language": header}, follow_redirects=False)
    assert answer.status_code == 200
    link = re.search(r'<p class="notice" lang="..".*?>([^<]+)</a>', answer.text)
    assert (link is None) if offered is None else (link is not None and link[1].startswith(offered))
