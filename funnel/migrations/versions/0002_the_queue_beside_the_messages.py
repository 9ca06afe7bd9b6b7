"""the queue beside the messages

Contracts: the workers of the version before claim in the message rows themselves, and must be stopped before this runs
(docs/operations.md, Upgrade). What they held is settled here as it is for a worker that was killed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WORD = sa.String(20)
TIME = sa.DateTime(timezone=True)

# What a worker was sending when it was stopped may have arrived: a confirmation or notice goes again, a tip does not.
SETTLE_CLAIMED = """
UPDATE message SET state = 'queued', attempts = attempts - 1, reason = 'given back: Funnel was upgraded'
    WHERE state = 'claimed' AND kind IN ('confirmation', 'notice');
UPDATE message SET state = 'unknown', ended_at = now(), to_address = NULL,
    reason = 'Funnel was upgraded while it was being sent: it may have arrived' WHERE state = 'claimed';
UPDATE message SET troubled_at = coalesce(ended_at, now()) WHERE state IN ('failed', 'unknown');
"""
FILL_QUEUE = """
INSERT INTO queue_entry (message_id, queue, due_at, expires_at, kind, subscriber_id, sign_up_id, enrolment_id, attempts,
    reason)
SELECT id, queue, due_at, expires_at, kind, subscriber_id, sign_up_id, enrolment_id, attempts, reason
FROM message WHERE state IN ('queued', 'deferred')
"""
FILL_STAMPS = """
INSERT INTO marketing_stamp (subscriber_id, at, message_id, newsletter_at)
SELECT id, last_marketing_at, coalesce(last_marketing_message_id, 0), last_newsletter_at
FROM subscriber WHERE last_marketing_at IS NOT NULL
"""
# Messages name their subscriber without a foreign key, so the other side holds the bond.
SUBSCRIBERS_STAY = """
CREATE FUNCTION subscribers_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'subscribers are erased, never deleted';
END $$;
CREATE TRIGGER subscribers_stay BEFORE DELETE ON subscriber
    FOR EACH STATEMENT EXECUTE FUNCTION subscribers_stay();
