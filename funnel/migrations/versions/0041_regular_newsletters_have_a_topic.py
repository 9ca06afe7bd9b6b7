"""regular newsletters have a topic"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rhythm", sa.Column("topic_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_rhythm_topic_id_topic"), "rhythm", "topic", ["topic_id"], ["id"])


def downgrade() -> None:
    op.drop_column("rhythm", "topic_id")
