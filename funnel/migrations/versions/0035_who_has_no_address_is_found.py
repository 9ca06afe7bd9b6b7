"""who has no address is found

Who is active and has no address: hardly anybody, and the reckoning before sending read everybody to learn that.
"""

import sqlalchemy as sa
from alembic import op

from funnel.migrations import indexes

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

NAME = "ix_subscriber_mute"


def upgrade() -> None:
    where = sa.text("state = 'active' AND email IS NULL")
    indexes.build(NAME, "subscriber", ["id"], postgresql_where=where)


def downgrade() -> None:
    op.drop_index(NAME, "subscriber", if_exists=True)
