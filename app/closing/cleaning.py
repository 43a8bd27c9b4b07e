"""Take what was deleted out of the files of the database."""

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
_REWRITE: Final = text("ALTER TABLE response ALTER COLUMN layout TYPE varchar USING layout || ''")


class StillRead(Refused):
    """What was deleted cannot leave the files of the database while somebody reads them."""


def clean(service: Service) -> None:
    """Rewrite the files, so that nothing of the rows that are gone is left in them."""
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
    """Write the responses that are left into a new file, with new indexes, where one was deleted before.

    On PostgreSQL the bytes of a deleted row stay on their page, and vacuuming, also in full, keeps them while
    any older transaction runs. A column that is computed anew has the table written from the rows that are.
    Then the log, which has the pages as they were, is renewed. The next run makes a kill in between good.
    """
    if is_sqlite(service.engine):
        return
    with read(service.engine) as db:
        noted = set(db.execute(select(SETTING.c.name).where(SETTING.c.name.in_(NOTES))).scalars())
    if TO_REWRITE in noted:
        with write(service.engine) as db:
            lock(db)
            db.execute(_REWRITE)
            db.execute(delete(SETTING).where(SETTING.c.name == TO_REWRITE))
            db.execute(note(TO_RENEW))
    if noted:
        with outside(service.engine) as db:
            renew(db)
        with write(service.engine) as db:
            db.execute(delete(SETTING).where(SETTING.c.name == TO_RENEW))


def scrub(service: Service) -> bool:
    """Take what was deleted out of the files; tell whether that could be done at once.

    On SQLite, where secure_delete has overwritten it in its page, the write-ahead log is written back and cut
    to nothing; a reader that stays keeps it, and the next run tries again. On PostgreSQL the places of dead
    rows are free to be used again; `rewrite` takes out what was in them.
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
