"""what a closed wave keeps: nothing beside the wave of its codes, and what was decided at the close

Codes of waves that have closed lose their unit and their state. For waves that have closed already, the due
tasks decide at their next run what is otherwise decided at the close.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

NO_ROWID = {"sqlite_with_rowid": False}


def upgrade() -> None:
    with op.batch_alter_table("code", table_kwargs=NO_ROWID) as batch:
        batch.alter_column("unit", existing_type=sa.String(), nullable=True)
        batch.alter_column("state", existing_type=sa.String(), nullable=True)
    code = sa.table("code", sa.column("wave"), sa.column("unit"), sa.column("state"))
    wave = sa.table("wave", sa.column("id"), sa.column("state"))
    closed = sa.select(wave.c.id).where(wave.c.state.in_(("closed", "retired")))
    op.execute(sa.update(code).where(code.c.wave.in_(closed)).values(unit=None, state=None))
    if op.get_bind().dialect.name == "postgresql":
        # The table is rewritten, since an UPDATE leaves the old row on its page; then the log is renewed.
        op.execute("ALTER TABLE code ALTER COLUMN wave TYPE varchar USING wave || ''")
        setting = sa.table("setting", sa.column("name"), sa.column("value"))
        op.execute(sa.insert(setting).values(name="log to renew", value=""))
    op.add_column("response", sa.Column("told", sa.JSON(), nullable=True))
    op.add_column("response", sa.Column("archived", sa.Boolean(), nullable=True))
    op.add_column("snapshot", sa.Column("figures", sa.JSON(), nullable=True))
    op.create_table(
        "digest",
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("sum", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["wave"], ["wave.id"], name="fk_digest_wave"),
        sa.PrimaryKeyConstraint("wave", name="pk_digest"),
    )


def downgrade() -> None:
    """The unit and state of closed waves' codes are gone: an earlier version reads used, in no unit."""
    op.execute(sa.text("DELETE FROM setting WHERE name = 'log to renew'"))
    op.drop_table("digest")
    op.drop_column("snapshot", "figures")
    op.drop_column("response", "archived")
    op.drop_column("response", "told")
    code = sa.table("code", sa.column("unit"), sa.column("state"))
    op.execute(sa.update(code).where(code.c.state.is_(None)).values(unit="", state="finished"))
    with op.batch_alter_table("code", table_kwargs=NO_ROWID) as batch:
        batch.alter_column("unit", existing_type=sa.String(), nullable=False)
        batch.alter_column("state", existing_type=sa.String(), nullable=False)
