"""How respondents' requests reach their endpoints: by one table, before the framework's routing.

Nearly every request is a respondent's, and the framework's routing, dependencies and threads took longer
than reading or saving the answers. The endpoints, their errors and their pages are the same either way:
whatever is not in the table, a wrong method among it, goes on to the framework.
"""

import inspect
import time
from asyncio import get_running_loop
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi.routing import APIRoute
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.db import POSTGRES_POOL, SQLITE_POOL, is_sqlite
from app.form_data import read_form
from app.logs import log
from app.runtime import Service

LONGEST_IN_LINE: Final = 4.0
"""Seconds that answers wait for those before them; after that it is told that they are not saved."""
SLOW: Final = 0.25
"""Seconds that a page waits, for the disk or a processor: meanwhile it holds up everybody, on SQLite."""
APART: Final = 60.0
"""Seconds for which pages are then made in threads, where a slow disk holds up only whoever asked."""
ONE_DAY: Final = 24 * 60 * 60.0
READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Endpoint:
    """The function that answers, and what it takes: the request, its form, a part of its address."""

    route: APIRoute
    """What the log names when a request failed."""
    answer: Callable[..., Any]
    takes: tuple[str, ...]
    part: str
    """The name of that part; empty where it takes none."""
    is_async: bool


class Road:
    """The layer that answers what is in its table, and passes everything else on.

    PostgreSQL is waited for in threads, as everywhere. On SQLite a read takes less time than handing it to a
    thread, so it runs on the event loop; and since only one may write at a time, one thread writes. The
    service stops when these threads have ended, so that nothing is written after it has let go of its files.
    """

    def __init__(self, app: ASGIApp, *, routes: Iterable[APIRoute], service: Service) -> None:
        self.app = app
        self._endpoints = {
            f"{method} {_beginning(route)}": endpoint
            for route in routes
            for endpoint in (_endpoint(route),)
            for method in route.methods or ()
        }
        self._by_itself = is_sqlite(service.engine)
        self._writer, self._threads = self._new_threads()
        self._apart_until = 0.0
        self._silent_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._found(scope) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            if scope["type"] == "lifespan":  # it has ended
                self._writer.shutdown()
                self._threads.shutdown()
                self._writer, self._threads = self._new_threads()  # it may begin again
            return
        endpoint, part = found
        scope["route"] = endpoint.route
        request = Request(scope, receive)
        is_read = request.method in READS
        given = {"request": request, endpoint.part: part}
        if not is_read:
            given["fields"] = await read_form(request)
        answer = partial(endpoint.answer, **{name: given[name] for name in endpoint.takes})
        response: Response = await (answer() if endpoint.is_async else self._run(answer, is_read=is_read))
        await response(scope, receive, send)

    def _new_threads(self) -> tuple[ThreadPoolExecutor, ThreadPoolExecutor]:
        # On SQLite the loop and the writer have a connection each.
        others = SQLITE_POOL - 2 if self._by_itself else POSTGRES_POOL
        return ThreadPoolExecutor(1, "writer"), ThreadPoolExecutor(others, "respondent")

    def _found(self, scope: Scope) -> tuple[Endpoint, str] | None:
        asked = f"{scope['method']} {scope['path']}"
        if (endpoint := self._endpoints.get(asked)) is not None:
            return endpoint, ""
        first, _, last = asked.rpartition("/")
        endpoint = self._endpoints.get(f"{first}/*") if last else None
        return (endpoint, last) if endpoint else None

    async def _run(self, answer: Callable[[], Response], *, is_read: bool) -> Response:
        if self._by_itself and is_read and time.monotonic() >= self._apart_until:
            return self._read(answer)
        run = get_running_loop().run_in_executor
        if is_read:
            return await run(self._threads, answer)
        threads = self._writer if self._by_itself else self._threads
        return await run(threads, _in_turn, time.monotonic(), answer)

    def _read(self, answer: Callable[[], Response]) -> Response:
        began, worked = time.monotonic(), time.thread_time()
        try:
            return answer()
        finally:
            ended = time.monotonic()
            # The first page in a language takes long to make, and would in a thread, which waits as well.
            if ended - began - (time.thread_time() - worked) > SLOW:
                self._apart_until = ended + APART
                if ended > self._silent_until:  # a line for each would tell when somebody was there
                    self._silent_until = ended + ONE_DAY
                    log.warning("the disk or the machine is slow: a page held up everybody for a moment")


def _in_turn(asked_at: float, answer: Callable[[], Response]) -> Response:
    if time.monotonic() - asked_at > LONGEST_IN_LINE:
        raise NoConnection
    return answer()


def _beginning(route: APIRoute) -> str:
    """The address of a route, with * for the part that it takes."""
    first, _, last = route.path.rpartition("/")
    return f"{first}/*" if last.startswith("{") else route.path


def _endpoint(route: APIRoute) -> Endpoint:
    last = route.path.rpartition("/")[2]
    return Endpoint(
        route,
        route.endpoint,
        tuple(inspect.signature(route.endpoint).parameters),
        last.strip("{}") if last.startswith("{") else "",
        inspect.iscoroutinefunction(route.endpoint),
    )
