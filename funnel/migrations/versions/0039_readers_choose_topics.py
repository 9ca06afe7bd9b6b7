"""readers choose topics, and what they chose is kept"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

ID, TIME = sa.BigInteger(), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "topic",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("name", name=op.f("uq_topic_name")),
    )
    op.create_table(
        "unwanted",
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_unwanted_topic_id_topic")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_unwanted_subscriber_id_subscriber")
        ),
        sa.PrimaryKeyConstraint("topic_id", "subscriber_id", name=op.f("pk_unwanted")),
    )
    op.create_index("ix_unwanted_subscriber", "unwanted", ["subscriber_id"])
    op.create_table(
        "choice",
        sa.Column("id", ID, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("chose", sa.String(20), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_choice_subscriber_id_subscriber")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choice")),
    )
    op.create_index("ix_choice_subscriber", "choice", ["subscriber_id", "at"])
    op.create_table(
        "new_address",
        sa.Column("id", ID, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("done_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_new_address_subscriber_id_subscriber")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_new_address")),
    )
    op.create_index("ix_new_address_hash", "new_address", ["address_hash", "created_at"])
    op.create_index("ix_new_address_subscriber", "new_address", ["subscriber_id", "created_at"])
    op.add_column("newsletter", sa.Column("topic_id", ID, nullable=True))
    op.create_foreign_key(op.f("fk_newsletter_topic_id_topic"), "newsletter", "topic", ["topic_id"], ["id"])
    op.create_index("ix_newsletter_topical", "newsletter", ["id"], postgresql_where=sa.text("topic_id IS NOT NULL"))


def downgrade() -> None:
    op.drop_column("newsletter", "topic_id")
    for table in ("new_address", "choice", "unwanted", "topic"):
        op.drop_table(table)
