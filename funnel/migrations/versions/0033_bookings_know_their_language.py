"""bookings know the language of the page they were asked for on

Their mail of thanks is in it. Until now there was one language.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking", sa.Column("language", sa.Text(), server_default="en", nullable=False))


def downgrade() -> None:
    op.drop_column("booking", "language")
