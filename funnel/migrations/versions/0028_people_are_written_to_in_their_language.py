"""people are written to in their language

Whoever is here came by words in English.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLES = ("form", "sign_up", "subscriber")


def upgrade() -> None:
    for table in TABLES:  # a constant default: no row is written
        op.add_column(table, sa.Column("language", sa.Text(), server_default="en", nullable=False))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "language")
