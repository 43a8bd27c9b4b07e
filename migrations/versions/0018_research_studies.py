"""the kind of a study, its ethics approval, and the order in which a battery was shown

A study of before is a cohort study. A downgrade drops what was written, and with it what a research study
had declared: its rows would leave as those of a cohort study.

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("study", sa.Column("kind", sa.String(), server_default="cohort", nullable=False))
    op.add_column("study", sa.Column("ethics", sa.String(), nullable=True))
    op.add_column("study", sa.Column("release_asked_by", sa.String(), nullable=True))
    op.add_column("study", sa.Column("release_confirmed_by", sa.String(), nullable=True))
    op.add_column("response", sa.Column("block_order", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("response", "block_order")
    op.drop_column("study", "release_confirmed_by")
    op.drop_column("study", "release_asked_by")
    op.drop_column("study", "ethics")
    op.drop_column("study", "kind")
