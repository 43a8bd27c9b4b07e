"""Databases of PostgreSQL in which a backup is tried: a verification makes one and drops it again.

One that was killed leaves its database, with all that the backup holds. Whoever makes one first takes a lock
that is named after it and ends with the session; a database whose lock nobody holds was left.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, text

from app.closing.write_ahead_log import checks, renew
from app.db import ENCODING, outside
from app.studies.rights import without_checkpoint

PREFIX: Final = "counterpoise_verify_"
_LOCK: Final = text("SELECT pg_advisory_lock(:of_trials, hashtext(:name))")
_OF_TRIALS: Final = 0x74726961
"""The first half of the number of such a lock."""
_LEFT: Final = text(
    "SELECT datname FROM pg_database WHERE starts_with(CAST(datname AS text), :prefix) "
    "AND (NOT :own OR pg_has_role(current_user, datdba, 'USAGE')) AND NOT EXISTS (SELECT FROM pg_locks WHERE "
    "locktype = 'advisory' AND objsubid = 2 AND CAST(classid AS bigint) = :of_trials "
    "AND CAST(objid AS bigint) = CAST(hashtext(CAST(datname AS text)) AS bigint) & 4294967295) ORDER BY 1"
)
_MAKE: Final = (
    "CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING '{encoding}' LOCALE_PROVIDER libc "
    "LC_COLLATE 'C' LC_CTYPE 'C'"
)
"""The same on every cluster: its template1 may have another encoding, or tables; C goes with any encoding."""


@contextmanager
def trial_database(engine: Engine) -> Iterator[str]:
    """Make a database beside the one that is set for as long as the block lasts, and give its name."""
    drop_left(engine)
    name = f"{PREFIX}{secrets.token_hex(8)}"
    with outside(engine) as db:
        db.execute(text("SET idle_session_timeout = 0"))
        db.execute(_LOCK, {"of_trials": _OF_TRIALS, "name": name})
        try:
            db.execute(text(_MAKE.format(name=name, encoding=ENCODING)))
            yield name
        finally:
            with outside(engine) as another:  # the first may be in the middle of what was interrupted
                _drop(another, [name])


def left_databases(db: Connection, *, own: bool = False) -> list[str]:
    """Find those that a verification which was killed has left: all, or those that this role may drop."""
    asked = {"prefix": PREFIX, "own": own, "of_trials": _OF_TRIALS}
    return list(db.execute(_LEFT, asked).scalars())


def drop_left(engine: Engine) -> None:
    """Drop those that were left, as far as this role may."""
    with outside(engine) as db:
        if left := left_databases(db, own=True):
            _drop(db, left)


def not_renewed(db: Connection) -> list[str]:
    """Say what keeps the log out of reach, through which all went that was tried."""
    role = without_checkpoint(db)
    return [
        *([] if role is None else [f"{role} may not CHECKPOINT"]),
        *(f"{each.name}: {each.found}" for each in checks(db) if not each.ok),
    ]


def _drop(db: Connection, names: list[str]) -> None:
    for each in names:
        db.execute(text(f'DROP DATABASE IF EXISTS "{each}" WITH (FORCE)'))
    if without_checkpoint(db) is None:
        renew(db)
