"""Run the service: one server or several, and one thread that does what is due."""

import multiprocessing
import os
import signal
import threading
from functools import partial
from multiprocessing.process import BaseProcess
from socket import socket
from typing import Final

from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from app import migrate
from app.closing.maintenance import Maintenance
from app.config import Settings
from app.db import is_sqlite, read
from app.ended import ledger
from app.errors import ConfigurationError
from app.main import create_app
from app.operations.metrics import serving_metrics
from app.operations.server import listening, server, settings_of_server, spare_the_collector
from app.operations.whole import serving_marked
from app.runtime import check_secret, make_service
from app.studies.installed import CURE, missing
from app.studies.rights import check_lock_timeout, check_may_close

ONE_PROCESS: Final = (
    "SQLite is for one process, which writes one answer after the other anyway: serve without --workers, or "
    "take PostgreSQL (COUNTERPOISE_DATABASE_URL), which several can serve"
)


def serve_forever(settings: Settings, host: str, port: int, workers: int = 1) -> None:
    """Refuse to start on what would fail later, and say how to mend it; then serve until stopped."""
    service = make_service(settings)
    try:
        if workers > 1 and is_sqlite(service.engine):
            raise ConfigurationError(ONE_PROCESS)
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
    asgi = partial(_app_of_worker, settings)
    Multiprocess(settings_of_server(asgi, host, port, workers=workers), [place]).run()


def _app_of_worker(settings: Settings) -> FastAPI:
    """Make the application in a process of its own, which ends with the one that started it."""
    if (started_by := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(started_by,), daemon=True).start()
    app = create_app(settings)
    spare_the_collector()
    return app


def _end_with(process: BaseProcess) -> None:
    process.join()
    os.kill(os.getpid(), signal.SIGTERM)
