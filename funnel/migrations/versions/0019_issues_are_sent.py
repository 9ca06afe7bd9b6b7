"""issues are sent

Newsletters get their recipients, hours, trials and parts; what becomes of their mails is added up as it happens.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

WORD = sa.String(20)
TIME = sa.DateTime(timezone=True)
UNDER_WAY = "ended_at IS NULL AND state IN ('scheduled', 'sending', 'paused', 'cancelled')"

# A mail that was simply sent is counted by the statement that says so; here is everything else (models/sending.py).
NOTE = """
CREATE FUNCTION note_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state NOT IN ('queued', 'deferred') THEN
        INSERT INTO progress (newsletter_id, state, mails, at) VALUES (NEW.newsletter_id, OLD.state, -1, now());
    END IF;
    IF NEW.state NOT IN ('queued', 'deferred') THEN
        INSERT INTO progress (newsletter_id, state, mails, at) VALUES (NEW.newsletter_id, NEW.state, 1, now());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_progress AFTER UPDATE OF state ON message FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NEW.newsletter_id IS NOT NULL AND NEW.kind = 'newsletter'
    AND (NEW.state <> 'sent' OR NEW.reason <> '' OR OLD.state NOT IN ('queued', 'deferred')))
EXECUTE FUNCTION note_progress();
"""
# What a journal that comes back late says of an unknown mail was seen by no tally.
NOTE_MAIL = """
DROP TRIGGER note_mail ON message;
CREATE TRIGGER note_mail AFTER UPDATE OF state, subscriber_id, step_id ON message FOR EACH ROW
WHEN ((OLD.state <> NEW.state AND (NEW.state <> 'sent' OR NEW.reason <> ''{or_corrected}))
    OR OLD.subscriber_id IS DISTINCT FROM NEW.subscriber_id OR OLD.step_id IS DISTINCT FROM NEW.step_id)
EXECUTE FUNCTION note_mail();
"""
OR_CORRECTED = " OR OLD.state NOT IN ('queued', 'deferred')"

COLUMNS = [
    sa.Column("parent_id", sa.BigInteger(), nullable=True),
    sa.Column("part", WORD, nullable=True),
    sa.Column("segment_id", sa.BigInteger(), nullable=True),
    sa.Column("rule", JSONB(), nullable=True),
    sa.Column("with_course", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    sa.Column("zone_mode", WORD, server_default="practice", nullable=False),
    *(
        sa.Column(name, TIME, nullable=True)
        for name in ("starts_at", "scheduled_at", "started_at", "planned_at", "paused_at", "cancelled_at")
    ),
    sa.Column("looked_at", sa.BigInteger(), server_default="0", nullable=False),
    sa.Column("planned", sa.BigInteger(), server_default="0", nullable=False),
    sa.Column("subject_b", sa.Text(), nullable=True),
    sa.Column("trial_percent", sa.SmallInteger(), nullable=True),
    sa.Column("trial_hours", sa.SmallInteger(), nullable=True),
    sa.Column("trial_to", sa.BigInteger(), nullable=True),
    sa.Column("trial_ends_at", TIME, nullable=True),
    sa.Column("winner", WORD, nullable=True),
    sa.Column("verdict", JSONB(), nullable=True),
]


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("newsletter", column._copy())
    op.create_foreign_key("fk_newsletter_parent_id", "newsletter", "newsletter", ["parent_id"], ["id"])
    op.create_index("ix_newsletter_parent_id", "newsletter", ["parent_id"])
    op.create_index("ix_newsletter_under_way", "newsletter", ["state", "id"], postgresql_where=sa.text(UNDER_WAY))
    part = sa.text("part IS NOT NULL")
    op.create_index("uq_newsletter_part", "newsletter", ["parent_id", "part"], unique=True, postgresql_where=part)
    op.add_column("queue_entry", sa.Column("newsletter_id", sa.BigInteger(), nullable=True))
    op.create_table(
        "progress",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("mails", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress")),
    )
    op.create_index("ix_progress_newsletter_id", "progress", ["newsletter_id"])
    op.execute(NOTE)
    op.execute(NOTE_MAIL.format(or_corrected=OR_CORRECTED))


def downgrade() -> None:
    """Loses to whom issues went and which subject won; their mails stay."""
    op.execute(NOTE_MAIL.format(or_corrected=""))
    op.execute("DROP TRIGGER note_progress ON message; DROP FUNCTION note_progress()")
    op.drop_table("progress")
    op.drop_column("queue_entry", "newsletter_id")
    for name in ("ix_newsletter_under_way", "uq_newsletter_part", "ix_newsletter_parent_id"):
        op.drop_index(name, "newsletter")
    op.drop_constraint("fk_newsletter_parent_id", "newsletter")
    for column in reversed(COLUMNS):
        op.drop_column("newsletter", column.name)
