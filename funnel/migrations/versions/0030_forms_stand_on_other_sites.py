"""forms stand on other sites: where a sign-up leads, and a colour of their own"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("thanks_url", "accent"):
        op.add_column("form", sa.Column(name, sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    for name in ("accent", "thanks_url"):
        op.drop_column("form", name)
