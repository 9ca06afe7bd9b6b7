"""who had a newsletter is kept

Whose mails they are, beside how many of a newsletter a block of mails has. The first ticks after the upgrade count
those blocks anew; until then their mails are read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail_tally", sa.Column("people", sa.LargeBinary(), nullable=True))
    op.execute(
        "INSERT INTO stale (what, ids) SELECT 'blocks', ARRAY[block] FROM mail_tally WHERE newsletter_id > 0"
        " GROUP BY block ORDER BY block"
    )


def downgrade() -> None:
    """Loses nothing: it was counted from what stays."""
    op.drop_column("mail_tally", "people")
