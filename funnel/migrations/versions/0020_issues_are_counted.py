"""issues are counted

What was sent of newsletters before, added up. In a transaction of its own, which keeps nobody from writing to mails.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE queue_entry SET newsletter_id = message.newsletter_id FROM message"
        " WHERE message.id = queue_entry.message_id AND message.newsletter_id IS NOT NULL"
    )
    # One statement: what is noted while it runs is neither counted here nor lost.
    op.execute(
        "WITH noted AS (DELETE FROM progress)"
        " INSERT INTO progress (newsletter_id, state, mails, at) SELECT newsletter_id, state, count(*), now()"
        " FROM message WHERE newsletter_id IS NOT NULL AND state NOT IN ('queued', 'deferred') AND kind = 'newsletter'"
        " GROUP BY newsletter_id, state"
    )
    op.execute(
        "UPDATE newsletter SET planned = counted.mails FROM (SELECT newsletter_id, count(*) AS mails FROM message"
        " WHERE kind = 'newsletter' GROUP BY newsletter_id) counted WHERE counted.newsletter_id = newsletter.id"
    )


def downgrade() -> None:
    """What was counted goes with its table."""