"""
OLD_INDEXES = ("waiting", "claimed", "troubled", "delivered", "step", "sign_up_id")


def upgrade() -> None:
    _add_tables()
    op.add_column("message", sa.Column("newsletter_id", sa.BigInteger(), nullable=True))
    op.add_column("message", sa.Column("troubled_at", TIME, nullable=True))
    op.execute(SETTLE_CLAIMED)
    op.execute(FILL_QUEUE)
    op.execute(FILL_STAMPS)
    op.execute(SUBSCRIBERS_STAY)
    for name in OLD_INDEXES:
        op.drop_index(f"ix_message_{name}", table_name="message")
    op.drop_constraint("uq_message_message_id", "message")
    op.drop_constraint("fk_message_subscriber_id", "message")
    op.drop_column("message", "claim_id")
    op.drop_column("message", "lease_until")
    op.add_column("message", sa.Column("claim_id", sa.BigInteger(), nullable=True))
    for name in ("last_marketing_at", "last_marketing_message_id", "last_newsletter_at"):
        op.drop_column("subscriber", name)
    op.execute("ALTER TABLE message SET (fillfactor = 50)")
    where = sa.text("troubled_at IS NOT NULL")
    op.create_index("ix_message_troubled", "message", ["troubled_at"], postgresql_where=where)
    for name in ("step", "newsletter", "sign_up"):
        where = sa.text(f"{name}_id IS NOT NULL")
        op.create_index(f"ix_message_{name}", "message", [f"{name}_id"], postgresql_where=where)
    op.add_column("link", sa.Column("newsletter_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_link_newsletter_id", "link", "newsletter", ["newsletter_id"], ["id"])
    _index_links("step", "post", "newsletter")


def _add_tables() -> None:
    op.create_table(
        "queue_entry",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("queue", WORD, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=True),
        sa.Column("sign_up_id", sa.BigInteger(), nullable=True),
        sa.Column("enrolment_id", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_queue_entry"),
        postgresql_with={"autovacuum_vacuum_scale_factor": "0.02"},
    )
    op.create_index("ix_queue_entry_due", "queue_entry", ["queue", "due_at"])
    op.create_table(
        "claim",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("queue", WORD, nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.Column("ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_claim"),
    )
    op.create_index("ix_claim_lease_until", "claim", ["lease_until"])
    op.create_table(
        "marketing_stamp",
        sa.Column("subscriber_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("newsletter_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("subscriber_id", name="pk_marketing_stamp"),
        postgresql_with={"fillfactor": "45"},
    )
    op.create_table(
        "rest",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("until", TIME, nullable=True),
        sa.Column("in_a_row", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_rest"),
    )
    op.create_table(
        "relay_tally",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("today", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        sa.Column("bad_marks", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_relay_tally"),
    )
    op.create_table(
        "lineage",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("accepted_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lineage"),
    )
    op.create_table(
        "newsletter",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("preheader", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("send_at", TIME, nullable=True),
        sa.Column("planned_to", sa.BigInteger(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_newsletter"),
    )


def _index_links(*nouns: str) -> None:
    op.drop_index("uq_link_place", table_name="link")
    places = [sa.text(f"coalesce({noun}_id, 0)") for noun in nouns]
    op.create_index("uq_link_place", "link", ["url", *places], unique=True)


def downgrade() -> None:
    """Loses who may be resent what is unknown, and every newsletter's mails with their newsletter."""
    op.execute("DELETE FROM event WHERE message_id IN (SELECT id FROM message WHERE newsletter_id IS NOT NULL)")
    op.execute("DELETE FROM message WHERE newsletter_id IS NOT NULL")
    op.execute("DELETE FROM link WHERE newsletter_id IS NOT NULL")
    _index_links("step", "post")
    op.drop_column("link", "newsletter_id")
    for name in ("step", "newsletter", "sign_up", "troubled"):
        op.drop_index(f"ix_message_{name}", table_name="message")
    for name in ("last_marketing_at", "last_newsletter_at"):
        op.add_column("subscriber", sa.Column(name, TIME, nullable=True))
    op.add_column("subscriber", sa.Column("last_marketing_message_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE subscriber SET last_marketing_at = stamp.at, last_marketing_message_id = stamp.message_id,"
        " last_newsletter_at = stamp.newsletter_at FROM marketing_stamp stamp WHERE stamp.subscriber_id = subscriber.id"
    )
    op.drop_column("message", "claim_id")
    op.add_column("message", sa.Column("claim_id", sa.Uuid(), nullable=True))
    op.add_column("message", sa.Column("lease_until", TIME, nullable=True))
    for name in ("newsletter_id", "troubled_at"):
        op.drop_column("message", name)
    op.execute("DROP TRIGGER subscribers_stay ON subscriber; DROP FUNCTION subscribers_stay()")
    op.create_foreign_key("fk_message_subscriber_id", "message", "subscriber", ["subscriber_id"], ["id"])
    op.create_unique_constraint("uq_message_message_id", "message", ["message_id"])
    _restore_indexes()
    for name in ("newsletter", "lineage", "relay_tally", "rest", "marketing_stamp", "claim", "queue_entry"):
        op.drop_table(name)


def _restore_indexes() -> None:
    waiting, claimed = sa.text("state IN ('queued', 'deferred')"), sa.text("state = 'claimed'")
    troubled, delivered = sa.text("state IN ('failed', 'unknown', 'deferred')"), sa.text("state IN ('sent', 'failed')")
    op.create_index("ix_message_waiting", "message", ["queue", "due_at"], postgresql_where=waiting)
    op.create_index("ix_message_claimed", "message", ["lease_until"], postgresql_where=claimed)
    op.create_index("ix_message_troubled", "message", ["state", "id"], postgresql_where=troubled)
    op.create_index("ix_message_delivered", "message", ["ended_at"], postgresql_where=delivered)
    op.create_index("ix_message_step", "message", ["step_id", "state"])
    op.create_index("ix_message_sign_up_id", "message", ["sign_up_id"])
    op.execute("ALTER TABLE message RESET (fillfactor)")
