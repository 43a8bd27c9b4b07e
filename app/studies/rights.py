"""What a role of PostgreSQL needs, checked before a wave opens or the service starts."""

from typing import Final

from sqlalchemy import Connection, text

from app.db import LOCK_TIMEOUT, is_sqlite
from app.errors import ConfigurationError, Refused
from app.tables import WRITTEN_ANEW, table

_MAY_CHECKPOINT: Final = text(
    "SELECT current_user, rolsuper OR EXISTS (SELECT FROM pg_roles AS granted WHERE granted.rolname = "
    "'pg_checkpoint' AND pg_has_role(current_user, granted.oid, 'USAGE')) FROM pg_roles "
    "WHERE rolname = current_user"
)
_LOCK_TIMEOUT: Final = text("SELECT current_user, current_setting('lock_timeout')")
_MAY_CREATE: Final = text(
    "SELECT current_user, coalesce(current_schema(), 'public'), "
    "has_schema_privilege(coalesce(current_schema(), 'public'), 'CREATE')"
)
_FOREIGN: Final = text(
    "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() "
    "AND NOT pg_has_role(current_user, tableowner, 'USAGE')"
)
OWN: Final = "run `counterpoise migrate` by the role that serves, or make that role their owner"


def without_checkpoint(db: Connection) -> str | None:
    """Return the role that serves if it may not run CHECKPOINT; None where it may."""
    if is_sqlite(db):
        return None
    role, may = db.execute(_MAY_CHECKPOINT).one()
    return None if may else str(role)


def grant_checkpoint(role: str) -> str:
    """Return the statement that gives the role the right."""
    return f'GRANT pg_checkpoint TO "{role}"'


def check_lock_timeout(db: Connection) -> None:
    """Refuse a connection that waits without end for a lock: a pooler passes on no settings of ours."""
    if is_sqlite(db):
        return
    role, found = db.execute(_LOCK_TIMEOUT).one()
    if found != LOCK_TIMEOUT:
        raise ConfigurationError(
            f"lock_timeout is {found} here, not {LOCK_TIMEOUT}: a pooler leaves our settings out. Run in "
            f"PostgreSQL itself: {set_lock_timeout(role)}; then restart the pooler"
        )


def set_lock_timeout(role: str) -> str:
    """Return the statement that gives the role the setting which a pooler leaves out."""
    return f"ALTER ROLE \"{role}\" SET lock_timeout = '{LOCK_TIMEOUT}'"


def not_owned(db: Connection) -> list[str]:
    """Return the tables that a close or a due task writes anew and that are another role's."""
    if is_sqlite(db):
        return []
    foreign = {str(name) for name in db.execute(_FOREIGN).scalars()}
    return sorted({table(model).name for model in WRITTEN_ANEW} & foreign)


def missing_create(db: Connection) -> str:
    """Return the grant without which the role makes no table, as a close does; nothing where it may."""
    if is_sqlite(db):
        return ""
    role, schema, may = db.execute(_MAY_CREATE).one()
    return "" if may else f'GRANT CREATE ON SCHEMA "{schema}" TO "{role}"'


def check_may_close(db: Connection) -> None:
    """Refuse to open a wave that could not close, because rights are missing."""
    if (role := without_checkpoint(db)) is not None:
        raise Refused(
            f"the database's role {role!r} may not clean its files, so no collection could close. Have an "
            f"administrator of PostgreSQL run: {grant_checkpoint(role)};"
        )
    if foreign := not_owned(db):
        raise Refused(
            f"another role owns the tables {', '.join(foreign)}, so no collection could close and nothing "
            f"that is deleted leave the files, since both make tables anew: {OWN}"
        )
    if grant := missing_create(db):
        raise Refused(
            "the database's role may make no table, so no collection could close. Have an administrator of "
            f"PostgreSQL run, in this database: {grant};"
        )
