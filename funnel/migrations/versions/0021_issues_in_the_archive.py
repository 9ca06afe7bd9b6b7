"""issues in the archive"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("newsletter", sa.Column("in_archive", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("newsletter", sa.Column("archive_set_at", sa.DateTime(timezone=True), nullable=True))
    # What went out before there was an archive was written to those who got it, and to nobody else.
    op.execute("UPDATE newsletter SET in_archive = false WHERE state NOT IN ('draft', 'scheduled')")


def downgrade() -> None:
    op.drop_column("newsletter", "archive_set_at")
    op.drop_column("newsletter", "in_archive")
