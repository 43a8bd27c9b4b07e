"""Ask a server of the institution for JSON: by https only, with limits of time and size.

No redirect is followed. A request holds a thread that respondents need, so there is one time limit for the
whole answer, however slowly its bytes come.
"""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPSConnection
from socket import SHUT_RDWR, socket
from threading import Timer
from typing import Any, Final
from urllib.parse import SplitResult, urlencode, urlsplit

from pydantic_core import from_json

from app.config import is_private

LONGEST_PAUSE: Final = 4.0
LONGEST: Final = 8.0
LARGEST: Final = 256 * 1024
FORM: Final = "application/x-www-form-urlencoded"
OK: Final = 200


class Unproven(Exception):
    """Nobody has shown who they are; the reason is for readers of this code, not for a page or a log."""


def ask(
    address: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Get the JSON object at `address`, or post a form there for one."""
    if not is_private(address):
        raise Unproven("an address that anybody on the way could read")
    parts = urlsplit(address)
    connection = _connection(parts)
    connection.connect()
    end = Timer(LONGEST, _hang_up, [connection.sock])
    end.daemon = True
    end.start()
    sent = {"accept": "application/json"} | dict(headers or {}) | ({"content-type": FORM} if form else {})
    target = parts._replace(scheme="", netloc="").geturl() or "/"
    try:
        connection.request("POST" if form else "GET", target, urlencode(form) if form else None, sent)
        answer = connection.getresponse()
        content = answer.read(LARGEST + 1)
    finally:
        end.cancel()
        connection.close()
    if answer.status != OK or len(content) > LARGEST:
        raise Unproven("an answer that is an error or too large")
    found = from_json(content)
    if not isinstance(found, dict):
        raise Unproven("an answer that is no object")
    return found


def _connection(parts: SplitResult) -> HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return HTTPSConnection(host, port, timeout=LONGEST_PAUSE, context=_trusted())
    return HTTPConnection(host, port, timeout=LONGEST_PAUSE)


def _hang_up(line: socket) -> None:
    """Close the socket beneath TLS too, so that a thread that reads from it comes to the end at once."""
    with suppress(OSError):
        socket.shutdown(line, SHUT_RDWR)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()
