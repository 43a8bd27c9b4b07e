"""what leaves a study: reports by unit, or rows

Existing studies give out reports, even where rows were exported: no further rows are added. Where two waves
are to be linked and no report was made yet, the study gives out rows, since linking serves nothing else.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("study", sa.Column("leaving", sa.String(), nullable=False, server_default="reports"))
    study = sa.table("study", sa.column("id"), sa.column("leaving"))
    wave = sa.table("wave", sa.column("id"), sa.column("study"))
    pair = sa.table("pair", sa.column("earlier"))
    snapshot = sa.table("snapshot", sa.column("wave"))
    linked = sa.select(wave.c.study).join(pair, pair.c.earlier == wave.c.id)
    reported = sa.select(wave.c.study).join(snapshot, snapshot.c.wave == wave.c.id)
    op.execute(
        sa.update(study).where(study.c.id.in_(linked), study.c.id.not_in(reported)).values(leaving="rows")
    )


def downgrade() -> None:
    op.drop_column("study", "leaving")
