"""the limits count a mailbox and a wider network; what was refused is read by its reason"""

import sqlalchemy as sa
from alembic import op

from funnel.migrations import indexes

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SETTLED, REFUSED = "state = 'settled'", "state = 'refused'"
MADE = (
    ("ix_sign_up_settled_mailbox", (sa.text("coalesce(mailbox_hash, address_hash)"),), SETTLED),
    ("ix_sign_up_settled_wide", ("wide", "created_at"), SETTLED),
    ("ix_sign_up_wide", ("wide", "created_at"), None),
    ("ix_sign_up_refused_reason", (sa.text("split_part(reason, ':', 1)"), "created_at", "id"), REFUSED),
)


def upgrade() -> None:
    for name, columns, where in MADE:
        indexes.build(name, "sign_up", columns, postgresql_where=sa.text(where) if where else None)
    # The former ones are read until the new ones are there.
    indexes.build("ix_sign_up_refused_next", "sign_up", ["created_at", "id"], postgresql_where=sa.text(REFUSED))
    op.drop_index("ix_sign_up_refused", "sign_up")
    op.execute("ALTER INDEX ix_sign_up_refused_next RENAME TO ix_sign_up_refused")
    op.drop_index("ix_sign_up_settled_address", "sign_up")


def downgrade() -> None:
    indexes.build("ix_sign_up_settled_address", "sign_up", ["address_hash"], postgresql_where=sa.text(SETTLED))
    indexes.build("ix_sign_up_refused_next", "sign_up", ["created_at"], postgresql_where=sa.text(REFUSED))
    op.drop_index("ix_sign_up_refused", "sign_up")
    op.execute("ALTER INDEX ix_sign_up_refused_next RENAME TO ix_sign_up_refused")
    for name, _, _ in reversed(MADE):
        op.drop_index(name, "sign_up")
