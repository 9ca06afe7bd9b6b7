"""a handout of the owner's has a title"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("own_file", sa.Column("title", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("own_file", "title")
