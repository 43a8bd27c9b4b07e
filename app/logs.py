"""Logs without values: an event, the template of a route, a status, a state of SQL, a place in the code.

A message is printed as it stands in the source and never filled in, since its values may be an answer, a code
or an address. Requests that went well are not logged, and of the time only the day is written, in UTC, so
that the log does not show who was here when.
"""

import errno
import logging
import logging.config
import sys
import threading
import traceback
import warnings
from collections import Counter
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TextIO

from starlette.requests import Request

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

FIELDS: Final = ("route", "status", "sqlstate", "at")
OF_STAFF: Final = ("/staff", "/host", "/operator", "/report", "/export", "/api")
FAILURES: Final[Counter[int]] = Counter()
"""Requests to pages of staff that failed by a fault of ours, by status, since the process began."""
log = logging.getLogger("counterpoise")


class ValueFree(logging.Formatter):
    """A formatter that prints a message's template and the place of an error, never a value."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [
            f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%d}",
            record.levelname,
            record.name,
            repr(record.msg) if isinstance(record.msg, str) else "an object",
        ]
        parts += [f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name)]
        if record.exc_info and record.exc_info[1] is not None:
            parts.append(where(record.exc_info[1]))
        return " ".join(parts)


def where(error: BaseException) -> str:
    """The kind of an error, that of its cause, and the lines it passed through, without their messages."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    cause = "" if error.__cause__ is None else f" because of {_kind(error.__cause__)}"
    return f"{_kind(error)}{cause} at {places}"


def _kind(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    named = f" {errno.errorcode[number]}" if isinstance(number, int) and number in errno.errorcode else ""
    return f"{type(error).__module__}.{type(error).__qualname__}{named}"


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
    if str(fields["route"]).startswith(OF_STAFF):
        FAILURES[status] += 1


LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"value free": {"()": ValueFree}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "value free"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"uvicorn.access": {"handlers": [], "propagate": False}},
}
"""For the server: every logger of every library passes through the one formatter."""


def log_as_a_server() -> None:
    """Have all that this process says of itself pass through the one formatter, from here on.

    What nobody catches, in whatever thread, and warnings would be written by Python with their messages.
    """
    logging.config.dictConfig(LOGGING)
    sys.excepthook = _ended
    threading.excepthook = _thread_ended
    sys.unraisablehook = _not_raised
    warnings.showwarning = _warned


def _ended(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if issubclass(kind, Exception):
        log.critical("the process ends", exc_info=(kind, error, at))
    else:  # told to stop from the keyboard
        sys.__excepthook__(kind, error, at)


def _thread_ended(what: threading.ExceptHookArgs) -> None:
    if what.exc_value is not None and isinstance(what.exc_value, Exception):
        log.error("a thread ended", exc_info=what.exc_value)


def _not_raised(what: "UnraisableHookArgs") -> None:
    log.error("an error was left, since nobody could take it", exc_info=what.exc_value)


def _warned(  # noqa: PLR0917 - as Python calls it
    message: Warning | str,  # noqa: ARG001 - never told
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    log.warning("a warning", extra={"at": f"{category.__name__} at {filename}:{lineno}"})
