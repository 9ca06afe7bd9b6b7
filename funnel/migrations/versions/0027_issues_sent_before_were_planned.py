"""issues sent before were planned

One that was sent before it was kept how far its planning is would be planned anew when its mails are tried again.
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE newsletter SET planned_at = coalesce(ended_at, created_at) "
        "WHERE state = 'sent' AND planned_at IS NULL AND part IS NULL"
    )


def downgrade() -> None:
    """What was planned stays so."""
