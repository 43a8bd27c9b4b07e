"""A form of staff that is refused says why, and shows again what was typed into it."""

from datetime import timedelta

import pytest
from lxml import html
from sqlalchemy import update
from starlette.testclient import TestClient

from app.db import write
from app.runtime import Service, now
from app.staff.accounts import STAFF_SESSION
from tests.lib.staff_accounts import ready, sign_in

pytestmark = pytest.mark.either
STUDY, WAVE = "/host/studies/spring", "/host/waves/spring-1"
DESIGN = {
    "title": "Spring placements",
    "people": "120",
    "k": "10",
    "leaving": "reports",
    "retire_on": "2099-12-31",
    "ask_role": "yes",
}
OF_STUDY = {
    "units": {"id": "north", "title": "Another north", "level": "department", "parent": "college"},
    "copy": {"id": "spring", "title": "The same again", "retire_on": "2098-05-01"},
    "roles": {"name": "nobody-here", "role": "researcher"},
    "design": {**DESIGN, "title": "Fewer people", "people": "some"},
}
OF_WAVE = {
    "end": {"day": "2000-02-01", "time": "09:30", "zone": "Africa/Cairo"},
    "codes": {"unit": "south", "count": "501", "language": "cy"},
}


@pytest.fixture
def spring(service: Service, client: TestClient) -> TestClient:
    """A study with a unit, whose host is signed in."""
    sign_in(service, client, ready(service, "hana", host="*"))
    client.post("/host/studies", data={**DESIGN, "form": "ppiq/a", "id": "spring", "make": "yes"})
    client.post(f"{STUDY}/units", data={"id": "college", "title": "The college", "level": "organisation"})
    for unit in ("north", "south"):
        client.post(f"{STUDY}/units", data={"id": unit, "title": unit, "level": "unit", "parent": "college"})
    return client


def shown_again(page: str, address: str) -> dict[str, str]:
    """What the form that is posted to this address holds on the page."""
    forms = [each for each in html.fromstring(page).forms if each.action == address]
    return dict(forms[0].form_values())


@pytest.mark.parametrize("name", OF_STUDY)
def test_a_form_of_a_study_keeps_what_was_typed(spring: TestClient, name: str) -> None:
    refused = spring.post(f"{STUDY}/{name}", data=OF_STUDY[name])
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert shown_again(refused.text, f"{STUDY}/{name}").items() >= OF_STUDY[name].items()
    others = [each for each in OF_STUDY if each not in (name, "design")]
    assert not any(
        typed in shown_again(refused.text, f"{STUDY}/{other}").values()
        for other in others
        for typed in (OF_STUDY[name].get("title"), OF_STUDY[name].get("name"))
        if typed
    ), "what was typed into one form stands in another"


@pytest.mark.parametrize("name", OF_WAVE)
def test_a_form_of_a_collection_keeps_what_was_typed(spring: TestClient, name: str) -> None:
    spring.post(f"{STUDY}/waves")
    refused = spring.post(f"{WAVE}/{name}", data=OF_WAVE[name])
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert shown_again(refused.text, f"{WAVE}/{name}").items() >= OF_WAVE[name].items()


def test_the_operators_forms_keep_what_was_typed(service: Service, client: TestClient) -> None:
    sign_in(service, client, ready(service, "odile", operator="*"))
    ready(service, "tariq")
    for address, typed in (
        ("/operator/accounts", {"name": "tariq", "role": "host", "study": "*", "units": ""}),
        ("/operator/accounts/tariq/grant", {"role": "trainer", "study": "*", "units": "north south"}),
    ):
        refused = client.post(address, data=typed)
        assert refused.status_code == 422
        assert shown_again(refused.text, address).items() >= typed.items()


def test_the_operator_is_asked_for_the_code_before_typing(service: Service, client: TestClient) -> None:
    """After ten minutes a change asks for the code and forgets the form, so the page says so above it."""
    sign_in(service, client, ready(service, "odile", operator="*"))
    asks_first = "/staff/again?to=/operator"
    assert asks_first not in client.get("/operator").text
    with write(service.engine) as db:
        db.execute(update(STAFF_SESSION).values(fresh_until=now() - timedelta(seconds=1)))
    assert asks_first in client.get("/operator").text
    led = client.post("/operator/accounts", data={"name": "new"}).headers["location"]
    assert led.startswith("/staff/again?to=")
