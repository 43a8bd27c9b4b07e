"""Before a study opens its host sees what it would give out, SIMULATED; nothing of it is stored."""

import re

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app import studies
from app.db import read, write
from app.runtime import Service
from app.tables import SQLModel
from tests.lib.questionnaire_client import Screen
from tests.lib.staff_accounts import ready, sign_in

HERE = "/host/studies/spring/sample"


@pytest.fixture
def leaving() -> str:
    return "reports"


@pytest.fixture
def people() -> int | None:
    return 60


@pytest.fixture
def host(service: Service, client: TestClient, leaving: str, people: int | None) -> TestClient:
    """A host of a study of three units that nobody has answered."""
    with write(service.engine) as db:
        studies.make_study(
            db, id="spring", title="Spring", form="a2", leaving=leaving, people=people, context=["role"]
        )
        studies.add_unit(db, "spring", "college", "The college", level="organisation")
        for unit in ("north", "south", "east"):
            studies.add_unit(db, "spring", unit, f"{unit.title()} team", parent="college")
    sign_in(service, client, ready(service, "hana", host="spring"))
    return client


def everything(service: Service) -> dict[str, set[str]]:
    with read(service.engine) as db:
        return {
            name: {repr(tuple(row)) for row in db.execute(select(each))}
            for name, each in SQLModel.metadata.tables.items()
        }


def test_a_host_sees_the_report_of_everybody_and_of_each_unit(service: Service, host: TestClient) -> None:
    before = everything(service)
    assert f'href="{HERE}"' in host.get("/host/studies/spring").text
    page = host.get(HERE)
    assert page.status_code == 200
    assert "made-up answers of 60 people, spread evenly over 3 units" in page.text
    assert "at least 60 people" in page.text
    below = [link for link in Screen(page.text).links if "/units/" in link]
    assert below == [f"{HERE}/units/{unit}" for unit in ("east", "north", "south")]
    for address in (HERE, *below):
        shown = host.get(address).text
        title, heading = (re.search(f"<{tag}[^>]*>(.*?)</{tag}>", shown).group(1) for tag in ("title", "h1"))
        assert "(SIMULATED)" in title
        assert "(SIMULATED)" in heading
        assert '<p class="simulated"><strong lang="en">SIMULATED</strong>' in shown
        links = set(Screen(shown).links)
        assert not [link for link in links if link.startswith("/report")], (
            "it leads to no report that there is"
        )
        assert {host.get(link).status_code for link in links if link.startswith("/host")} == {200}
    assert everything(service) == before


def test_the_sample_is_the_same_each_time_and_another_for_another_study(
    service: Service, host: TestClient
) -> None:
    assert host.get(HERE).content == host.get(HERE).content
    with write(service.engine) as db:
        studies.make_study(db, id="autumn", title="Spring", form="a2", people=60, context=["role"])
        for unit in ("north", "south", "east"):
            studies.add_unit(db, "autumn", unit, f"{unit.title()} team")
    sign_in(service, host, ready(service, "hugo", host="autumn"))
    other = host.get("/host/studies/autumn/sample")
    assert other.status_code == 200
    assert host.get(HERE).status_code == 404


@pytest.mark.parametrize("people", [27])
def test_a_unit_that_would_be_too_small_is_in_no_sample(host: TestClient) -> None:
    page = host.get(HERE).text
    assert "made-up answers of 27 people" in page
    for shown in (page, host.get(f"{HERE}/units/north").text):
        assert "SIMULATED · Nothing can be shown" in shown
    assert host.get(f"{HERE}/units/nowhere").status_code == 404


@pytest.mark.parametrize("people", [None])
def test_without_a_number_of_people_it_says_what_is_missing(host: TestClient) -> None:
    assert "Say first how many people you expect" in host.get(HERE).text


@pytest.mark.parametrize("leaving", ["rows", "rows with units"])
def test_of_a_study_of_rows_it_shows_rows_and_no_report(
    service: Service, host: TestClient, leaving: str
) -> None:
    before = everything(service)
    page = host.get(HERE)
    assert page.status_code == 200
    assert "What would leave this study (SIMULATED)" in page.text
    assert ('<th scope="col">unit</th>' in page.text) == (leaving == "rows with units")
    assert '<th scope="col">role</th>' in page.text
    assert page.text.count("<tr>") == 6
    assert everything(service) == before


def test_every_form_has_a_sample(service: Service, client: TestClient) -> None:
    sign_in(service, client, ready(service, "hana"))
    for form in service.instruments["ppiq"].forms:
        study = f"of-{form.replace('_', '-')}"
        with write(service.engine) as db:
            studies.make_study(db, id=study, title="Spring", form=form, people=40, context=[])
            studies.add_unit(db, study, "north", "North")
        sign_in(service, client, ready(service, f"host-{study}", host=study))
        page = client.get(f"/host/studies/{study}/sample")
        assert page.status_code == 200, form
        assert "(SIMULATED)" in page.text
