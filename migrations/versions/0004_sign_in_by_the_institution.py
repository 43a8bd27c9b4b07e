"""who an account is at the institution where it signs in

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("hmac", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_identity_account"),
        sa.PrimaryKeyConstraint("hmac", name="pk_identity"),
        sa.UniqueConstraint("account", name="uq_identity_account"),
    )


def downgrade() -> None:
    op.drop_table("identity")
