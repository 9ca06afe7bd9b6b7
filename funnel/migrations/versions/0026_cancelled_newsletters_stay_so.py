"""cancelled newsletters are asked for in every claim, ended ones too"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_newsletter_cancelled", "newsletter", ["id"], postgresql_where=sa.text("state = 'cancelled'"))


def downgrade() -> None:
    op.drop_index("ix_newsletter_cancelled", "newsletter")
