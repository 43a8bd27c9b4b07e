"""Limits of time and length for unfinished requests, so that idle connections take nobody's place.

Uvicorn waits for a request without end and takes as many connections as there are descriptors. Here the head
of a request has a greatest length, and head and body each have a time in which they must arrive. Where all
places are taken, the connection that has made no progress for longest is closed. A connection whose request
is being answered is never closed.
"""

import asyncio
import resource
from asyncio.events import TimerHandle
from heapq import nsmallest
from time import monotonic
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS: Final = 20.0
BODY_SECONDS: Final = 60.0
"""64 KiB at 9 kbit/s; no form is larger."""
LARGEST_HEAD: Final = 64 * 1024
READING_SECONDS: Final = 300.0
"""How long somebody may take to read the answer, once it no longer fits into the socket's buffer."""
MOST: Final = 1_000
AT_A_TIME: Final = 10
"""So many are closed at once, so that not every new connection has to search through all others."""
SPARE: Final = 200
"""Descriptors for the database, for files and for what is printed."""


def places() -> int:
    """How many connections there may be at once."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if descriptors == resource.RLIM_INFINITY else max(1, min(MOST, descriptors - SPARE))


class Connection(HttpToolsProtocol):
    """A connection of uvicorn's HTTP protocol with limits of time and size."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._timer: TimerHandle | None = None
        self._since = monotonic()
        """When it last made progress: connected, or finished a head, a body or an answer."""
        self._let_go = False
        self._head = 0
        """Bytes received of a head that is not complete yet."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._expect(HEAD_SECONDS)
        if len(self.connections) > places():
            others = (each for each in self.connections if isinstance(each, Connection) and each is not self)
            waiting = [each for each in others if each.waits()]
            for each in nsmallest(AT_A_TIME, waiting, key=lambda each: each._since):  # noqa: SLF001 - its own
                each.let_go()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._timer is None and not self._is_answering():
            self._expect(HEAD_SECONDS)
        self._head += len(data)
        super().data_received(data)
        if self._head > LARGEST_HEAD:
            self.let_go()

    def on_headers_complete(self) -> None:
        self._expect(BODY_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head = 0
        self._expect(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._since = monotonic()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect(READING_SECONDS)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._expect(None)

    def waits(self) -> bool:
        """Whether the connection waits for its other side: for a request, or for its answer to be read."""
        return not self._let_go and (not self._is_answering() or self.flow.write_paused)

    def let_go(self) -> None:
        self._let_go = True
        self.transport.abort()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def _expect(self, seconds: float | None) -> None:
        """Close the connection unless it makes progress within so many seconds; None stops that clock."""
        self._since = monotonic()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.let_go)
