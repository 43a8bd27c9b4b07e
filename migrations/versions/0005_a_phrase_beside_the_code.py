"""a phrase beside the code: what a code alone opens is taken out of the database

Drafts that were begun before keep their session, so whoever is answering can go on; nothing else opens them.
They get no phrase, since wrapping their key under one needs the code, which is not stored.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

LENGTH = 60
"""Bytes of a sealed key; a key of zeros opens nothing."""


def upgrade() -> None:
    draft = sa.table("draft", sa.column("key_by_code", sa.LargeBinary()))
    op.execute(sa.update(draft).values(key_by_code=bytes(LENGTH)))


def downgrade() -> None:
    """The values of the removed column do not come back: drafts begun since then open by their session."""
