"""Logs without values: an event, the template of a route, a status, a state of SQL, a place in the code.

A message is printed as it stands in the source and never filled in, since its values may be an answer, a code
or an address. Requests that went well are not logged, and no time is written, so that the log does not show
who was here when.
"""

import logging
import traceback
from typing import Any, Final

from starlette.requests import Request

FIELDS: Final = ("route", "status", "sqlstate", "at")
log = logging.getLogger("counterpoise")


class ValueFree(logging.Formatter):
    """A formatter that prints a message's template and the place of an error, never a value."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [
            record.levelname,
            record.name,
            repr(record.msg) if isinstance(record.msg, str) else "an object",
        ]
        parts += [f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name)]
        if record.exc_info and record.exc_info[1] is not None:
            parts.append(where(record.exc_info[1]))
        return " ".join(parts)


def where(error: BaseException) -> str:
    """The kind of an error and the lines it passed through, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__module__}.{type(error).__qualname__} at {places}"


def log_failure(request: Request, status: int, error: Exception) -> None:
    """Log a failed request: route, status, state of SQL, and the lines that the error passed through."""
    original = getattr(error, "orig", None)
    route = request.scope.get("route")
    fields = {
        "route": getattr(route, "path", "none"),
        "status": status,
        "sqlstate": getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None),
        "at": where(error),
    }
    log.error("a request failed", extra=fields)


LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"value free": {"()": ValueFree}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "value free"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"uvicorn.access": {"handlers": [], "propagate": False}},
}
"""For the server: every logger of every library passes through the one formatter."""
