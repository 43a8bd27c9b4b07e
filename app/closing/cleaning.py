"""Remove what was deleted from the files of the database."""

import time
from typing import Final

from sqlalchemy import delete, select, text
from sqlalchemy.exc import OperationalError

from app.closing.erasure import SETTING, TO_REWRITE, note
from app.closing.mixing import PATIENCE_MS, PAUSE, TRIES, lock
from app.closing.write_ahead_log import renew
from app.db import SQLITE_PRAGMAS, is_sqlite, outside, read, write
from app.errors import Refused
from app.runtime import Service
from app.tables import RESPONDENT_TABLES, PairKey, Wave, table

TO_RENEW: Final = "log to renew"
NOTES: Final = (TO_REWRITE, TO_RENEW)
_REWRITE: Final = (
    text("ALTER TABLE response ALTER COLUMN layout TYPE varchar USING layout || ''"),
    text("ALTER TABLE special_answer ALTER COLUMN wave TYPE varchar USING wave || ''"),
)


class StillRead(Refused):
    """The deleted rows cannot be removed from the files while somebody reads them."""


def clean(service: Service) -> None:
    """Rewrite the files, so that nothing of deleted rows is left in them."""
    with outside(service.engine) as db:
        if is_sqlite(db):
            db.execute(text("VACUUM"))
        else:
            names = ", ".join(table(model).name for model in (*RESPONDENT_TABLES, PairKey, Wave))
            db.execute(text(f"VACUUM (FULL) {names}"))
            renew(db)
            return
    for _ in range(TRIES):
        if scrub(service):
            return
        time.sleep(PAUSE)
    raise StillRead("a backup or an export still reads the database; the wave closes when that has ended")


def rewrite(service: Service) -> None:
    """Write the remaining responses into a new file with new indexes, if a response was deleted before.

    On PostgreSQL the bytes of a deleted row stay on their page, and vacuuming, also in full, keeps them while
    any older transaction runs. Computing a column anew makes PostgreSQL write the table from the rows that
    are there now. Then the write-ahead log is renewed, since it holds the old pages. After a kill in between,
    the next run does both again.
    """
    if is_sqlite(service.engine):
        return
    with read(service.engine) as db:
        noted = set(db.execute(select(SETTING.c.name).where(SETTING.c.name.in_(NOTES))).scalars())
    if TO_REWRITE in noted:
        with write(service.engine) as db:
            lock(db)
            for statement in _REWRITE:
                db.execute(statement)
            db.execute(delete(SETTING).where(SETTING.c.name == TO_REWRITE))
            db.execute(note(TO_RENEW))
    if noted:
        with outside(service.engine) as db:
            renew(db)
        with write(service.engine) as db:
            db.execute(delete(SETTING).where(SETTING.c.name == TO_RENEW))


def scrub(service: Service) -> bool:
    """Remove what was deleted from the files; tell whether that could be done at once.

    On SQLite secure_delete has overwritten the row in its page already; the write-ahead log is written back
    and cut to nothing. A reader prevents that, and the next run tries again. On PostgreSQL the space of
    deleted rows is only marked as free; `rewrite` removes their bytes.
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
