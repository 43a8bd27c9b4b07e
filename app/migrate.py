"""Bring a database to the schema of this version, in one transaction.

Alembic's own handling of SQLite commits half a migration when it is killed, and every retry then fails with
"table already exists". Here DDL is part of the one transaction on both engines, begun with BEGIN IMMEDIATE on
SQLite, so a killed migration never happened. The lock ends with the transaction: one that a pooled
connection kept would block the next migration.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from app.db import is_sqlite, read, write

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"
LOCK_KEY: Final = 0x636F756E74


def head() -> str:
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(engine: Engine) -> str | None:
    with read(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, to: str = "head") -> None:
    _run(engine, command.upgrade, to)


def downgrade(engine: Engine, to: str) -> None:
    _run(engine, command.downgrade, to)


def _run(engine: Engine, step: Callable[[Config, str], None], to: str) -> None:
    config = _config()
    with write(engine) as connection:
        if not is_sqlite(connection):
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        config.attributes["connection"] = connection
        step(config, to)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
