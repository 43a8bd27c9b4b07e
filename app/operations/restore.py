"""Put a backup back into a place that is empty, and end again what had ended since.

The whole file is read before anything is written: a byte that was changed is found then. A SQLite database is
prepared under another name beside its place and moved there when it is whole. On PostgreSQL nothing takes the
database for one of ours until the last step.
"""

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final

from pyrage import DecryptError, decrypt_io
from sqlalchemy import delete, insert, inspect, make_url, text

from app import migrate
from app.audit import acts, audit, verify
from app.closing.copies import BEING_RESTORED, hold, is_left, remove
from app.closing.digests import changed
from app.closing.maintenance import alone
from app.closing.trial_databases import not_renewed, trial_database
from app.config import Settings
from app.db import check_direct, make_engine, read, sqlite_files, write
from app.ended.ledger import Ledger, count, keep, lineage, name_anew, on_the_disk, read_ledger
from app.errors import Refused
from app.files.private import open_private
from app.operations.backup import (
    About,
    NotTaken,
    Written,
    closed_waves,
    note_in_a_backup,
    postgres_program,
)
from app.operations.still_ended import CANNOT_KNOW, end_again
from app.operations.whole import SERVED
from app.runtime import RESTORING, Service, make_service
from app.tables import Setting, table
from app.vault import Vault

SETTING: Final = table(Setting)
IS_SQLITE: Final = "sqlite"
_MAY_MAKE_DATABASES: Final = text("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user")
UNDER_AN_EARLIER: Final = (
    "the backup is from before the secret was rotated, and what is put back is under the secret of then. "
    "Delete the first {lines} of the lines of its secret file, then rotate again: counterpoise secret rotate"
)
ONLY_LOOKED_THROUGH: Final = (
    "what would be ended again is not told, since this role may make no database to try it in: "
    "ALTER ROLE ... CREATEDB"
)
WRITES: Final = (
    "what ends in this place is written into {path}, and ends again wherever a backup is put back with that. "
    "To practise, restore with a copy: COUNTERPOISE_LEDGER names it, also for the commands that follow"
)
IN_THE_LOG: Final = (
    "IN THE LOG: all of the backup, with what was erased since, went through PostgreSQL's own log, and it "
    "may be there still ({why}): counterpoise doctor says how to mend that"
)


def restore(
    settings: Settings,
    file: Path,
    keys: Sequence[Any],
    *,
    incomplete: bool = False,
    migrating: bool = False,
    verifying: bool = False,
) -> list[str]:
    """Put a backup back, or with `verifying` do everything but that; tell what was ended again."""
    about = read_through(file, keys)
    settings, of_before = _as_then(settings, about)
    _check(about, migrating=migrating)
    kept = read_ledger(settings.ledger, keys) if settings.ledger and settings.ledger.is_file() else None
    missing = _missing(settings, about, kept)
    if missing and not incomplete:
        raise Refused(
            f"{missing}, so some of what had ended would come back. Find the ledger that the service wrote "
            "last; if there is none, go on with --incomplete"
        )
    with _place(settings, about, file, keys, verifying=verifying) as service:
        if service is None:
            whole = f"{file} is whole and opens with this key; {ONLY_LOOKED_THROUGH}"
            return [*of_before, *([missing] if missing else []), whole]
        since = [] if missing or kept is None else [_since(about, kept)]
        told = [*since, *_finish(service, about, kept or Ledger())]
    if settings.ledger and not verifying:
        told.append(WRITES.format(path=settings.ledger))
    if verifying and about.engine != IS_SQLITE:
        told += _left_in_the_log(settings)
    return [*of_before, *([f"INCOMPLETE: {missing}"] if missing else []), *told, CANNOT_KNOW]


