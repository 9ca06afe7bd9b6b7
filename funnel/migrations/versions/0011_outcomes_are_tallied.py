"""outcomes are tallied

What came of each mail is counted from other tables, by the first ticks after the upgrade: everybody is noted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WORD = sa.String(20)

# As in 0007, and also of what is no click; a mail that is of another step now is another mail's outcome.
NOTE_MAIL = """
CREATE OR REPLACE FUNCTION note_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale (what, ids) VALUES ('mails', ARRAY[NEW.id]);
    IF OLD.subscriber_id IS DISTINCT FROM NEW.subscriber_id{or_step} THEN
        INSERT INTO stale (what, ids)
            VALUES ('people', array_remove(ARRAY[OLD.subscriber_id, NEW.subscriber_id], NULL));
    END IF;
    RETURN NULL;
END $$;
"""
OR_STEP = " OR OLD.step_id IS DISTINCT FROM NEW.step_id"
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
    _trigger(TRIGGERS)
    op.execute(NOTE_MAIL.format(or_step=OR_STEP))
    op.execute(
        "INSERT INTO stale (what, ids) SELECT 'people', array_agg(id ORDER BY id) FROM subscriber GROUP BY id / 1000"
    )
    op.execute("UPDATE tally_state SET as_of = NULL WHERE EXISTS (SELECT FROM subscriber)")


def downgrade() -> None:
    """Loses no figure: all of it was counted from what stays."""
    op.execute(NOTE_MAIL.format(or_step=""))
    _trigger(BEFORE)
    op.drop_table("reopening")
    op.drop_table("outcome_tally")
    op.drop_table("outcome")


def _trigger(wanted: dict[tuple[str, str], str]) -> None:
    for (table, name), when in wanted.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name.removesuffix('_gone')}()")
