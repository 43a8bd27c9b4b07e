"""Run the service: one server or several, and one thread that does what is due."""

import multiprocessing
import os
import signal
import sys
import threading
from functools import partial
from multiprocessing.process import BaseProcess
from socket import socket
from typing import Final

from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app import migrate
from app.closing.maintenance import Maintenance
from app.config import Settings
from app.db import is_sqlite, read
from app.ended import ledger
from app.errors import ConfigurationError
from app.logs import log, log_as_a_server
from app.main import create_app
from app.operations.metrics import serving_metrics
from app.operations.server import listening, server, settings_of_server, spare_the_collector
from app.operations.whole import check_restored, serving_marked
from app.runtime import check_secret, make_service
from app.studies.installed import CURE, missing
from app.studies.rights import check_lock_timeout, check_may_close
from app.support.signposts import DEFAULT, signposts, take_signposts

ONE_PROCESS: Final = (
    "SQLite is for one process, which writes one answer after the other anyway: serve without --workers, or "
    "take PostgreSQL (COUNTERPOISE_DATABASE_URL), which several can serve"
)

NOT_STARTED: Final = (
    "a process that answers could not start, so all were stopped; the log says where it failed"
)


def serve_forever(settings: Settings, host: str, port: int, workers: int = 1) -> None:
    """Refuse to start on what would fail later, and say how to mend it; then serve until stopped."""
    log_as_a_server()
    service = make_service(settings)
    try:
        if workers > 1 and is_sqlite(service.engine):
            raise ConfigurationError(ONE_PROCESS)
        check_restored(service)  # such a database has no schema's number yet, and migrating is no cure
        if migrate.current(service.engine) != migrate.head():
            raise ConfigurationError("the database has not the schema of this version: counterpoise migrate")
        check_secret(service)
        ledger.check(service)
        with read(service.engine) as db:
            check_lock_timeout(db)
            check_may_close(db)
            if absent := missing(service, db):
                raise ConfigurationError(f"not installed: {'; '.join(absent)}. To serve, {CURE}")
        with (
            listening(host, port) as place,
            serving_marked(service),
            Maintenance(service) as maintenance,
            serving_metrics(service, maintenance, workers),
        ):
            if workers == 1:
                server(create_app(settings, service), host, port).run([place])
            else:
                _serve_in_several(settings, host, port, workers, place)
    finally:
        service.engine.dispose()


def _serve_in_several(settings: Settings, host: str, port: int, workers: int, place: socket) -> None:
    """Let processes answer at one place, start another for one that has died, and stop all on a signal.

    This process answers nobody: it does what is due, so that closing a wave takes no time from anybody.
    """
    signposts(people := settings.signposts or DEFAULT)
    asgi = partial(_app_of_worker, settings, people.read_text("utf-8"))
    supervisor = _Supervisor(settings_of_server(asgi, host, port, workers=workers), [place])
    supervisor.run()
    if any(each.exitcode == STARTUP_FAILURE for each in supervisor.processes):
        raise ConfigurationError(NOT_STARTED)


class _Supervisor(Multiprocess):
    """The supervisor of uvicorn, which also logs that it has replaced a process."""

    def keep_subprocess_alive(self) -> None:
        before = [*self.processes]
        super().keep_subprocess_alive()
        for each in before:
            if each not in self.processes:
                log.warning("a process that answers had died or was frozen, and another was started")


def _app_of_worker(settings: Settings, people: str) -> FastAPI:
    """Make the application in a process of its own, which ends with the one that started it.

    The service has started, maybe long ago: a file that was broken since does not keep this process from
    answering. Whatever else fails would fail again in the next process, so the supervisor is told to stop.
    """
    log_as_a_server()
    if (started_by := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(started_by,), daemon=True).start()
    try:
        take_signposts(settings.signposts or DEFAULT, people)
        app = create_app(settings, make_service(settings, started=True))
    except Exception:  # noqa: BLE001 - uvicorn would start one process after the other, and log values
        log.exception("a process that answers cannot start")
        sys.exit(STARTUP_FAILURE)
    spare_the_collector()
    return app


def _end_with(process: BaseProcess) -> None:
    process.join()
    os.kill(os.getpid(), signal.SIGTERM)
