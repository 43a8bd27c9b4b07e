"""what has ended: random keys of private runs and of sign-ins elsewhere, and the day on which they are
deleted

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "ended_key",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("forget_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ended_key")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("ended_key")
