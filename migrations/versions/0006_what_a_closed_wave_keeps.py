"""what a closed wave keeps: its codes say nothing but the wave

Codes of waves that have closed lose their unit and their state.

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


def downgrade() -> None:
    """What codes said is gone; an earlier version reads them as used in no unit."""
    code = sa.table("code", sa.column("unit"), sa.column("state"))
    op.execute(sa.update(code).where(code.c.state.is_(None)).values(unit="", state="finished"))
    with op.batch_alter_table("code", table_kwargs=NO_ROWID) as batch:
        batch.alter_column("unit", existing_type=sa.String(), nullable=False)
        batch.alter_column("state", existing_type=sa.String(), nullable=False)
