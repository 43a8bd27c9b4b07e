"""Who may open what: every route of staff, for every role, of their own study and of another's.

The routes are read from the application, so that a new one without a row in the table fails here.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from app import studies
from app.config import Settings
from app.db import write
from app.main import create_app
from app.runtime import Service, make_service
from app.staff import accounts, permissions
from app.staff.permissions import EVERYWHERE, HOME, ROUTES, SIGNING_IN, Role
from app.studies import waves
from tests.lib.cohorts import another_study, close, take_part
from tests.lib.staff_accounts import ready, sign_in
from tests.privacy.organisations import of_one_mind

pytestmark = pytest.mark.either

RESPONDENT = ("app.main", "app.survey", "app.reflect", "app.support", "app.studies.linking")
ROLES = get_args(Role)
DONE = (200, 303, 403, 422)
"""Let in: a page, a change that was made, or a reason why it cannot be, or why the study gives none of it."""


def staff_routes(tmp_path: Path) -> list[str]:
    """Each method and path that is no respondent's, by where its function is written."""
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/none", secret=bytes(32), secure=False))
    return [
        f"{method} {route.path}"
        for route in app.routes
        if isinstance(route, APIRoute) and not route.endpoint.__module__.startswith(RESPONDENT)
        for method in sorted(route.methods - {"HEAD"})
    ]


def test_every_route_of_staff_has_its_row_and_every_row_its_route(tmp_path: Path) -> None:
    routes = staff_routes(tmp_path)
    assert len(routes) == len(set(routes)) > 30
    assert set(routes) == set(ROUTES) | SIGNING_IN
    assert not set(ROUTES) & SIGNING_IN


def test_no_role_opens_another_role_s_pages() -> None:
    for route, roles in ROUTES.items():
        if " /api/" in route:  # a token's, of whichever of its two roles
            assert roles <= {"researcher", "trainer"}
            continue
        assert {HOME[role] for role in roles} == {"/" + route.split("/")[1].split("?")[0]}, route


@dataclass(frozen=True)
class Place:
    study: str
    wave: str
    unit: str


@pytest.fixture
def places(service: Service, study: str) -> tuple[Place, Place]:
    """A closed wave of the study, and one of another study that the role is not for."""
    take_part(service, "demo-1", "south", of_one_mind(12, 2))
    close(service, "demo-1")
    other = another_study(service, "other")
    take_part(service, other, "only", of_one_mind(12, 2))
    close(service, other)
    return Place(study, "demo-1", "south"), Place("other", other, "only")


FILLED = {
    "name": "xlsx",
    "part": "south",
    "instrument": "ppiq",
    "form": "a",
    "questionnaire": "0",
    "batch": "0",
}


def ask(client: TestClient, route: str, place: Place, account: str) -> int:
    method, path = route.split()
    for name, value in {**vars(place), **FILLED, "account": account}.items():
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, path
    data = {"data": {"form": "ppiq/a", "name": "newcomer"}} if method == "POST" else {}
    return client.request(method, path, **data).status_code


@pytest.mark.parametrize("role", [*ROLES, None])
def test_each_role_opens_its_own_routes_of_its_own_study_and_nothing_else(
    service: Service, client: TestClient, places: tuple[Place, Place], role: Role | None
) -> None:
    own, other = places
    ready(service, "somebody")
    if role is not None:
        name = ready(service, "ada", **{role: EVERYWHERE if role == "operator" else own.study})
        sign_in(service, client, name)
    pairs = 0
    for route, roles in ROUTES.items():
        for place in (other, own):
            of_a_study = re.search(r"\{(study|wave)\}", route) is not None
            makes_studies = "/host/questionnaires" in route or (
                "/host/studies" in route and ("{" not in route or "/copy" in route)
            )
            by_token = " /api/" in route
            may = role in roles and not makes_studies and not by_token and (place is own or not of_a_study)
            status = ask(client, route, place, "somebody")
            assert (status in DONE) if may else (status == 404), (role, route, place.study, status)
            pairs += 1
    assert pairs == 2 * len(ROUTES)


