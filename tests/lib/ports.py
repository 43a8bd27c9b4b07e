"""Ports on which nobody else listens until they are used."""

import os
import socket
from collections.abc import Iterator
from itertools import count
from typing import Final

FIRST: Final = 20_000
OF_ONE: Final = 700
"""Ports of one worker of a run. All lie below those that the system gives to whoever asks for any."""
_numbers = count(os.getpid())


def free_port() -> int:
    """Return a port of this machine on which nothing listens.

    A server binds it seconds later. The system would meanwhile give a port of its own choice to another test,
    so this one is of a range that it chooses none from, and each worker of a run has a part of the range.
    """
    for port in _candidates():
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("every port of this process is taken")


def _candidates() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 16
    for _ in range(OF_ONE):
        yield FIRST + worker * OF_ONE + next(_numbers) % OF_ONE
