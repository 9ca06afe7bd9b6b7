"""clicks in time know their link

When people clicked in an issue is read from this index alone, which is as large as the one that it replaces.
"""

import sqlalchemy as sa
from alembic import op

from funnel.migrations import indexes

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

FOLLOWED = sa.text("kind = 'click' AND machine IS FALSE AND subscriber_id IS NOT NULL")
COLUMNS = ["at", "subscriber_id"]
NEW, OLD = "ix_event_followed_when", "ix_event_followed_at"


def upgrade() -> None:
    indexes.build(NEW, "event", COLUMNS, postgresql_where=FOLLOWED, postgresql_include=["link_id"])
    op.drop_index(OLD, "event", if_exists=True)


def downgrade() -> None:
    indexes.build(OLD, "event", COLUMNS, postgresql_where=FOLLOWED)
    op.drop_index(NEW, "event", if_exists=True)
