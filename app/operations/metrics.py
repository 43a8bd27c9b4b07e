"""Gauges for whoever keeps the service alive, at an address of their own; off unless one is set.

Nothing here counts what respondents do: no requests, connections, codes, drafts or responses, and memory is
told in steps that a person does not move, and of the disk whether it is nearly full: a file that grows by a
page tells that somebody has saved. Prometheus' text format; there is no sign-in, so the address must
be one that only the monitoring reaches.
"""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar, Final

from app import printing
from app.closing.maintenance import Maintenance
from app.errors import ConfigurationError
from app.export import microdata
from app.hosting import questionnaires
from app.logs import FAILURES, log
from app.operations.surroundings import ROOM, room
from app.report import routes as report
from app.runtime import Service
from app.staff import passwords
from app.work_queue import BoundedQueue

PATH: Final = "/metrics"
MEDIA_TYPE: Final = "text/plain; version=0.0.4"
STEP: Final = 16 * 2**20
"""Bytes of memory are told in steps of so many."""
SECONDS: Final = 5.0
QUEUES: Final[Mapping[str, BoundedQueue]] = {
    "files of rows": microdata.QUEUE,
    "reports": report.QUEUE,
    "printing": printing.QUEUE,
    "passwords": passwords.KNOWN,
    "passwords from unknown browsers": passwords.STRANGERS,
    "questionnaires that are brought": questionnaires.READING,
}


def gauges(service: Service, maintenance: Maintenance, workers: int = 1) -> str:
    """Return what there is to tell, in Prometheus' text format.

    With several workers each has its own queues and counts its own faults, so neither is told.
    """
    lines = [
        *_told("memory_bytes", "Resident memory, in steps of 16 MiB.", {"": _memory()}),
        *_told(
            "due_tasks_age_seconds",
            "Since the due tasks went through, or since the start; they run every minute.",
            {"": round(time.monotonic() - maintenance.well_at)},
        ),
        *_told(
            "due_tasks_failures",
            "Times that they failed since they last went through.",
            {"": maintenance.failed},
        ),
        *_told(
            "disk_short",
            f"Whether under {ROOM // 2**20} MB are left for the database, the ledger or temporary files.",
            {"": int(not room(service).ok)},
        ),
    ]
    if workers == 1:
        lines += [
            *_told(
                "queue_taken",
                "Places taken in a queue for long work of staff.",
                {f'queue="{name}"': queue.taken for name, queue in QUEUES.items()},
            ),
            *_told(
                "queue_places",
                "Places in that queue.",
                {f'queue="{name}"': queue.at_most for name, queue in QUEUES.items()},
            ),
            *_told(
                "staff_failures_total",
                "Requests to pages of staff that failed by a fault of the service.",
                {f'status="{status}"': FAILURES[status] for status in sorted({500, *FAILURES})},
            ),
        ]
    return "\n".join(lines) + "\n"


def _told(name: str, what: str, values: Mapping[str, int]) -> Iterator[str]:
    kind = "counter" if name.endswith("_total") else "gauge"
    yield f"# HELP counterpoise_{name} {what}"
    yield f"# TYPE counterpoise_{name} {kind}"
    for label, value in values.items():
        yield f"counterpoise_{name}{{{label}}} {value}" if label else f"counterpoise_{name} {value}"


def _memory() -> int:
    """Bytes of all processes, rounded up; the size of a page is that of Linux on the processors we know."""
    pages = sum(
        _pages(each.pid) for each in (multiprocessing.current_process(), *multiprocessing.active_children())
    )
    return -(-pages * 4096 // STEP) * STEP


def _pages(process: int | None) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:  # it has just ended
        return 0


@contextmanager
def serving_metrics(service: Service, maintenance: Maintenance, workers: int = 1) -> Iterator[int | None]:
    """Serve the gauges while the block lasts, where an address is set; give the port."""
    if service.settings.metrics is None:
        yield None
        return

    answer = type(
        "Answer", (_Answer,), {"text": staticmethod(partial(gauges, service, maintenance, workers))}
    )
    host, port = service.settings.metrics
    try:
        server = _Server((host, port), answer)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on port {port} of {host} ({error.strerror}), which COUNTERPOISE_METRICS names: "
            "name another one there, or take it away"
        ) from None
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(SECONDS)


class _Server(HTTPServer):
    def handle_error(self, *_: object) -> None:
        """Log where an answer failed; the library would print who asked, and the error with its message."""
        log.exception("monitoring was not answered")


class _Answer(BaseHTTPRequestHandler):
    timeout: ClassVar[float] = SECONDS
    text: ClassVar[Callable[[], str]]

    def do_GET(self) -> None:
        if self.path != PATH:
            self.send_error(404)
            return
        content = type(self).text().encode()
        self.send_response(200)
        self.send_header("content-type", MEDIA_TYPE)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log no request."""
