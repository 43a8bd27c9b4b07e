"""Take away what links a code to an answer, when a wave closes.

A send writes code and response in one transaction, so while a wave is open the database tells which code gave
which answer: by xmin, by place in the heap, by the frames of the write-ahead log. Closing copies both tables
in random order, responses under new ids, into new tables in one transaction and drops the old; then the files
are rewritten, so that neither a dead row nor a stale page is left.
"""

import time
from secrets import SystemRandom
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, MetaData, Table, bindparam, delete, insert, select, text, update
from sqlalchemy.exc import OperationalError

from app.db import LOCK_TIMEOUT, SQLITE_PRAGMAS, is_sqlite, outside
from app.errors import Refused
from app.runtime import Service
from app.studies.waves import ISSUED, STARTED
from app.tables import RESPONDENT_TABLES, Code, Draft, PairKey, Response, Session, SubmitKey, Wave, table

CODE: Final = table(Code)
DRAFT: Final = table(Draft)
SESSION: Final = table(Session)
RESPONSE: Final = table(Response)
SUBMIT_KEY: Final = table(SubmitKey)

BATCH: Final = 5_000
TRIES: Final = 60
PAUSE: Final = 0.5
PATIENCE_MS: Final = 500
"""Less than PostgreSQL's deadlock_timeout of 1 s: it is mixing that gives way, never a respondent."""
LOCK_NOT_AVAILABLE: Final = "55P03"


class StillRead(Refused):
    """What was deleted cannot leave the files of the database while somebody reads them."""


def mix(db: Connection, wave: str) -> None:
    """Purge what the wave no longer needs and lay every code and response down anew, within one transaction.

    The rows of all waves are mixed, since they share the tables; drafts and sessions of other waves stay. The
    tables are locked.
    """
    purge(db, wave)
    lay_anew(db, CODE)
    lay_anew(db, RESPONSE)


def lock(db: Connection) -> None:
    """Lock the respondent tables on PostgreSQL; on SQLite the transaction is alone from its beginning."""
    if is_sqlite(db):
        return
    names = ", ".join(table(model).name for model in RESPONDENT_TABLES)
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


def purge(db: Connection, wave: str) -> None:
    """Delete drafts, sessions and submit keys of the wave: a key left in a browser would link."""
    of_wave = select(CODE.c.hmac).where(CODE.c.wave == wave)
    db.execute(delete(SESSION).where(SESSION.c.code_hmac.in_(of_wave)))
    db.execute(delete(DRAFT).where(DRAFT.c.code_hmac.in_(of_wave)))
    db.execute(update(CODE).where(CODE.c.wave == wave, CODE.c.state == STARTED).values(state=ISSUED))
    db.execute(delete(SUBMIT_KEY).where(SUBMIT_KEY.c.wave == wave))


def lay_anew(db: Connection, kept: Table) -> None:
    """Copy a table in random order into a new one of the same name and drop the old.

    Only the keys are held here; the rows pass within the database, byte for byte.
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
    SystemRandom().shuffle(keys)
    return keys


def renewed(kept: Table, key: Any) -> Any:
    """A response gets a new id, so that one noted while the wave was open leads nowhere."""
    return uuid4() if kept is RESPONSE else key


def set_aside(db: Connection, kept: Table) -> Table:
    """Rename the table and, on PostgreSQL, its indexes, so that the new one bears the names of the models."""
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
    old.drop(db)


def clean(service: Service) -> None:
    """Rewrite the files, so that nothing of the rows that are gone is left in them."""
    with outside(service.engine) as db:
        if is_sqlite(db):
            db.execute(text("VACUUM"))
        else:
            names = ", ".join(table(model).name for model in (*RESPONDENT_TABLES, PairKey, Wave))
            db.execute(text(f"VACUUM (FULL) {names}"))
            db.execute(text("CHECKPOINT"))
            return
    for _ in range(TRIES):
        if scrub(service):
            return
        time.sleep(PAUSE)
    raise StillRead("a backup or an export still reads the database; the wave closes when that has ended")


def scrub(service: Service) -> bool:
    """Take what was deleted out of the files; tell whether that could be done at once.

    On SQLite, where secure_delete has overwritten it in its page, the write-ahead log is written back and cut
    to nothing; a reader that stays keeps it, and the next run tries again. On PostgreSQL dead rows go; its
    own log keeps them until it rotates.
    """
    with outside(service.engine) as db:
        if not is_sqlite(db):
            names = ", ".join(table(model).name for model in RESPONDENT_TABLES)
            db.execute(text(f"VACUUM (SKIP_LOCKED) {names}"))
            return True
        db.execute(text(f"PRAGMA busy_timeout={PATIENCE_MS}"))
        try:
            busy = db.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).scalar_one()
        except OperationalError:
            return False
        finally:
            db.execute(text(f"PRAGMA busy_timeout={SQLITE_PRAGMAS['busy_timeout']}"))
        return not busy
