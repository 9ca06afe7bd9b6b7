"""who was refused is found by their mailbox and form, so that an address stands once"""

import sqlalchemy as sa
from alembic import op

from funnel.migrations import indexes

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

NAME, REFUSED = "ix_sign_up_refused_mailbox", sa.text("state = 'refused'")
COLUMNS = (sa.text("coalesce(mailbox_hash, address_hash)"), "form_id", "created_at", "id")


def upgrade() -> None:
    indexes.build(NAME, "sign_up", COLUMNS, postgresql_where=REFUSED)


def downgrade() -> None:
    op.drop_index(NAME, "sign_up", if_exists=True)
