"""What monitoring is told: of the service, never of who answers."""

import errno
import io
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import httpx2
import pytest
from starlette.testclient import TestClient

from app.closing.maintenance import Maintenance
from app.config import from_environment
from app.errors import ConfigurationError
from app.logs import FAILURES, ValueFree
from app.operations import surroundings
from app.operations.metrics import QUEUES, gauges, serving_metrics
from app.printing import QUEUE
from app.runtime import Service
from tests.conftest import SECRET
from tests.lib.questionnaire_client import respond

HERE = ("127.0.0.1", 0)
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    watched = replace(service, settings=replace(service.settings, metrics=HERE))
    with serving_metrics(watched, Maintenance(watched)) as port:
        yield f"http://127.0.0.1:{port}"


def figures(told: str) -> dict[str, float]:
    """Each line that is no comment; those of time and memory differ by themselves."""
    lines = dict(line.rpartition(" ")[::2] for line in told.splitlines() if line[0] != "#")
    own = ("counterpoise_due_tasks_age_seconds", "counterpoise_memory_bytes")
    return {name: float(value) for name, value in lines.items() if name not in own}


@on_sqlite
def test_it_is_off_unless_an_address_is_set(service: Service, client: TestClient) -> None:
    with serving_metrics(service, Maintenance(service)) as port:
        assert port is None
    assert client.get("/metrics").status_code == 404


@on_sqlite
def test_nothing_that_is_told_moves_by_what_respondents_do(
    address: str, client: TestClient, code: str
) -> None:
    before = httpx2.get(f"{address}/metrics", timeout=60)
    assert before.headers["content-type"].startswith("text/plain")
    respond(client, code)
    client.post("/enter", data={"code": "nothing"})
    client.get("/nothing")
    assert figures(httpx2.get(f"{address}/metrics", timeout=60).text) == figures(before.text)
    assert not re.search("response|draft|code|request_|session|visit", before.text.replace("Requests", ""))
    assert httpx2.get(f"{address}/", timeout=60).status_code == 404


@on_sqlite
def test_places_that_are_taken_and_faults_of_staff_s_pages_are_told(
    service: Service, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    maintenance = Maintenance(service)
    failed = FAILURES[500]
    with QUEUE.take():
        assert figures(gauges(service, maintenance))['counterpoise_queue_taken{queue="printing"}'] == 1
    told = figures(gauges(service, maintenance))
    assert [told[f'counterpoise_queue_taken{{queue="{name}"}}'] for name in QUEUES] == [0] * len(QUEUES)
    monkeypatch.setattr("app.staff.routes.read", None)
    monkeypatch.setattr("app.survey.routes.landing_page", None)
    for path in ("/staff/account", "/staff", "/"):
        client.get(path)
    monkeypatch.undo()
    told = figures(gauges(service, maintenance))
    assert told['counterpoise_staff_failures_total{status="500"}'] >= failed
    assert told["counterpoise_due_tasks_failures"] == 0


@on_sqlite
def test_a_disk_that_is_nearly_full_is_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for free in (surroundings.ROOM, surroundings.ROOM - 1):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        told.append(figures(gauges(service, Maintenance(service)))["counterpoise_disk_short"])
    assert told == [0, 1]


@on_sqlite
def test_of_several_workers_nothing_is_told_that_each_has_for_itself(service: Service) -> None:
    alone, several = (figures(gauges(service, Maintenance(service), workers)) for workers in (1, 2))
    assert several == {"counterpoise_due_tasks_failures": 0, "counterpoise_disk_short": 0}
    assert any("queue_places" in name for name in alone)


@on_sqlite
def test_an_answer_that_fails_is_logged_by_its_place_and_names_nobody(
    address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As where a scraper resets its connection, or a disk cannot be asked."""

    def broken(_: object) -> object:
        raise OSError(errno.EACCES, "canary")

    logging.getLogger().addHandler(handler := logging.StreamHandler(written := io.StringIO()))
    handler.setFormatter(ValueFree())
    monkeypatch.setattr("shutil.disk_usage", broken)
    try:
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{address}/metrics", timeout=60)
        told = written.getvalue()
    finally:
        logging.getLogger().removeHandler(handler)
    assert "'monitoring was not answered' builtins.PermissionError EACCES at " in told
    assert "surroundings.py" in told
    assert not {"canary", "127.0.0.1", "Traceback"} & {
        *re.findall(r"[\w.]+", told + "".join(capfd.readouterr()))
    }
    monkeypatch.undo()
    assert httpx2.get(f"{address}/metrics", timeout=60).status_code == 200, "it goes on"


@pytest.mark.parametrize("named", ["9100", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"])
def test_an_address_that_is_none_is_told_with_an_example(named: str) -> None:
    with pytest.raises(ConfigurationError, match=r"such as 127\.0\.0\.1:9100"):
        from_environment({"COUNTERPOISE_SECRET": SECRET.hex(), "COUNTERPOISE_METRICS": named})


@on_sqlite
def test_a_port_that_is_taken_is_told(service: Service, address: str) -> None:
    taken = replace(
        service, settings=replace(service.settings, metrics=("127.0.0.1", int(address.rpartition(":")[2])))
    )
    with (
        pytest.raises(ConfigurationError, match="COUNTERPOISE_METRICS"),
        serving_metrics(taken, Maintenance(taken)),
    ):
        pass
