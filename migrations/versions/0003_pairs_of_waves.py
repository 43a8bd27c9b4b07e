"""pairs of waves that are linked without identity

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("response", sa.Column("elements", sa.JSON(), nullable=True))
    op.add_column("response", sa.Column("pair_id", sa.Uuid(), nullable=True))
    op.create_table(
        "pair",
        sa.Column("earlier", sa.String(), nullable=False),
        sa.Column("later", sa.String(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["earlier"], ["wave.id"], name="fk_pair_earlier"),
        sa.PrimaryKeyConstraint("earlier", name="pk_pair"),
        sa.UniqueConstraint("later", name="uq_pair_later"),
    )
    op.create_table(
        "pair_key",
        sa.Column("earlier", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["earlier"], ["pair.earlier"], name="fk_pair_key_earlier"),
        sa.PrimaryKeyConstraint("earlier", name="pk_pair_key"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("pair_key")
    op.drop_table("pair")
    op.drop_column("response", "pair_id")
    op.drop_column("response", "elements")
