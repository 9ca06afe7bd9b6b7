"""people are imported in the language that their file says, and a post says its own"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import", sa.Column("spoken", sa.dialects.postgresql.JSONB(), server_default="{}", nullable=False))
    op.add_column("import_row", sa.Column("language", sa.Text(), server_default="", nullable=False))
    op.execute("UPDATE file_copy SET content = content || '{\"language\": \"\"}' WHERE kind = 'post'")
    op.add_column("post", sa.Column("language", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("post", "language")
    op.execute("UPDATE file_copy SET content = content - 'language' WHERE kind = 'post'")
    op.drop_column("import_row", "language")
    op.drop_column("import", "spoken")