def read_through(file: Path, keys: Sequence[Any], sink: Any = None) -> About:
    """Read the whole of a backup; refused where it was changed or cut, or was made for another key."""
    written = Written(sink) if sink else Written()
    if not file.exists():
        raise Refused(f"there is no file {file}")
    try:
        with file.open("rb") as source:
            decrypt_io(source, written, list(keys))
    except (DecryptError, OSError) as error:
        raise Refused(
            f"{file} is not as it was written, or was made for another key ({error}): take another backup, "
            "or the key that belongs to this one"
        ) from None
    if written.about is None:
        raise Refused(f"{file} is no backup of this service")
    return written.about


def _missing(settings: Settings, about: About, kept: Ledger | None) -> str:
    """Why the ledger does not tell everything; nothing where it may."""
    if kept is None:
        return (
            f"there is no ledger at {settings.ledger}"
            if settings.ledger
            else "COUNTERPOISE_LEDGER is not set"
        )
    if kept.damaged:
        return f"{kept.damaged} entries of the ledger cannot be read with this key"
    if about.ledger not in (None, kept.name):
        return "this is another ledger than the one that was kept when the backup was made"
    held = count(settings.ledger) if settings.ledger else 0
    if about.entries is not None and held < about.entries:
        return f"the ledger holds {held} entries, and held {about.entries} when the backup was made"
    return ""


def _since(about: About, kept: Ledger) -> str:
    """How many entries a backup does not have: a copy of the ledger from then fits it, and knows no more."""
    if later := len(kept.entries) - (about.entries or 0):
        return f"entries of this ledger from after the backup: {later}"
    return (
        "no entry of this ledger is from after the backup: if it is a copy from then, whatever has ended "
        "since is back, answers that people have erased among it"
    )


@contextlib.contextmanager
def _place(
    settings: Settings, about: About, file: Path, keys: Sequence[Any], *, verifying: bool
) -> Iterator[Service | None]:
    """The service on the database as it was put back; None where PostgreSQL's is only looked through."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != about.engine:
        raise Refused(f"this is a backup of {about.engine}, and the place is one of {url.get_backend_name()}")
    if about.engine != IS_SQLITE:
        with _on_postgres(settings, file, keys, verifying=verifying) as service:
            yield service
        return
    target = Path(str(url.database))
    if not verifying and any(each.stat().st_size for each in sqlite_files(target)):
        raise Refused(f"{target} is there already: name a folder without a database")
    part = target.with_name(f"{target.name}{BEING_RESTORED}")
    is_left(part, remove)
    with open(part, "ab", opener=open_private) as made:
        if not hold(made):
            raise Refused("another restore is at work in this place: wait until it has ended")
        try:
            _unpacked(file, keys, made)
            service = make_service(replace(settings, database_url=f"sqlite:///{part}"))
            try:
                yield service
            finally:
                service.engine.dispose()
            if not verifying:
                for each in sqlite_files(target):
                    each.unlink()
                part.rename(target)
                on_the_disk(target.parent)
        finally:
            remove(part)


def _unpacked(file: Path, keys: Sequence[Any], made: IO[bytes]) -> None:
    read_through(file, keys, made.write)
    try:
        made.flush()
    except OSError as error:
        raise NotTaken(error) from None


@contextlib.contextmanager
def _on_postgres(
    settings: Settings, file: Path, keys: Sequence[Any], *, verifying: bool
) -> Iterator[Service | None]:
    command = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error"]
    _check_direct(settings)
    if verifying and not _may_make_databases(settings):
        with postgres_program(["pg_restore", "--file=/dev/null"], stdin=subprocess.PIPE) as looking:
            read_through(file, keys, looking.stdin.write if looking.stdin else None)
        yield None
        return
    with _own_database(settings) if verifying else contextlib.nullcontext(settings) as place:
        service = make_service(place)
        try:
            yield from _filled(service, command, file, keys)
        finally:
            service.engine.dispose()


def _filled(service: Service, command: list[str], file: Path, keys: Sequence[Any]) -> Iterator[Service]:
    """Put the dump into an empty database."""
    with alone(service, patience=0):  # a service that still runs closes nothing of what is half there
        if found := inspect(service.engine).get_table_names():
            raise Refused(f"the database is not empty (it has a table {found[0]!r}): name one without tables")
        with postgres_program(
            [*command, "--single-transaction"], service.settings.database_url, stdin=subprocess.PIPE
        ) as it:
            read_through(file, keys, it.stdin.write if it.stdin else None)
        yield service


def _check_direct(settings: Settings) -> None:
    engine = make_engine(settings.database_url)
    try:
        check_direct(engine)
    finally:
        engine.dispose()


def _may_make_databases(settings: Settings) -> bool:
    engine = make_engine(settings.database_url)
    try:
        with read(engine) as db:
            return bool(db.execute(_MAY_MAKE_DATABASES).scalar())
    finally:
        engine.dispose()


@contextlib.contextmanager
def _own_database(settings: Settings) -> Iterator[Settings]:
    """A database beside the one that is set, for as long as the block lasts."""
    engine = make_engine(settings.database_url)
    try:
        with trial_database(engine) as name:
            address = make_url(settings.database_url).set(database=name)
            yield replace(settings, database_url=address.render_as_string(hide_password=False))
    finally:
        engine.dispose()


def _left_in_the_log(settings: Settings) -> list[str]:
    """Say where PostgreSQL's log may keep what was tried."""
    engine = make_engine(settings.database_url)
    try:
        with read(engine) as db:
            why = not_renewed(db)
    finally:
        engine.dispose()
    return [IN_THE_LOG.format(why="; ".join(why))] if why else []


