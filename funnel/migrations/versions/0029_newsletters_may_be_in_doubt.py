"""a restored backup may not know that a newsletter was sent"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("newsletter", sa.Column("doubted_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("newsletter", "doubted_at")
