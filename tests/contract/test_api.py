"""The interface for programs: by token, closed waves only, one shape for answers and for errors."""

import csv
import io
import zipfile
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.audit import events
from app.db import read, write
from app.export.formats import FORMATS
from app.runtime import Service
from app.staff.authorise import make_token
from instrument import ppiq as ppiq_form
from tests.lib.cohorts import another_study, close, next_wave, take_part
from tests.lib.staff_accounts import ready, sign_in
from tests.privacy.organisations import of_one_mind

pytestmark = pytest.mark.either

API = "/api/v1"


@pytest.fixture
def closed(service: Service, study: str) -> Service:
    """A closed wave of the study and one of another."""
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    close(service, f"{study}-1")
    other = another_study(service, "other")
    take_part(service, other, "only", of_one_mind(12, 2))
    close(service, other)
    return service


def shown(service: Service, role: str, study: str = "demo") -> dict[str, str]:
    with write(service.engine) as db:
        return {"authorization": f"Bearer {make_token(service, db, role, study, 1)}"}


def test_a_token_sees_its_own_study_and_its_closed_waves(closed: Service, client: TestClient) -> None:
    for role in ("researcher", "trainer"):
        token = shown(closed, role)
        [study] = client.get(f"{API}/studies", headers=token).json()["items"]
        assert (study["id"], study["simulated"]) == ("demo", True)
        found = client.get(f"{API}/studies/demo/waves", headers=token).json()
        assert [wave["id"] for wave in found["items"]] == ["demo-1"]
        assert found["next"] is None
        assert client.get(f"{API}/studies/other/waves", headers=token).status_code == 404


@pytest.mark.parametrize("leaving", ["rows"])
def test_every_file_is_given_and_written_down_and_an_etag_takes_nothing_out(
    closed: Service, client: TestClient
) -> None:
    token, here = shown(closed, "researcher"), f"{API}/waves/demo-1/exports"
    assert [each["name"] for each in client.get(here, headers=token).json()["items"]] == [*FORMATS]
    rows = client.get(f"{here}/csv", headers=token)
    assert len(list(csv.DictReader(io.StringIO(rows.text)))) == 12
    with zipfile.ZipFile(io.BytesIO(client.get(f"{here}/all", headers=token).content)) as everything:
        assert "demo-1/manifest.json" in everything.namelist()
    held = f'"of-another", {rows.headers["etag"]}'
    again = client.get(f"{here}/csv", headers={**token, "if-none-match": held})
    assert (again.status_code, again.content) == (304, b"")
    with read(closed.engine) as db:
        actions = [each.event["action"] for each in events(db)]
    assert actions.count("answers taken out") == 2
    assert actions[-1] == "answers compared", "whoever asks every second learns when somebody erased"


def test_a_report_is_a_trainer_s_and_rows_are_a_researcher_s(closed: Service, client: TestClient) -> None:
    trainer, researcher = shown(closed, "trainer"), shown(closed, "researcher")
    here = f"{API}/waves/demo-1"
    whole = client.get(f"{here}/report", headers=trainer).json()
    parts = client.get(f"{here}/reports", headers=trainer).json()["items"]
    assert [part["id"] for part in parts] == [part["id"] for part in whole["parts"]]
    for part in parts:
        one = client.get(f"{here}/reports/{part['id']}", headers=trainer).json()
        assert [node["id"] for node in one["nodes"]] == [part["id"]]
    for path, token in (("report", researcher), ("reports", researcher), ("exports/csv", trainer)):
        assert client.get(f"{here}/{path}", headers=token).status_code == 404
    refused = client.get(f"{here}/exports/csv", headers=researcher)
    assert refused.status_code == 403
    assert "gives out reports, not answers" in refused.json()["message"]


def test_an_open_wave_and_another_study_s_are_not_there(closed: Service, client: TestClient) -> None:
    following = next_wave(closed, "demo")
    for role, path in (("researcher", "exports/csv"), ("trainer", "report")):
        token = shown(closed, role)
        for wave in (following, "other-1", "nonsense"):
            reply = client.get(f"{API}/waves/{wave}/{path}", headers=token)
            assert reply.status_code == 404
            assert set(reply.json()) == {"error", "message"}
            assert "token" in reply.json()["message"]


def test_nothing_is_told_without_a_token_and_a_browser_s_session_is_none(
    closed: Service, client: TestClient
) -> None:
    paths = [path.format(study="demo", wave="demo-1", name="csv", part="south", instrument="ppiq", form="a")
             for path in described(client)["paths"]]  # fmt: skip
    assert {client.get(path).status_code for path in paths} == {404}
    for name, role in (("ada", "researcher"), ("bea", "trainer")):
        sign_in(closed, client, ready(closed, name, **{role: "demo"}))
        assert {client.get(path).status_code for path in paths} == {404}


def described(client: TestClient) -> dict[str, Any]:
    return client.get(f"{API}/openapi.json").json()


def test_the_description_names_every_answer_and_the_token(client: TestClient) -> None:
    tree = described(client)
    assert tree["security"] == [{"token": []}]
    for path, calls in tree["paths"].items():
        assert path.startswith(API)
        assert {"200", "403", "404", "422", "503"} <= set(calls["get"]["responses"]), path
    study = tree["components"]["schemas"]["StudyAnswer"]
    assert set(study["required"]) == set(study["properties"])


def test_pages_go_on_where_the_last_one_says(service: Service, study: str, client: TestClient) -> None:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    close(service, f"{study}-1")
    second = next_wave(service, study)
    take_part(service, second, "south", of_one_mind(12, 2))
    close(service, second)
    token, here = shown(service, "researcher"), f"{API}/studies/demo/waves"
    first = client.get(f"{here}?limit=1", headers=token).json()
    assert ([wave["id"] for wave in first["items"]], first["next"]) == (["demo-1"], "demo-1")
    rest = client.get(f"{here}?limit=1&after={first['next']}", headers=token).json()
    assert ([wave["id"] for wave in rest["items"]], rest["next"]) == ([second], None)
    for wrong in ("limit=0", "limit=x", "limit=101"):
        reply = client.get(f"{here}?{wrong}", headers=token)
        assert reply.status_code == 422
        assert set(reply.json()) == {"error", "message"}
        assert "`limit`: Input should be" in reply.json()["message"]
    refused = client.post(here, headers=token)
    assert (refused.status_code, "with GET" in refused.json()["message"]) == (405, True)


def test_a_form_is_told_with_its_items_and_its_scoring(closed: Service, client: TestClient) -> None:
    token = shown(closed, "researcher")
    [ppiq] = client.get(f"{API}/instruments", headers=token).json()["items"]
    assert ppiq["id"] == "ppiq"
    form = client.get(f"{API}/instruments/ppiq/forms/a", headers=token).json()
    assert len(form["items"]) == 30
    turned = {item["id"] for item in form["items"] if item["reversed"]}
    assert turned == ppiq_form().key.reversed_items("a")
    assert form["scales"][-1]["of"] == ["ec", "vi", "sd", "ag", "id", "rr"]
    welsh = client.get(f"{API}/instruments/ppiq/forms/a?language=cy", headers=token).json()
    assert welsh["status"] == "draft"
    assert client.get(f"{API}/instruments/ppiq/forms/a?language=xx", headers=token).status_code == 404


def test_a_nul_in_a_question_is_refused_before_the_database(closed: Service, client: TestClient) -> None:
    for path in ("studies?after=%00", "studies/demo/waves?after=a%00b"):
        refused = client.get(f"{API}/{path}", headers=shown(closed, "trainer"))
        assert (refused.status_code, set(refused.json())) == (404, {"error", "message"})
