"""What the service asks its database for, as the driver of the database is given it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, Pool, event

from app.db import is_sqlite, respondents_pool


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Give a list that grows by each statement that any connection of the engine runs."""
    seen: list[str] = []

    class Noting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *rest: Any, **options: Any) -> Any:
            seen.append(str(query))
            return super().execute(query, *rest, **options)

    def note(connection: Any, _record: object, _proxy: object) -> None:
        if is_sqlite(engine):
            connection.set_trace_callback(seen.append)
        else:
            connection.cursor_factory = Noting

    def forget(connection: Any, _record: object) -> None:
        if connection is not None:
            if is_sqlite(engine):
                connection.set_trace_callback(None)
            else:
                connection.cursor_factory = psycopg.Cursor

    watched = [(pool, *each) for pool in pools(engine) for each in (("checkout", note), ("checkin", forget))]
    for each in watched:
        event.listen(*each)
    try:
        yield seen
    finally:
        for each in watched:
            event.remove(*each)


def pools(engine: Engine) -> set[Pool]:
    """The pools of connections of an engine: on SQLite respondents have their own."""
    return {engine.pool, respondents_pool(engine)}
