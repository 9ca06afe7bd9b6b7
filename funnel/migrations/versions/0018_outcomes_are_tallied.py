"""outcomes are tallied

What came of each mail, and on which day mails were sent, is counted from other tables by the first ticks after the
upgrade: the version of what is counted is another one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

WORD = sa.String(20)
KEY = ("block", "day", "kind", "template", "step_id", "newsletter_id", "state")

# As in 0007, and also of what is no click; a mail that is of another step now is another mail's outcome.
NOTE_MAIL = """
CREATE OR REPLACE FUNCTION note_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale (what, ids) VALUES ('mails', ARRAY[NEW.id]);
    IF OLD.subscriber_id IS DISTINCT FROM NEW.subscriber_id THEN
        INSERT INTO stale (what, ids)
            VALUES ('people', array_remove(ARRAY[OLD.subscriber_id, NEW.subscriber_id], NULL));
    END IF;{of_another_step}
    RETURN NULL;
END $$;
"""
OF_ANOTHER_STEP = """
    IF OLD.step_id IS DISTINCT FROM NEW.step_id THEN
        INSERT INTO stale (what, ids)
            SELECT 'people', array_agg(subscriber_id) FROM (
                SELECT subscriber_id FROM event WHERE message_id = NEW.id
                UNION SELECT subscriber_id FROM booking WHERE message_id = NEW.id
            ) AS theirs WHERE subscriber_id IS NOT NULL HAVING count(*) > 0;
    END IF;"""
TRIGGERS = {
    ("event", "note_whose"): """
        AFTER UPDATE OF kind, at, subscriber_id, link_id, machine, message_id, detail ON event FOR EACH ROW
        WHEN ((OLD.kind IN ('click', 'unsubscribe', 'bounce', 'complaint')
            OR NEW.kind IN ('click', 'unsubscribe', 'bounce', 'complaint'))
            AND (OLD.kind, OLD.at, OLD.subscriber_id, OLD.link_id, OLD.machine, OLD.message_id, OLD.detail)
            IS DISTINCT FROM (NEW.kind, NEW.at, NEW.subscriber_id, NEW.link_id, NEW.machine, NEW.message_id,
                NEW.detail))""",
    ("event", "note_whose_gone"): """
        AFTER DELETE ON event FOR EACH ROW WHEN (OLD.kind IN ('unsubscribe', 'bounce', 'complaint')
            OR (OLD.kind = 'click' AND NOT OLD.machine))""",
    ("booking", "note_whose"): """
        AFTER INSERT OR DELETE OR UPDATE OF state, subscriber_id, created_at, message_id ON booking FOR EACH ROW""",
    ("link", "note_link"): """
        AFTER UPDATE OF kind, step_id ON link FOR EACH ROW
        WHEN (OLD.kind <> NEW.kind OR OLD.step_id IS DISTINCT FROM NEW.step_id)""",
}  # fmt: skip
BEFORE = {
    ("event", "note_whose"): """
        AFTER UPDATE OF kind, at, subscriber_id, link_id, machine ON event FOR EACH ROW
        WHEN ((OLD.kind = 'click' OR NEW.kind = 'click')
            AND (OLD.kind, OLD.at, OLD.subscriber_id, OLD.link_id, OLD.machine)
            IS DISTINCT FROM (NEW.kind, NEW.at, NEW.subscriber_id, NEW.link_id, NEW.machine))""",
    ("event", "note_whose_gone"): """
        AFTER DELETE ON event FOR EACH ROW WHEN (OLD.kind = 'click' AND NOT OLD.machine)""",
    ("booking", "note_whose"): """
        AFTER INSERT OR DELETE OR UPDATE OF state, subscriber_id, created_at ON booking FOR EACH ROW""",
    ("link", "note_link"): """
        AFTER UPDATE OF kind ON link FOR EACH ROW WHEN (OLD.kind <> NEW.kind)""",
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "outcome",
        sa.Column("step_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("which", WORD, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("step_id", "which", "subscriber_id", name=op.f("pk_outcome")),
    )
    op.create_index("ix_outcome_subscriber_id", "outcome", ["subscriber_id"])
    op.create_table(
        "outcome_tally",
        sa.Column("step_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("which", WORD, nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", "which", name=op.f("pk_outcome_tally")),
    )
    op.create_table(
        "reopening",
        sa.Column("step_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_reopening")),
    )
    _index_the_booked(["signed_up_at", "booked_at"])
    _trigger(TRIGGERS)
    op.execute(NOTE_MAIL.format(of_another_step=OF_ANOTHER_STEP))
    op.add_column("tally_state", sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("mail_tally", sa.Column("sent_on", sa.Date(), server_default=sa.text("'epoch'"), nullable=False))
    op.execute("UPDATE mail_tally SET sent_on = day")
    _key("mail_tally", *KEY, "sent_on")


def downgrade() -> None:
    """Loses no figure: all of it was counted from what stays."""
    _index_the_booked(None)
    op.execute("TRUNCATE mail_tally")  # nothing of it is lost: blocks are counted anew
    op.execute(
        "INSERT INTO stale (what, ids) SELECT 'blocks', ARRAY[block]"
        " FROM generate_series(0, (SELECT coalesce(max(id), 0) / 10000 FROM message)) AS block"
    )
    _key("mail_tally", *KEY)
    op.drop_column("mail_tally", "sent_on")
    op.drop_column("tally_state", "version")
    op.execute(NOTE_MAIL.format(of_another_step=""))
    _trigger(BEFORE)
    op.drop_table("reopening")
    op.drop_table("outcome_tally")
    op.drop_table("outcome")


def _trigger(wanted: dict[tuple[str, str], str]) -> None:
    for (table, name), when in wanted.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name.removesuffix('_gone')}()")


def _key(table: str, *columns: str) -> None:
    op.drop_constraint(f"pk_{table}", table)
    op.create_primary_key(f"pk_{table}", table, list(columns))


def _index_the_booked(include: list[str] | None) -> None:
    op.drop_index("ix_journey_booked", "journey")
    booked = sa.text("booked_at IS NOT NULL")
    columns = ["day", "subscriber_id"]
    op.create_index("ix_journey_booked", "journey", columns, postgresql_include=include, postgresql_where=booked)
