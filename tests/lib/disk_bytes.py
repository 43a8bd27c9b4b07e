"""Every byte that a database keeps outside PostgreSQL's own log, as whoever takes the disk has it."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url, text

from app.db import is_sqlite, outside
from app.runtime import Service


def stolen(service: Service, data: Path) -> Mapping[str, bytes]:
    """The files by name; `data` is the folder of the PostgreSQL cluster, which SQLite does not have."""
    if is_sqlite(service.engine):
        path = Path(str(make_url(service.settings.database_url).database))
        files = [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]
    else:
        with outside(service.engine) as db:
            db.execute(text("CHECKPOINT"))
            number = db.execute(
                text("SELECT oid FROM pg_database WHERE datname = current_database()")
            ).scalar()
        files = [path for path in (data / "base" / str(number)).iterdir() if path.is_file()]
    return {path.name: path.read_bytes() for path in files}
