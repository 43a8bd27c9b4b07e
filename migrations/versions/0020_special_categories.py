"""what people say of themselves that the law protects, in a table of its own

A study of before asks nothing of the kind. A downgrade drops what was said.

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision: str | None = "0019"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("study", sa.Column("special", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "special_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("receipt_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("told", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_special_answer"),
        sa.UniqueConstraint("receipt_hmac", name="uq_special_answer_receipt_hmac"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("special_answer")
    op.drop_column("study", "special")
