"""when a wave is planned to end, codes in batches, and how many answered, in bands

A wave of before has no zone for its end and no band of answers; its codes are of no batch. A downgrade drops
what was written.

Revision: 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("wave", sa.Column("zone", sa.String(), nullable=True))
    op.add_column("wave", sa.Column("answered", sa.String(), nullable=True))
    op.add_column("wave", sa.Column("deletion_asked_by", sa.String(), nullable=True))
    op.add_column("code", sa.Column("batch", sa.String(), nullable=True))
    op.create_table(
        "code_batch",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("codes", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["wave"], ["wave.id"], name="fk_code_batch_wave"),
        sa.PrimaryKeyConstraint("id", name="pk_code_batch"),
    )


def downgrade() -> None:
    op.drop_table("code_batch")
    op.drop_column("code", "batch")
    op.drop_column("wave", "deletion_asked_by")
    op.drop_column("wave", "answered")
    op.drop_column("wave", "zone")
