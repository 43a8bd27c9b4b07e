"""The HTTP server as we set it up: one process and no access log."""

import gc
from typing import Final

import uvicorn
from fastapi import FastAPI

from app.logs import LOGGING
from app.operations.connections import Connection

LOOK_AFTER: Final = 100_000


def server(asgi: FastAPI, host: str, port: int) -> uvicorn.Server:
    """Make a server that logs no request, trusts no proxy's headers and does not name its software."""
    spare_the_collector()
    return uvicorn.Server(
        uvicorn.Config(
            asgi,
            host=host,
            port=port,
            http=Connection,
            access_log=False,
            log_config=LOGGING,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )


def spare_the_collector() -> None:
    """Exclude what is loaded at the start from garbage collection, and collect the rest less often.

    Reading the stored report of a large wave makes a hundred thousand objects. By default the collector would
    run at each seven hundred of them, which took four fifths of the time of a page.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOK_AFTER)
