"""The HTTP server as we set it up, without an access log."""

import errno
import gc
import socket
from collections.abc import Callable
from typing import Final

import uvicorn
from fastapi import FastAPI

from app.errors import ConfigurationError
from app.logs import LOGGING
from app.operations.connections import Connection

LOOK_AFTER: Final = 100_000
HUNG_SECONDS: Final = 30
"""A worker that is frozen for so long is ended, and another takes its place.

A thread of its own says that it lives, so a worker that only answers nobody is not noticed.
"""
ELSEWHERE: Final = "name an address of this computer by --host"
_CURES: Final = {
    errno.EADDRINUSE: "another program has it, perhaps this service itself. Stop that one, or name another "
    "port by --port",
    errno.EACCES: "ports under 1024 are for the system. Name another one by --port, and have the reverse "
    "proxy pass on to it",
}


def server(asgi: FastAPI, host: str, port: int) -> uvicorn.Server:
    """Make a server of one process."""
    spare_the_collector()
    return uvicorn.Server(settings_of_server(asgi, host, port))


def settings_of_server(
    asgi: FastAPI | Callable[[], FastAPI], host: str, port: int, *, workers: int = 1
) -> uvicorn.Config:
    """Log no request, trust no proxy's headers, do not name the software.

    Several workers are given a function that makes the application in each of them.
    """
    return uvicorn.Config(
        asgi,
        factory=workers > 1,
        host=host,
        port=port,
        workers=workers,
        http=Connection,
        access_log=False,
        log_config=LOGGING,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_worker_healthcheck=HUNG_SECONDS,
    )


def listening(host: str, port: int) -> socket.socket:
    """Take the place where the service will listen; one that cannot be had is told with what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    place = socket.socket(family)
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind((host, port))
    except OSError as error:
        place.close()
        cure = _CURES.get(error.errno or 0, ELSEWHERE)
        raise ConfigurationError(
            f"cannot listen on port {port} of {host} ({error.strerror}): {cure}"
        ) from None
    return place


def spare_the_collector() -> None:
    """Exclude what is loaded at the start from garbage collection, and collect the rest less often.

    Reading the stored report of a large wave makes a hundred thousand objects. By default the collector would
    run at each seven hundred of them, which took four fifths of the time of a page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOK_AFTER)
