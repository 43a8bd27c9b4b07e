"""Remove what links a code to an answer when a wave closes.

A send writes code and response in one transaction, so while a wave is open the files of the database show
which code gave which answer: by xmin, by the place in the heap, by the frames of the write-ahead log. Closing
copies both tables into new ones in random order, responses under new ids, in one transaction, and drops the
old tables. Then app.closing.cleaning rewrites the files, so that neither a dead row nor a stale page is left.
"""

import time
from collections.abc import Sequence
from secrets import SystemRandom
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, MetaData, Table, bindparam, insert, select, text
from sqlalchemy.exc import OperationalError

from app.closing.purge import CODE
from app.db import LOCK_TIMEOUT, is_sqlite
from app.tables import RESPONDENT_TABLES, Response, SpecialAnswer, table

RESPONSE: Final = table(Response)
SPECIAL_ANSWER: Final = table(SpecialAnswer)
OF_RESPONDENTS: Final = tuple(table(each) for each in RESPONDENT_TABLES)

BATCH: Final = 5_000
TRIES: Final = 60
PAUSE: Final = 0.5
PATIENCE_MS: Final = 500
"""Less than PostgreSQL's deadlock_timeout of 1 s, so that mixing gives way and not a respondent."""
LOCK_NOT_AVAILABLE: Final = "55P03"


def mix(db: Connection) -> None:
    """Copy every code and response in random order, within one transaction that has locked the tables.

    The rows of all waves are mixed, since they share the tables.
    """
    lay_anew(db, CODE)
    lay_anew(db, RESPONSE)
    lay_anew(db, SPECIAL_ANSWER)


def lock(db: Connection, tables: Sequence[Table] = OF_RESPONDENTS) -> None:
    """Lock the tables on PostgreSQL; on SQLite the transaction is the only writer anyway."""
    if is_sqlite(db):
        return
    names = ", ".join(map(db.dialect.identifier_preparer.format_table, tables))
    db.execute(text(f"SET LOCAL lock_timeout = {PATIENCE_MS}"))
    for left in reversed(range(TRIES)):
        try:
            with db.begin_nested():
                db.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
            break
        except OperationalError as error:
            if not left or getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
        time.sleep(PAUSE)
    db.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))


def lay_anew(db: Connection, kept: Table) -> None:
    """Copy a table in random order into a new one of the same name and drop the old.

    Only the keys are held in memory; the rows are copied within the database, byte for byte.
    """
    old = set_aside(db, kept)
    kept.create(db)
    (key,) = old.primary_key
    others = [column for column in old.c if column is not key]
    row = select(bindparam("new", type_=key.type), *others).where(key == bindparam("old"))
    copy = insert(kept).from_select([key.name, *(column.name for column in others)], row)
    keys = in_random_order(list(db.execute(select(key)).scalars()))
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        db.execute(copy, [{"old": each, "new": renewed(kept, each)} for each in batch])
    drop(db, old)


def in_random_order(keys: list[Any]) -> list[Any]:
    """Shuffle keys by the system's source of randomness, which no seed can repeat."""
    SystemRandom().shuffle(keys)
    return keys


def renewed(kept: Table, key: Any) -> Any:
    """Give each response a new id, so that one noted while the wave was open leads nowhere."""
    return uuid4() if kept in (RESPONSE, SPECIAL_ANSWER) else key


def set_aside(db: Connection, kept: Table) -> Table:
    """Rename the table and, on PostgreSQL, its indexes, so that the new one can have the models' names."""
    old = kept.to_metadata(MetaData(), name=f"old_{kept.name}")
    indexes: list[str] = []
    if not is_sqlite(db):
        of_table = text(
            "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
            "WHERE indrelid = CAST(:name AS regclass)"
        )
        indexes = list(db.execute(of_table, {"name": kept.name}).scalars())
    db.execute(text(f"ALTER TABLE {kept.name} RENAME TO {old.name}"))
    for index in indexes:
        db.execute(text(f"ALTER INDEX {index} RENAME TO old_{index}"))
    return old


def drop(db: Connection, old: Table) -> None:
    """Drop the old table."""
    old.drop(db)
