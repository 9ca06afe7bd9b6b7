"""an issue keeps its sources"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sources = sa.Column("sources", postgresql.JSONB(), nullable=False, server_default=sa.text("'[]'"))
    op.add_column("newsletter", sources)


def downgrade() -> None:
    op.drop_column("newsletter", "sources")
