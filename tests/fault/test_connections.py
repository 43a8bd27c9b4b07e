"""A connection without progress is closed; one that is being answered, or is only slow, is not."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI, Request
from uvicorn import Server

from app.operations import connections
from app.operations.server import server

SHORT = 0.4
"""Seconds for a head, a body and the reading of an answer in these tests."""
GET = b"GET /quick HTTP/1.1\r\nHost: here\r\n\r\n"
answering_has_begun, it_may_end = threading.Event(), threading.Event()
"""Of the answer at /held: that it is being made, and that it may be given."""
POST = b"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 20\r\n\r\n"


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> Iterator[Server]:
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "READING_SECONDS"):
        monkeypatch.setattr(connections, name, SHORT)
    app = FastAPI()

    @app.get("/quick")
    async def quick() -> str:
        return "quick"

    @app.get("/slow")
    def slow() -> str:
        time.sleep(3 * SHORT)
        return "slow"

    @app.get("/held")
    def held() -> str:
        answering_has_begun.set()
        it_may_end.wait(60)
        return "held"

    @app.get("/long")
    async def long() -> str:
        return "x" * 50_000_000

    @app.post("/body")
    async def body(request: Request) -> str:
        return (await request.body()).decode()

    running = server(app, "127.0.0.1", unused_port)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield running
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def port(running: Server) -> int:
    return running.config.port


def line_to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def waits_until(happened: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if happened():
            return
        time.sleep(0.01)
    raise AssertionError("it has not happened in a minute")


def goes_on(line: socket.socket, parts: list[bytes], pause: float = 0.0) -> None:
    for part in parts:
        line.sendall(part)
        time.sleep(pause)


def is_let_go(line: socket.socket) -> bool:
    """Whether the other side closes the connection; TimeoutError where it does not."""
    try:
        while line.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("begun", [b"", b"GET /", GET[:-2], POST, POST + b"half"])
def test_who_does_not_go_on_is_let_go(port: int, begun: bytes) -> None:
    with line_to(port) as line:
        line.sendall(begun)
        assert is_let_go(line)


def test_a_byte_now_and_then_is_not_going_on(port: int) -> None:
    for begun in (GET[:-2] + b"X-", POST):
        with line_to(port) as line:
            line.sendall(begun)
            with pytest.raises(OSError):
                goes_on(line, [b"a"] * 50, SHORT / 5)


def test_empty_lines_after_an_answer_hold_no_place(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 60)
    with line_to(port) as line:
        line.sendall(GET)
        assert b"quick" in line.recv(65536)
        monkeypatch.setattr(connections, "HEAD_SECONDS", SHORT)
        line.sendall(b"\r\n")
        assert is_let_go(line)


def test_a_head_has_an_end(port: int) -> None:
    head = [b"GET /quick HTTP/1.1\r\n", *(b"X-%d: " % each + b"a" * 1_000 + b"\r\n" for each in range(1_000))]
    with line_to(port) as line, pytest.raises(OSError):
        goes_on(line, head)


def test_who_does_not_read_the_answer_is_let_go(port: int, running: Server) -> None:
    with line_to(port) as line:
        line.sendall(b"GET /long HTTP/1.1\r\nHost: here\r\n\r\n")
        waits_until(lambda: running.server_state.total_requests == 1)
        waits_until(lambda: not running.server_state.connections)
        got = 0
        try:
            while part := line.recv(1 << 20):
                got += len(part)
        except ConnectionError:
            pass
        assert got < 50_000_000


def test_an_answer_that_takes_long_is_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 60)
    with line_to(port) as line:
        line.sendall(GET.replace(b"quick", b"slow"))
        assert b"slow" in line.recv(65536)


def test_whoever_comes_where_all_places_are_taken_gets_one(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 60)
    monkeypatch.setattr(connections, "places", lambda: 3)
    monkeypatch.setattr(connections, "AT_A_TIME", 1)
    silent = [line_to(port) for _ in range(3)]
    with line_to(port) as answering:
        answering.sendall(GET.replace(b"quick", b"held"))
        assert answering_has_begun.wait(60)
        others = [line_to(port) for _ in range(4)]
        person = line_to(port)
        person.sendall(GET)
        assert b"quick" in person.recv(65536)
        it_may_end.set()
        assert b"held" in answering.recv(65536), "nobody is let go whose request is being answered"
        assert is_let_go(silent[0])
        for each in (*silent, *others, person):
            each.close()
