"""Run migrations on the connection that app.migrate hands over, inside its transaction."""

from alembic import context
from sqlalchemy import Connection

from app.tables import Setting


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Setting.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
