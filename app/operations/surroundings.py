"""Look at what is around the service: its clock, the room on its disks, whether another process serves."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, make_url, select, text

from app.closing.write_ahead_log import Check
from app.db import is_sqlite
from app.runtime import Service, now
from app.tables import Wave, table

ROOM: Final = 200 * 2**20
"""Bytes that should be free: a close writes every row anew before it lets go of the old ones."""
APART_SECONDS: Final = 60.0
WAVE: Final = table(Wave)


def room(service: Service) -> Check:
    """Look for disks that are nearly full: of the database, the ledger and temporary files."""
    folders = {Path(tempfile.gettempdir())}
    if is_sqlite(service.engine):
        folders.add(Path(str(make_url(service.settings.database_url).database)).parent)
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
