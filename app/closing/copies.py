"""Copies of a database in clear beside it, which a backup or a restore makes and removes again.

Those of SQLite are files, which are overwritten; of PostgreSQL there are those in which a backup is tried.
One that was killed leaves its copy, with what is erased later. Whoever makes a copy holds a lock on it, which
ends with the process; a copy that nobody holds was left.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import make_url

from app.closing.trial_databases import drop_left, left_databases
from app.db import is_sqlite, read, sqlite_files
from app.runtime import Service

BEING_COPIED: Final = "-backup"
BEING_RESTORED: Final = "-restoring"
JOURNAL: Final = "-journal"
PIECE: Final = 1 << 20


def hold(file: IO[Any]) -> bool:
    """Take the lock of a copy until it is closed; tell whether it was free and the copy is still there."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(file.fileno()).st_nlink > 0


def left_copies(service: Service) -> list[str]:
    """Name the copies that a process which was killed has left."""
    if is_sqlite(service.engine):
        return [each.name for each in _copies(service) if is_left(each)]
    with read(service.engine) as db:
        return left_databases(db)


def remove_left_copies(service: Service) -> None:
    """Overwrite and delete the copies that a process which was killed has left; drop those of PostgreSQL."""
    if not is_sqlite(service.engine):
        drop_left(service.engine)
        return
    for each in _copies(service):
        is_left(each, remove)


def is_left(path: Path, then: Callable[[Path], object] = lambda _: None) -> bool:
    """Whether a copy was left, and do something with it; an empty one may just have been begun."""
    try:
        with path.open("r+b") as file:
            if not os.fstat(file.fileno()).st_size or not hold(file):
                return False
            then(path)
    except FileNotFoundError:
        return False
    except PermissionError:  # of another user, who alone can overwrite it
        return True
    return True


def remove(path: Path) -> None:
    """Overwrite and delete a copy and the files beside it, by which nobody would look without the copy."""
    journal = path.with_name(f"{path.name}{JOURNAL}")
    for each in (*([journal] if journal.exists() else []), *reversed(sqlite_files(path))):
        overwrite(each)
        each.unlink()


def overwrite(path: Path) -> None:
    """Write zeros over what a file holds, then cut it to nothing."""
    with path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(bytes(min(left, PIECE)))
        file.flush()
        os.fsync(file.fileno())
        file.truncate(0)


def _copies(service: Service) -> list[Path]:
    path = make_url(service.settings.database_url).database
    return [Path(f"{path}{ending}") for ending in (BEING_COPIED, BEING_RESTORED)]
