"""how many days lie between the two waves of a pair, where that was declared

A pair of before declared none. A downgrade drops what was declared.

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision: str | None = "0021"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("pair", sa.Column("days", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("pair", "days")
