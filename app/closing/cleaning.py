"""Take what was deleted out of the files of the database."""

import time

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.closing.mixing import PATIENCE_MS, PAUSE, TRIES
from app.db import SQLITE_PRAGMAS, is_sqlite, outside
from app.errors import Refused
from app.runtime import Service
from app.tables import RESPONDENT_TABLES, PairKey, Wave, table


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
