"""accounts of staff, and what a study declares before it opens

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("study", sa.Column("context", sa.JSON(), nullable=True))
    op.add_column("study", sa.Column("people", sa.Integer(), nullable=True))
    op.add_column("study", sa.Column("retire_on", sa.Date(), nullable=True))
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("totp", sa.LargeBinary(), nullable=False),
        sa.Column("enrol_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("wait_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )
    op.create_table(
        "grant",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_grant_account"),
        sa.PrimaryKeyConstraint("account", "study", "role", name="pk_grant"),
    )
    op.create_table(
        "staff_session",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fresh_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="fk_staff_session_account"),
        sa.PrimaryKeyConstraint("hash", name="pk_staff_session"),
    )
    op.create_index("ix_staff_session_account", "staff_session", ["account"])


def downgrade() -> None:
    op.drop_index("ix_staff_session_account", table_name="staff_session")
    op.drop_table("staff_session")
    op.drop_table("grant")
    op.drop_table("account")
    op.drop_column("study", "retire_on")
    op.drop_column("study", "people")
    op.drop_column("study", "context")
