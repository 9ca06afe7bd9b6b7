"""outcomes of issues are tallied

What came of each newsletter is counted by the first ticks after the upgrade: the version of what is counted is another.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

WORD = sa.String(20)


def upgrade() -> None:
    op.create_table(
        "issue_outcome",
        sa.Column("newsletter_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("which", WORD, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("newsletter_id", "which", "subscriber_id", name=op.f("pk_issue_outcome")),
    )
    op.create_index("ix_issue_outcome_subscriber_id", "issue_outcome", ["subscriber_id"])
    op.create_table(
        "issue_outcome_tally",
        sa.Column("newsletter_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("which", WORD, nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("newsletter_id", "which", name=op.f("pk_issue_outcome_tally")),
    )


def downgrade() -> None:
    """Loses no figure: all of it was counted from what stays."""
    op.drop_table("issue_outcome_tally")
    op.drop_table("issue_outcome")
