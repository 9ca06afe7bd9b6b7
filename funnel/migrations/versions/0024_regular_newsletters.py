"""regular newsletters, and the notes that they are made of"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name="fk_note_newsletter_id", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_note_newsletter_id", "note", ["newsletter_id"])
    op.create_table(
        "rhythm",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("every", sa.String(20), nullable=False),
        *(sa.Column(name, sa.SmallInteger(), nullable=False) for name in ("nth", "weekday", "day", "weeks")),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("minute", sa.SmallInteger(), nullable=False),
        sa.Column("lead_days", sa.SmallInteger(), nullable=False),
        sa.Column("segment_id", sa.BigInteger(), nullable=True),
        sa.Column("reminds", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=False),
        sa.Column("paused_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name="fk_rhythm_segment_id"),
    )
    op.create_index("ix_rhythm_segment_id", "rhythm", ["segment_id"])
    op.create_table(
        "turn",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("rhythm_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=True),
        sa.Column("notes", sa.SmallInteger(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("reminded_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["rhythm_id"], ["rhythm.id"], name="fk_turn_rhythm_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name="fk_turn_newsletter_id", ondelete="SET NULL"
        ),
        sa.UniqueConstraint("rhythm_id", "day", name="uq_turn_rhythm_id_day"),
    )
    op.create_index("ix_turn_newsletter_id", "turn", ["newsletter_id"])


def downgrade() -> None:
    for table in ("turn", "rhythm", "note"):
        op.drop_table(table)