def _as_then(settings: Settings, about: About) -> tuple[Settings, list[str]]:
    """The settings with the secret that the backup was made under; what to do where that is an earlier one.

    Each secret is kept below the one that took its place, so that the present file opens older backups, too.
    """
    lines = (settings.secret, *settings.earlier)
    for place, secret in enumerate(lines):
        earlier = lines[place + 1 :]
        if Vault(secret, earlier).fingerprint() == about.fingerprint:
            told = f"UNDER AN EARLIER SECRET: {UNDER_AN_EARLIER.format(lines=place)}"
            return replace(settings, secret=secret, earlier=earlier), [told] if place else []
    raise Refused(
        "this secret is not the one that the backup was made with, nor is one below it: codes, drafts and "
        "receipts would all fail. Put the secret back that was used then, with all lines of its file"
    )


def _check(about: About, *, migrating: bool) -> None:
    """Refuse another schema, unless an older one is to be brought to this version."""
    if about.schema > migrate.head():
        raise Refused(
            f"the backup has the schema {about.schema}, of a later version of this service: install that"
        )
    if about.schema != migrate.head() and not migrating:
        raise Refused(
            f"the backup has the schema {about.schema}, and this version {migrate.head()}: add --migrate to "
            "bring it there, or restore it by the version that made it"
        )


def _finish(service: Service, about: About, kept: Ledger) -> Iterator[str]:
    with write(service.engine) as db:
        db.execute(delete(SETTING).where(SETTING.c.name.in_((SERVED, RESTORING))))
        db.execute(insert(SETTING).values(name=RESTORING, value=""))
        if about.engine != IS_SQLITE:
            db.execute(text("INSERT INTO alembic_version VALUES (:schema)"), {"schema": about.schema})
    migrate.upgrade(service.engine)
    with read(service.engine) as db:
        if verify(service.vault, db).broken_at is not None:
            yield "DAMAGED: the trail of what staff did is not what was written"
        for wave in changed(service, db):
            yield f"DAMAGED: the answers of {wave} are not as they were sent"
    with acts("the command line"), write(service.engine) as db:
        is_same = about.ledger == kept.name or (about.ledger is None and not lineage(db))
        known = is_same and not kept.damaged
        yield from end_again(service, db, kept.entries, (about.entries or 0) if known else None)
        if service.settings.ledger or lineage(db):  # what never kept a ledger goes on without one
            name_anew(db)
        if kept.name:
            keep(db, kept.name)
        note_in_a_backup(db, closed_waves(db))
        audit(service.vault, db, {"action": "backup restored", "schema": about.schema})
        db.execute(delete(SETTING).where(SETTING.c.name == RESTORING))
