"""Pages that take long have a queue each: a full one refuses at once, and nobody else has to wait."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from app import printing
from app.export import routes as export
from app.report import routes as report
from app.runtime import Service
from app.staff import passwords
from app.work_queue import BoundedQueue
from tests.lib.cohorts import close, signed_in, take_part
from tests.privacy.organisations import of_one_mind

WAVE = "demo-1"
EXPORT, REPORT = f"/export/waves/{WAVE}", f"/report/waves/{WAVE}"
THREADS = 40
"""Of the server, for everybody."""
SLOW = [
    ("researcher", export.QUEUE, EXPORT),
    *(
        ("researcher", export.QUEUE, f"{EXPORT}/{name}")
        for name in (
            "responses.csv",
            "codebook.json",
            "codebook.html",
            "files/xlsx",
            "all.zip",
        )
    ),
    *(("trainer", report.QUEUE, f"{REPORT}{ending}") for ending in ("", ".json", ".csv", ".pdf")),
    *(("trainer", report.QUEUE, f"{REPORT}/units/south{ending}") for ending in ("", ".json", ".csv", ".pdf")),
    ("trainer", report.QUEUE, "/report"),
    ("trainer", printing.QUEUE, f"{REPORT}.pdf"),
]


@contextmanager
def full(queue: BoundedQueue) -> Iterator[None]:
    """Everybody who may wait there waits."""
    for _ in range(queue.at_most):
        assert queue._queue.acquire(blocking=False)
    yield
    queue._queue.release(queue.at_most)


@pytest.fixture
def closed(service: Service, study: str) -> Service:
    take_part(service, f"{study}-1", "south", of_one_mind(12, 2))
    close(service, f"{study}-1")
    return service


@pytest.mark.parametrize(("leaving", "of"), [("rows", "researcher"), ("reports", "trainer")])
def test_a_full_queue_is_told_at_once_and_kindly(closed: Service, client: TestClient, of: str) -> None:
    for role, queue, path in (each for each in SLOW if each[0] == of):
        signed_in(closed, client, role, "demo")
        with full(queue):
            refused = client.get(path)
            assert (refused.status_code, refused.headers.get("retry-after")) == (503, "30"), path
            assert "try again in a moment" in refused.text
            assert client.get("/").status_code == 200
            client.cookies.clear()
            assert client.get(path).status_code == 404, "to a stranger there is nothing, also no queue"
        signed_in(closed, client, role, "demo")
        assert client.get(path).status_code == 200, path


def test_all_queues_together_leave_threads_for_people_who_answer() -> None:
    queues = (export.QUEUE, report.QUEUE, printing.QUEUE, passwords.KNOWN, passwords.STRANGERS)
    assert sum(queue.at_most for queue in queues) <= THREADS * 3 / 4
