"""people have tags

Tags, what is done to many people at once, and the pointer of who was merged. What the list of people is found by is
built by 0016, beside the writing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORD = sa.String(20)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tag"),
        sa.UniqueConstraint("name", name="uq_tag_name"),
    )
    op.create_table(
        "tagged",
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name="fk_tagged_tag_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name="fk_tagged_subscriber_id"),
        sa.PrimaryKeyConstraint("tag_id", "subscriber_id", name="pk_tagged"),
    )
    op.create_index("ix_tagged_subscriber", "tagged", ["subscriber_id"])
    _add_bulk()
    op.add_column("subscriber", sa.Column("merged_into_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_subscriber_merged_into_id", "subscriber", "subscriber", ["merged_into_id"], ["id"])
    op.create_index(
        "ix_audit_entry_person",
        "audit_entry",
        [sa.text("(detail ->> 'subscriber')")],
        postgresql_where=sa.text("detail ? 'subscriber'"),
    )


def _add_bulk() -> None:
    op.create_table(
        "bulk_job",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("action", WORD, nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("segment", postgresql.JSONB(), nullable=True),
        sa.Column("ids", postgresql.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("undone", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("undo_until", TIME, nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_bulk_job_owner_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_job"),
    )
    going_on = sa.text("state IN ('running', 'undoing')")
    op.create_index("ix_bulk_job_open", "bulk_job", ["id"], postgresql_where=going_on)
    op.create_table(
        "bulk_change",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["bulk_job.id"], name="fk_bulk_change_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "subscriber_id", name="pk_bulk_change"),
    )
    op.create_index("ix_bulk_change_subscriber", "bulk_change", ["subscriber_id"])


def downgrade() -> None:
    op.drop_index("ix_audit_entry_person", "audit_entry")
    op.drop_index("ix_enrolment_over", "enrolment", if_exists=True)
    for name in ("words", "source", "form", "paused", "merged"):
        op.drop_index(f"ix_subscriber_{name}", "subscriber", if_exists=True)
    op.drop_column("subscriber", "merged_into_id")
    for table in ("bulk_change", "bulk_job", "tagged", "tag"):
        op.drop_table(table)
