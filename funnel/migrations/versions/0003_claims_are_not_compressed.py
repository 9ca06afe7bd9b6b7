"""claims are not compressed

A claim lives for a second, and its two thousand numbers took longer to compress than to write.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE claim ALTER COLUMN ids SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.execute("ALTER TABLE claim ALTER COLUMN ids SET STORAGE EXTENDED")
