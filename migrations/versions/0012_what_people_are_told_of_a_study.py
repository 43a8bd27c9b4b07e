"""what people are told of a study before they agree, in the words of its host

A study of before has none. It needs them before its next wave opens. A downgrade drops what was written.

Revision: 0012, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("study", sa.Column("information", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("study", "information")
