"""people are kept in segments

The indexes let the people of a segment be counted without a look at the wide rows of people and events; the larger ones
are built by 0016, beside the writing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "segment",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rule", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("name", name=op.f("uq_segment_name")),
    )
    for column in ("created", "confirmed"):
        op.drop_index(f"ix_subscriber_{column}", "subscriber")
        op.create_index(f"ix_subscriber_{column}", "subscriber", [f"{column}_at", "id"])


def downgrade() -> None:
    for column in ("created", "confirmed"):
        op.drop_index(f"ix_subscriber_{column}", "subscriber")
        op.create_index(f"ix_subscriber_{column}", "subscriber", [f"{column}_at"])
    op.drop_index("ix_event_followed_at", "event", if_exists=True)
    op.drop_index("ix_subscriber_monthly", "subscriber", if_exists=True)
    op.drop_index("ix_subscriber_reachable", "subscriber", if_exists=True)
    op.drop_table("segment")
