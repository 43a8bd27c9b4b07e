"""the first tables

Revision: 0001, the first.
A migration runs while people hold drafts: keep it short, and carry every row across.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.create_table(
        "code",
        sa.Column("hmac", sa.LargeBinary(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("hmac", name="pk_code"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "draft",
        sa.Column("code_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("key_by_code", sa.LargeBinary(), nullable=False),
        sa.Column("key_by_session", sa.LargeBinary(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("code_hmac", name="pk_draft"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "response",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("words_hash", sa.String(), nullable=False),
        sa.Column("consent_hash", sa.String(), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("receipt_hmac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_response"),
        sa.UniqueConstraint("receipt_hmac", name="uq_response_receipt_hmac"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "session",
        sa.Column("token_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("code_hmac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("token_hmac", name="pk_session"),
        sa.UniqueConstraint("code_hmac", name="uq_session_code_hmac"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
    op.create_table(
        "study",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("partition_hash", sa.String(), nullable=True),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_study"),
    )
    op.create_table(
        "submit_key",
        sa.Column("hmac", sa.LargeBinary(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("body_hmac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hmac", name="pk_submit_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "token",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["study"], ["study.id"], name="fk_token_study"),
        sa.PrimaryKeyConstraint("hash", name="pk_token"),
    )
    op.create_table(
        "unit",
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["study"], ["study.id"], name="fk_unit_study"),
        sa.PrimaryKeyConstraint("study", "id", name="pk_unit"),
    )
    op.create_table(
        "wave",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("form_hash", sa.String(), nullable=False),
        sa.Column("words_hashes", sa.JSON(), nullable=False),
        sa.Column("items_per_page", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["study"], ["study.id"], name="fk_wave_study"),
        sa.PrimaryKeyConstraint("id", name="pk_wave"),
    )
    op.create_index("ix_wave_study", "wave", ["study"])

    op.create_table(
        "snapshot",
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("base_table", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["wave"], ["wave.id"], name="fk_snapshot_wave"),
        sa.PrimaryKeyConstraint("wave", name="pk_snapshot"),
    )


def downgrade() -> None:
    op.drop_table("snapshot")
    op.drop_index("ix_wave_study", table_name="wave")

    op.drop_table("wave")
    op.drop_table("unit")
    op.drop_table("token")
    op.drop_table("submit_key")
    op.drop_table("study")
    op.drop_table("setting")
    op.drop_table("session")
    op.drop_table("response")
    op.drop_table("draft")
    op.drop_table("code")
    op.drop_table("audit")
