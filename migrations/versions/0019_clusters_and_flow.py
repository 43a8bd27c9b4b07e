"""clusters of a research study, and its flow of people

A study of before has no clusters, and a wave of before no flow. A downgrade drops what was written.

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision: str | None = "0018"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("study", sa.Column("clusters", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("wave", sa.Column("flow", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("response", sa.Column("cluster", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("response", "cluster")
    op.drop_column("wave", "flow")
    op.drop_column("study", "clusters")
