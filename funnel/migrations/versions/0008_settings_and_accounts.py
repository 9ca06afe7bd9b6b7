"""settings and accounts"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("owner", sa.Column("role", sa.String(20), nullable=False, server_default="owner"))
    op.add_column("owner", sa.Column("removed_at", AT, nullable=True))
    op.add_column("owner", sa.Column("totp_secret", sa.LargeBinary(), nullable=True))
    op.add_column("owner", sa.Column("totp_since", AT, nullable=True))
    op.add_column("owner", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_recovery_code_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_owner_id"), "recovery_code", ["owner_id"])
    op.create_table(
        "owner_session",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("seen_at", AT, nullable=False),
        sa.Column("proved_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_owner_session_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner_session")),
        sa.UniqueConstraint("hash", name=op.f("uq_owner_session_hash")),
    )
    op.create_index(op.f("ix_owner_session_owner_id"), "owner_session", ["owner_id"])
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_index("ix_audit_entry_owner", "audit_entry", ["owner_id", "id"])
    op.create_index("ix_audit_entry_action", "audit_entry", ["action", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_entry_action", "audit_entry")
    op.drop_index("ix_audit_entry_owner", "audit_entry")
    op.drop_table("setting")
    op.drop_table("owner_session")
    op.drop_table("recovery_code")
    for name in ("totp_step", "totp_since", "totp_secret", "removed_at", "role"):
        op.drop_column("owner", name)
