"""a post shows a picture of its own where a link to it is pasted"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("post", sa.Column("cover", sa.Text()))


def downgrade() -> None:
    op.drop_column("post", "cover")
