"""A host composes a battery on a page; it is tried, handed over and published as any questionnaire is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app import studies
from app.config import Settings
from app.db import read, write
from app.hosted.brought import BROUGHT, publish, the_brought
from app.runtime import Service, check_secret, make_service
from instrument import orders
from tests.conftest import SECRET
from tests.lib.batteries import on_a_shelf
from tests.lib.questionnaire_client import Screen
from tests.lib.staff_accounts import ready, sign_in

HERE = "/host/questionnaires/battery"
CHOSEN = {
    "id": "power_and_gardens",
    "title": "Power and gardens",
    "part_1": "ppiq/a2",
    "part_2": "ppiq/g",
    "part_4": "garden/garden",
    "random_1": "yes",
    "random": "yes",
}


@pytest.fixture
def service(sqlite_url: str, tmp_path: Path) -> Iterator[Service]:
    settings = Settings(database_url=sqlite_url, secret=SECRET, secure=False, origin="http://127.0.0.1")
    service = on_a_shelf(make_service(settings), tmp_path / "instruments")
    check_secret(service)
    yield service
    service.engine.dispose()


@pytest.fixture
def host(service: Service, client: TestClient) -> TestClient:
    sign_in(service, client, ready(service, "hana", host="*"))
    return client


def brought(service: Service) -> list[Any]:
    with read(service.engine) as db:
        return list(db.execute(BROUGHT.select()))


def test_what_is_chosen_becomes_a_draft_and_with_a_yes_a_form(host: TestClient, service: Service) -> None:
    assert f'href="{HERE}"' in host.get("/host/questionnaires").text
    form = Screen(host.get(HERE).text).forms[-1]
    assert set(CHOSEN) - {"id", "title"} <= {*form.choices, *form.boxes}
    assert "ppiq/a2" in form.choices["part_1"]
    assert "ppiq/a" not in form.choices["part_1"], "the second edition takes its place"
    made = host.post(HERE, data=CHOSEN)
    assert made.status_code == 303
    page = host.get(made.headers["location"]).text
    assert "compose it anew under the same short name" in page
    assert host.get(f"{made.headers['location']}/try").status_code == 200
    assert host.post(f"{made.headers['location']}/hand-over").status_code == 303
    [row] = brought(service)
    with write(service.engine) as db:
        publish(service, db, the_brought(db, row.id))
    battery = service.instruments["power_and_gardens"].forms["power_and_gardens"]
    assert [*battery.blocks] == ["a2", "g", "garden"]
    assert len(orders(battery)) == 6
    assert "power_and_gardens/power_and_gardens" in host.get("/host/studies").text
    assert "power_and_gardens" not in Screen(host.get(HERE).text).forms[-1].choices["part_1"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"part_1": "", "part_2": "", "part_4": ""}, "name a part at the least"),
        ({"part_2": "ppiq/a2"}, "stands here twice"),
        ({"part_2": "ppiq/s2"}, "item `"),
        ({"part_2": "ppiq/zz"}, "there is no form `ppiq/zz`"),
        ({"id": "Power And"}, "name it with small letters"),
        ({"title": ""}, "name it with small letters"),
        ({"id": "garden"}, "there is a questionnaire `garden` here already"),
    ],
)
def test_parts_that_cannot_stand_together_are_refused_with_the_reason(
    host: TestClient, service: Service, change: dict[str, str], why: str
) -> None:
    refused = host.post(HERE, data={**CHOSEN, **change})
    assert refused.status_code == 422
    said = " ".join("".join(Screen(refused.text).words).split())
    assert why[0].upper() + why[1:] in said or why in said
    assert 'name="random_1" value="yes" checked' in refused.text, "what was chosen stays"
    assert brought(service) == []


def test_a_host_of_one_study_makes_none(service: Service, client: TestClient) -> None:
    with write(service.engine) as db:
        studies.make_study(db, id="demo", title="Demonstration")
    sign_in(service, client, ready(service, "henk", host="demo"))
    assert client.get(HERE).status_code == client.post(HERE, data=CHOSEN).status_code == 404
