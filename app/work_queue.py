"""Queues for work that takes long: a few run at a time, some wait for their turn, the rest are refused.

Each request that waits holds a thread that respondents need, so the queue is short.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from app.errors import Busy


class BoundedQueue:
    """A queue in which a few work, a few wait, and further ones are refused."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self.at_most = at_once + waiting
        """How many threads it can hold at most."""
        self._working = BoundedSemaphore(at_once)
        self._queue = BoundedSemaphore(self.at_most)
        self._turn, self._free = Lock(), self.at_most

    @property
    def taken(self) -> int:
        """How many work or wait at this moment."""
        return self.at_most - self._free

    @contextmanager
    def take(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise Busy
        self._count(-1)
        try:
            with self._working:
                yield
        finally:
            self._count(1)
            self._queue.release()

    def _count(self, more: int) -> None:
        with self._turn:
            self._free += more
