"""Remove what was deleted from the files of the database."""

import time
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Dialect, Table, TextClause, delete, select, text
from sqlalchemy.exc import OperationalError

from app.closing.erasure import (
    CODES_TO_REWRITE,
    SETTING,
    STAFF_TO_REWRITE,
    STUDIES_TO_REWRITE,
    TO_REWRITE,
    note_deleted,
)
from app.closing.mixing import OF_RESPONDENTS, PATIENCE_MS, PAUSE, RESPONSE, SPECIAL_ANSWER, TRIES, lock
from app.closing.write_ahead_log import renew
from app.db import SQLITE_PRAGMAS, is_sqlite, outside, read, write
from app.errors import Refused
from app.runtime import Service
from app.tables import (
    STAFF_TABLES,
    STUDY_TABLES,
    Code,
    CodeBatch,
    Draft,
    PairKey,
    Session,
    SubmitKey,
    Wave,
    table,
)

TO_RENEW: Final = "log to renew"
REWRITTEN: Final[Mapping[str, tuple[Table, ...]]] = {
    TO_REWRITE: (RESPONSE, SPECIAL_ANSWER),
    CODES_TO_REWRITE: tuple(table(each) for each in (Code, CodeBatch, Draft, Session, SubmitKey)),
    STUDIES_TO_REWRITE: tuple(table(each) for each in STUDY_TABLES),
    STAFF_TO_REWRITE: tuple(table(each) for each in STAFF_TABLES),
}
"""The tables of each mark."""
NOTES: Final = (*REWRITTEN, TO_RENEW)
STATISTICS: Final = text("VACUUM (FULL) pg_statistic")
"""They hold values of columns. PostgreSQL allows this to the owner of the database, and warns others."""


class StillRead(Refused):
    """The deleted rows cannot be removed from the files while somebody reads them."""


def clean(service: Service) -> None:
    """Rewrite the files, so that nothing of deleted rows is left in them."""
    with outside(service.engine) as db:
        if is_sqlite(db):
            db.execute(text("VACUUM"))
        else:
            names = ", ".join(each.name for each in (*OF_RESPONDENTS, table(PairKey), table(Wave)))
            db.execute(text(f"VACUUM (FULL) {names}"))
            db.execute(STATISTICS)
            renew(db)
            return
    for _ in range(TRIES):
        if scrub(service):
            return
        time.sleep(PAUSE)
    raise StillRead(
        "a backup or an export still reads the database; the collection closes when that has ended"
    )


def rewrite(service: Service) -> bool:
    """Write the remaining rows into new files with new indexes, where a row was deleted before.

    Tell whether that was done, or nothing was to be done.

    On PostgreSQL the bytes of a deleted row stay on their page, and vacuuming, also in full, keeps them while
    any older transaction runs. Computing its columns anew makes PostgreSQL write the table from the rows that
    are there now. Then the statistics are rewritten, since they hold values of columns, and the write-ahead
    log is renewed, since it holds the old pages. On SQLite the whole file is written anew. After a kill in
    between, or where somebody reads the file, the next run does the rest again.
    """
    with read(service.engine) as db:
        noted = set(db.execute(select(SETTING.c.name).where(SETTING.c.name.in_(NOTES))).scalars())
    for mark, tables in REWRITTEN.items():
        if mark in noted:
            with write(service.engine) as db:
                lock(db, tables)
                db.execute(delete(SETTING).where(SETTING.c.name == mark))
                note_deleted(db, TO_RENEW)
                if not is_sqlite(db):
                    for each in tables:
                        db.execute(_anew(each, db.dialect))
    if not noted:
        return True
    if not _renewed(service):
        return False
    with write(service.engine) as db:
        db.execute(delete(SETTING).where(SETTING.c.name == TO_RENEW))
    return True


def _renewed(service: Service) -> bool:
    """Remove from the other files what the rewritten tables held; tell whether that could be done."""
    with outside(service.engine) as db:
        if not is_sqlite(db):
            db.execute(STATISTICS)
            renew(db)
            return True
        db.execute(text("VACUUM"))
    return scrub(service)


def _anew(of: Table, dialect: Dialect) -> TextClause:
    """The statement that has PostgreSQL write a table anew, and forget the statistics of each column.

    To its planner `coalesce(c, c)` is not c, so that it does not leave the writing out.
    """
    names = dialect.identifier_preparer
    columns = ((names.format_column(each), each.type.compile(dialect)) for each in of.c)
    parts = (f"ALTER COLUMN {name} TYPE {kind} USING coalesce({name}, {name})" for name, kind in columns)
    return text(f"ALTER TABLE {names.format_table(of)} {', '.join(parts)}")


def scrub(service: Service) -> bool:
    """Remove what was deleted from the files; tell whether that could be done at once.

    On SQLite secure_delete has overwritten the row where it lay; the write-ahead log is written back and cut
    to nothing. A reader prevents that, and the next run tries again. On PostgreSQL the space of deleted rows
    is only marked as free. `rewrite` removes what either leaves.
    """
    with outside(service.engine) as db:
        if not is_sqlite(db):
            names = ", ".join(each.name for each in OF_RESPONDENTS)
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
