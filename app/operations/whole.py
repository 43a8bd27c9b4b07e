"""Notice a SQLite database that was copied from a running service without the files beside it.

While a service runs, the latest rows stand in the log, the file that ends in -wal. The database file alone
opens without an error but lacks them. So while the service runs, a random mark stands in the database and in
another file beside it; both are removed when the service stops. After a kill both marks are still there, and
so is the log. A database with a mark and no such file beside it was copied alone.

That file is also locked, so that no second process serves one SQLite database: the first to stop would take
the mark away from under the other, and neither knows who has failed to sign in at the other.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from sqlalchemy import delete, insert, inspect, make_url, select, text

from app import migrate
from app.closing.cleaning import scrub
from app.closing.copies import remove_left_copies
from app.db import check_direct, is_sqlite, read, write
from app.errors import ConfigurationError
from app.files.private import open_private, synchronise
from app.runtime import Service, check_secret, is_being_restored
from app.tables import Setting, table

SETTING: Final = table(Setting)
SERVED: Final = "served under"
_OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
TWICE: Final = (
    "another process serves this database. SQLite is for one: stop that process, or take PostgreSQL "
    "(COUNTERPOISE_DATABASE_URL), which several can serve"
)
HALF_RESTORED: Final = (
    "a backup is being put back into this database, or that was cut off: what had ended since may be back. "
    "Where it was cut off, empty the database, and restore the backup again"
)
ALONE: Final = (
    "this database file was copied from a running service without the files beside it (-wal, -served), so "
    "what was saved last is not in it. Copy all of them, or copy when the service has stopped. To go on with "
    "the file as it is, and without what it lacks: counterpoise migrate --take-copy"
)


@contextmanager
def serving_marked(service: Service) -> Iterator[None]:
    """Mark the database as served for as long as the block lasts."""
    check_whole(service)
    remove_left_copies(service)
    if not is_sqlite(service.engine):
        yield
        return
    with _only_process(_beside(service)) as file:
        check_secret(service)  # nobody can rotate it from here on
        if (mark := _mark(service)) is None:
            mark = secrets.token_hex(16)
            # On the disk before the database has it: a power cut leaves no mark without its other half.
            file.truncate(0)
            file.write(mark)
            file.flush()
            os.fsync(file.fileno())
            synchronise(_beside(service).parent)
        with write(service.engine) as db:
            db.execute(delete(SETTING).where(SETTING.c.name == SERVED))
            db.execute(insert(SETTING).values(name=SERVED, value=mark))
        scrub(service)  # moves the mark from the log into the file itself
        try:
            yield
        finally:
            forget_serving(service)


@contextmanager
def stopped(service: Service) -> Iterator[None]:
    """Refuse where a process serves the database, and let none begin on SQLite before the block has ended."""
    if is_sqlite(service.engine):
        with _only_process(_beside(service)):
            yield
            if _mark(service) is None:
                _beside(service).unlink(missing_ok=True)
        return
    check_direct(service.engine)
    service.engine.dispose()  # our own connections count as well
    with read(service.engine) as db:
        if db.execute(_OTHERS).scalar_one():
            raise ConfigurationError(
                "another process is connected to this database: stop the service first, wherever it runs, "
                "and PgBouncer if one stands between"
            )
    yield


@contextmanager
def _only_process(path: Path) -> Iterator[TextIO]:
    """Hold the lock on the file beside the database; refused where another process holds it."""
    with open(path, "a", opener=open_private) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(TWICE) from None
        if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
            raise ConfigurationError(TWICE)  # it has just stopped, and taken its file away
        yield file


def check_whole(service: Service) -> None:
    """Refuse a database file that was copied alone."""
    if not is_whole(service):
        raise ConfigurationError(ALONE)
    check_restored(service)


def check_restored(service: Service) -> None:
    """Refuse a database into which a backup was put back in part."""
    if is_half_restored(service):
        raise ConfigurationError(HALF_RESTORED)


def is_half_restored(service: Service) -> bool:
    """Whether a restore was cut off; until it marks the database, that has tables and no schema's number."""
    with read(service.engine) as db:
        is_marked = inspect(db).has_table(SETTING.name) and is_being_restored(db)
        has_tables = inspect(db).has_table("alembic_version")
    return is_marked or (has_tables and migrate.current(service.engine) is None)


def is_whole(service: Service) -> bool:
    """Whether no file is missing; a copy made by VACUUM INTO loses the mark that it was made with."""
    mark = _mark(service)
    if mark is None:
        return True
    beside = _beside(service)
    if beside.is_file() and beside.read_text() == mark:
        return True
    if service.engine.get_execution_options()["made_whole"]:
        forget_serving(service)
        return True
    return False


def forget_serving(service: Service) -> None:
    """Remove the mark, from the database first: a kill in between leaves nothing that looks missing."""
    if is_sqlite(service.engine):
        with write(service.engine) as db:
            db.execute(delete(SETTING).where(SETTING.c.name == SERVED))
        scrub(service)
        _beside(service).unlink(missing_ok=True)


def _mark(service: Service) -> str | None:
    if not is_sqlite(service.engine):
        return None
    with read(service.engine) as db:
        return db.execute(select(SETTING.c.value).where(SETTING.c.name == SERVED)).scalar()


def _beside(service: Service) -> Path:
    return Path(f"{make_url(service.settings.database_url).database}-served")
