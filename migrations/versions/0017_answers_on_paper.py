"""whether a wave takes answers on paper, which somebody types in

A wave of before takes none: the people in it have agreed to nothing of the kind. A downgrade drops what was
declared; answers that were typed in stay, with `paper` for their layout.

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("wave", sa.Column("paper", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    op.drop_column("wave", "paper")
