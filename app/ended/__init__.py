"""Keys of what has ended and is not shown again: private runs, pages of a receipt, sign-ins elsewhere.

None of them has a row while it lasts. When it ends, a row of random bytes is written, which identify nobody,
with the day on which they are deleted. They are in the database so that other processes, and a restarted one,
know of them too.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.db import is_sqlite
from app.runtime import now
from app.tables import EndedKey, table

ENDED_KEY: Final = table(EndedKey)
DAYS_KEPT: Final = 15
"""Longer than a private run lasts, and than a browser keeps a page that could be sent again."""


_KNOWN: Final = select(ENDED_KEY.c.key).where(ENDED_KEY.c.key == bindparam("of_key"))


def end(db: Connection, key: bytes) -> bool:
    """Remember that what has this key has ended; False if it had ended before."""
    forget_on = now().date() + timedelta(days=DAYS_KEPT)
    row = (sqlite if is_sqlite(db) else postgresql).insert(ENDED_KEY).values(key=key, forget_on=forget_on)
    return db.execute(row.on_conflict_do_nothing().returning(ENDED_KEY.c.key)).first() is not None


def has_ended(db: Connection, key: bytes) -> bool:
    """Whether what has this key has ended."""
    return db.execute(_KNOWN, {"of_key": key}).first() is not None


def forget(db: Connection) -> None:
    """Delete the keys whose day has come."""
    db.execute(delete(ENDED_KEY).where(ENDED_KEY.c.forget_on <= now().date()))
