"""Run the service: one process, no access log, one thread that tends the waves."""

import gc
from typing import Final

import uvicorn
from fastapi import FastAPI

from app import migrate
from app.closing.maintenance import Maintenance
from app.config import Settings
from app.errors import ConfigurationError
from app.logs import LOGGING
from app.main import create_app
from app.runtime import check_secret, make_service

LOOK_AFTER: Final = 100_000


def serve_forever(settings: Settings, host: str, port: int) -> None:
    """Refuse to start on another schema or with another secret; then serve until stopped."""
    service = make_service(settings)
    if migrate.current(service.engine) != migrate.head():
        raise ConfigurationError("the database has not the schema of this version: counterpoise migrate")
    check_secret(service)
    with Maintenance(service):
        server(create_app(settings, service), host, port).run()


def server(asgi: FastAPI, host: str, port: int) -> uvicorn.Server:
    """A server that logs no request, trusts no proxy's word and tells nothing of itself."""
    spare_the_collector()
    return uvicorn.Server(
        uvicorn.Config(
            asgi,
            host=host,
            port=port,
            access_log=False,
            log_config=LOGGING,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )


def spare_the_collector() -> None:
    """Have the garbage collector pass over what is loaded at the start, and look less often at the rest.

    Reading the stored report of a large wave makes a hundred thousand objects, at each seven hundred of which
    it would look again: four fifths of the time of a page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOK_AFTER)
