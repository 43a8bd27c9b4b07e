"""How far an export is, for whoever waits for it."""

from collections.abc import Callable

Tell = Callable[[str, int, int], None]
"""Told what is being done, how many rows are done, and of how many."""


def quiet(what: str, done: int, total: int) -> None:
    """Tell nobody."""
