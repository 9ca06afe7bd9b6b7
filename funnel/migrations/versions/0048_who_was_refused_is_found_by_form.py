"""who was refused is found by the form they filled in"""

import sqlalchemy as sa
from alembic import op

from funnel.migrations import indexes

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

NAME, REFUSED = "ix_sign_up_refused_form", sa.text("state = 'refused'")


def upgrade() -> None:
    indexes.build(NAME, "sign_up", ["form_id", "created_at", "id"], postgresql_where=REFUSED)


def downgrade() -> None:
    op.drop_index(NAME, "sign_up", if_exists=True)
