"""imports are told as one"""

import sqlalchemy as sa
from alembic import op

from funnel.migrations import indexes

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    indexes.build("ix_subscriber_came", "subscriber", ["created_at"], postgresql_where=sa.text("import_id IS NULL"))
    indexes.build(
        "ix_subscriber_pressed",
        "subscriber",
        ["confirmed_at"],
        postgresql_where=sa.text("import_id IS NULL OR confirmed_at <> created_at"),
    )


def downgrade() -> None:
    op.drop_index("ix_subscriber_pressed", table_name="subscriber")
    op.drop_index("ix_subscriber_came", table_name="subscriber")