@pytest.mark.usefixtures("places")
def test_to_make_studies_needs_leave(service: Service, client: TestClient) -> None:
    sign_in(service, client, ready(service, "ada", host=EVERYWHERE))
    assert client.get("/host/studies").status_code == 200
    assert client.get("/host/studies/demo").status_code == 404
    assert "demo" not in client.get("/host").text


def test_a_route_without_a_row_is_open_to_nobody(
    service: Service, client: TestClient, places: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(service, client, ready(service, "ada", trainer="demo"))
    path = f"/report/waves/{places[0].wave}"
    assert client.get(path).status_code == 200
    without = {route: roles for route, roles in ROUTES.items() if route != "GET /report/waves/{wave}"}
    monkeypatch.setattr("app.staff.authorise.ROUTES", without)
    assert permissions.ROUTES is ROUTES
    assert client.get(path).status_code == 404


def test_somebody_with_two_roles_has_each_for_its_own_study_alone(
    service: Service, client: TestClient, places: tuple[Place, Place]
) -> None:
    own, other = places
    sign_in(service, client, ready(service, "ada", trainer=own.study, host=other.study))
    assert client.get(f"/report/waves/{own.wave}").status_code == 200
    assert client.get(f"/report/waves/{other.wave}").status_code == 404
    assert client.get(f"/host/waves/{other.wave}").status_code == 200
    assert client.get(f"/host/waves/{own.wave}").status_code == 404
    assert client.get("/export").status_code == 404


def test_a_role_that_is_withdrawn_ends_at_once(
    service: Service, client: TestClient, places: tuple[Place, Place]
) -> None:
    sign_in(service, client, ready(service, "ada", trainer="demo"))
    assert client.get(f"/report/waves/{places[0].wave}").status_code == 200
    with write(service.engine) as db:
        accounts.withdraw(service, db, "ada", "trainer", "demo")
    assert client.get(f"/report/waves/{places[0].wave}").status_code == 404
    with write(service.engine) as db:
        accounts.give(service, db, "ada", "trainer", "demo")
    assert client.get(f"/report/waves/{places[0].wave}").status_code == 200


def test_a_trainer_of_named_units_reads_no_other_s_report(service: Service, client: TestClient) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="two", title="Two", simulated=True)
        for unit in ("near", "far"):
            studies.add_unit(db, "two", unit, f"The {unit} team")
        wave = waves.make_wave(service, db, "two")
        waves.open_wave(service, db, wave)
    for unit in ("near", "far"):
        take_part(service, wave, unit, of_one_mind(12, 2))
    close(service, wave)
    sign_in(service, client, ready(service, "ada", trainer=("two", ["near"])))
    assert client.get(f"/report/waves/{wave}/units/near").status_code == 200
    for path in (
        f"/report/waves/{wave}",
        f"/report/waves/{wave}.json",
        f"/report/waves/{wave}.csv",
        "/report",
    ):
        page = client.get(path)
        assert page.status_code == 200
        assert "The far team" not in page.text
    assert f'href="/report/waves/{wave}/units/near"' in client.get("/report").text
    for ending in ("", ".json", ".csv", ".pdf"):
        assert client.get(f"/report/waves/{wave}/units/far{ending}").status_code == 404


def test_the_demonstration_lets_nobody_at_accounts(url: str) -> None:
    settings = Settings(database_url=url, secret=bytes(range(32)), secure=False, demo=True)
    service = make_service(settings)
    with TestClient(create_app(settings, service), base_url="http://127.0.0.1") as client:
        for route in (route for route, roles in ROUTES.items() if "operator" in roles):
            method, path = route.split()
            sent = {"data": {"name": "ada"}} if method == "POST" else {}
            assert client.request(method, path.replace("{account}", "ada"), **sent).status_code == 404
        assert client.get("/host").status_code == 200
    service.engine.dispose()
