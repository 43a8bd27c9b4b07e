"""Queues for work that takes long: a few run at a time, some wait for their turn, the rest are refused.

Each request that waits holds a thread that respondents need, so the queue is short.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from app.errors import Busy


class BoundedQueue:
    """A queue in which a few work, a few wait, and further ones are refused."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self.at_most = at_once + waiting
        """How many threads it can hold at most."""
        self._working = BoundedSemaphore(at_once)
        self._queue = BoundedSemaphore(self.at_most)

    @contextmanager
    def take(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise Busy
        try:
            with self._working:
                yield
        finally:
            self._queue.release()
