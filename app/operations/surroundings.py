"""Look at what is around the service: its clock, the room on its disks, the ledger elsewhere."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, make_url, select, text

from app.closing.write_ahead_log import Check
from app.db import is_sqlite
from app.ended import ledger
from app.runtime import Service, now
from app.tables import Wave, table

ROOM: Final = 200 * 2**20
"""Bytes that should be free: a close writes every row anew before it lets go of the old ones."""
APART_SECONDS: Final = 60.0
WAVE: Final = table(Wave)


def room(service: Service) -> Check:
    """Look for disks that are nearly full: of the database, the ledger and temporary files."""
    folders = {Path(tempfile.gettempdir())}
    if (database := _folder(service)) is not None:
        folders.add(database)
    if service.settings.ledger is not None:
        folders.add(service.settings.ledger.parent)
    left = {each: shutil.disk_usage(each).free for each in sorted(folders) if each.is_dir()}
    short = [f"{free // 2**20} MB left for {each}" for each, free in left.items() if free < ROOM]
    return Check(
        "disk",
        not short,
        # No figure: how the room shrinks would tell that somebody answers.
        "; ".join(short) or f"at least {ROOM // 2**20} MB free",
        f"make room, at least {ROOM // 2**20} MB: what cannot be written is told as not saved",
    )


def kept_ledger(service: Service, db: Connection) -> Check:
    """Look whether what ends is written down elsewhere, so that no backup brings it back."""
    path = service.settings.ledger
    wrong = next(_wrong_with_ledger(service, db, path), "")
    return Check(
        "ledger",
        not wrong,
        wrong
        if wrong or path is None
        else f"{path}: {ledger.count(path)} entries{_lost_with(service, path)}",
        "where one was kept, put it back, as a file of the user of the service; else make a key by "
        "`counterpoise backup-key FILE`, set COUNTERPOISE_BACKUP_KEY to what that prints and "
        "COUNTERPOISE_LEDGER to a file on another disk, and begin it by `counterpoise migrate --new-ledger`; "
        "see docs/administration.md",
    )


def _wrong_with_ledger(service: Service, db: Connection, path: Path | None) -> Iterator[str]:
    begun = bool(ledger.lineage(db))
    if path is None and begun:
        yield "COUNTERPOISE_LEDGER is not set, and this database keeps one"
    if path is not None and not ledger.is_there(path):
        yield f"{path} is missing"
    if path is None or not begun:
        yield "none: what ends comes back with a backup that is put back"
    elif why := ledger.wrong_with(path, ledger.kept_in(db)):
        yield f"{path} {why}"
    elif _is_beside(path, _folder(service)):
        yield f"{path}, beside the database: both are lost together"


def _is_beside(path: Path, folder: Path | None) -> bool:
    """Whether a file lies in the folder or below it, by whatever name, and not on a disk mounted there."""
    return (
        folder is not None
        and path.resolve().is_relative_to(folder.resolve())
        and device(path) == device(folder)
    )


def _lost_with(service: Service, path: Path) -> str:
    """Say where the ledger is on the file system of the database; one of another may be on the same disk."""
    folder = _folder(service)
    together = folder is not None and device(path) == device(folder)
    return ", on the file system of the database: keep a copy of it on another disk" if together else ""


def device(path: Path) -> int:
    """The number of the file system that a file is on."""
    return path.stat().st_dev


def _folder(service: Service) -> Path | None:
    """Where a SQLite database lies."""
    path = make_url(service.settings.database_url).database
    return Path(str(path)).parent if is_sqlite(service.engine) else None


def clock(db: Connection) -> Check:
    """Compare the clock with PostgreSQL's, and with the days on which collections have opened."""
    return Check(
        "clock",
        not (wrong := "; ".join(_wrong(db, now()))),
        wrong or "as far as can be seen",
        "set the clock, and keep it by NTP: collections end, and drafts and answers are deleted, by it",
    )


def _wrong(db: Connection, moment: datetime) -> Iterator[str]:
    opened = db.execute(select(func.max(WAVE.c.opened_on))).scalar()
    if opened is not None and opened > moment.date():
        yield f"it says {moment.date()}, and a collection opened on {opened}"
    if not is_sqlite(db):
        theirs = db.execute(text("SELECT clock_timestamp()")).scalar_one()
        apart = abs((theirs - moment).total_seconds())
        if apart > APART_SECONDS:
            yield f"{apart:.0f} s apart from PostgreSQL's"
