"""The network between a phone and the server: a proxy that cuts a connection at a given moment."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from time import sleep
from typing import Final

HOST: Final = "127.0.0.1"
AT_WORK_SECONDS: Final = 0.02
"""Longer than the server takes for a request, so that a kill meets it anywhere in its work."""
_RESET: Final = struct.pack("ii", 1, 0)


class Moment(StrEnum):
    UNSENT = "before the request arrived"
    HALF_SENT = "within the request"
    UNANSWERED = "before the answer"
    HALF_ANSWERED = "within the answer"
    KILLED = "server killed at work"
    KILLED_AFTER = "server killed as it had answered"


@dataclass(frozen=True)
class Cut:
    moment: Moment
    share: float
    """How much of the request, of the answer or of the time has passed."""


class Line:
    """Carries one request after the other to the server and its answer back, each over its own connection."""

    def __init__(self, server: int, kill: Callable[[], None]) -> None:
        self._server = server
        self._kill = kill
        self._next: Cut | None = None
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def cut_next(self, cut: Cut) -> None:
        self._next = cut

    def close(self) -> None:
        self._listening.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                phone, _ = self._listening.accept()
                cut, self._next = self._next, None
                with phone, suppress(ConnectionError):
                    self._carry(phone, cut)

    def _carry(self, phone: socket.socket, cut: Cut | None) -> None:
        request = message(phone)
        if cut is None:
            phone.sendall(self._answer(request))
            return
        match cut.moment:
            case Moment.HALF_SENT:
                with socket.create_connection((HOST, self._server)) as server:
                    server.sendall(part(request, cut.share))
            case Moment.UNANSWERED:
                self._answer(request)
            case Moment.HALF_ANSWERED:
                phone.sendall(part(self._answer(request), cut.share))
            case Moment.KILLED:
                with socket.create_connection((HOST, self._server)) as server:
                    server.sendall(request)
                    sleep(cut.share * AT_WORK_SECONDS)
                    self._kill()
            case Moment.KILLED_AFTER:
                answer = self._answer(request)
                self._kill()
                phone.sendall(answer)
                return
        phone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _answer(self, request: bytes) -> bytes:
        with socket.create_connection((HOST, self._server)) as server:
            server.sendall(request)
            return message(server)


def part(whole: bytes, share: float) -> bytes:
    """Return at least a byte of it, never all."""
    return whole[: 1 + int(share * (len(whole) - 2))]


def message(connection: socket.socket) -> bytes:
    """A request or an answer, as long as its Content-Length says."""
    read = b""
    while b"\r\n\r\n" not in read:
        if not (more := connection.recv(65_536)):
            return read
        read += more
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    missing = (int(lengths[0].partition(b":")[2]) if lengths else 0) - len(body)
    while missing > 0:
        if not (more := connection.recv(65_536)):
            return read
        read += more
        missing -= len(more)
    return read
