"""Bring a database to the schema of this version, in one transaction.

Alembic's own handling of SQLite commits half a migration when it is killed, and every retry then fails with
"table already exists". Here DDL is part of one transaction on both engines, begun with BEGIN IMMEDIATE on
SQLite, so a kill rolls the whole migration back. The lock ends with the transaction: one held by a pooled
connection would block the next migration.

Every command first asks which schema a database has and which this version wants. That is answered without
Alembic, which takes a third of a second to load.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Connection, Engine, inspect, text

from app.db import ENCODING, is_sqlite, read, write
from app.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"
LOCK_KEY: Final = 0x636F756E74


def head() -> str:
    """The newest of the migrations, which form one line and are numbered in it."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(engine: Engine) -> str | None:
    """Return the schema's number that a database has; None before its first migration."""
    with read(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the database to a newer schema, by default the newest."""
    _run(engine, "upgrade", to)


def downgrade(engine: Engine, to: str) -> None:
    """Bring the database back to an older schema."""
    _run(engine, "downgrade", to)


def _run(engine: Engine, step: Literal["upgrade", "downgrade"], to: str) -> None:
    from alembic import command  # noqa: PLC0415 - as above

    config = _config()
    with write(engine) as connection:
        if not is_sqlite(connection):
            _check_encoding(connection)
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        config.attributes["connection"] = connection
        getattr(command, step)(config, to)


def _check_encoding(connection: Connection) -> None:
    """Refuse to make the tables where not every word can be kept; a machine without a language makes such."""
    found = connection.execute(text("SHOW server_encoding")).scalar_one()
    if found != ENCODING and not inspect(connection).has_table("alembic_version"):
        raise ConfigurationError(
            f"the database has the encoding {found}, which cannot keep every word. Make it anew, by "
            f"`createdb --encoding {ENCODING} --template template0`"
        )


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
