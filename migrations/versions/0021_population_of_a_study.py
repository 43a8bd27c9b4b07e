"""of which population the people of a study are, in the words of evidence

A study of before has said nothing of it, so no evidence counts for its reports. A downgrade drops what was
declared; reports that are kept stay as they are.

Revision: 0021, after 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("study", sa.Column("population", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("study", "population")
