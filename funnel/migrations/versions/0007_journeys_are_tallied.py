"""journeys are tallied

Everything here is counted from other tables, by the first ticks after the upgrade.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WORD = sa.String(20)
TIME = sa.DateTime(timezone=True)
IDS = sa.ARRAY(sa.BigInteger())

# Each notes whose row changed, in the transaction that changes it. The conditions are in the triggers, so that a row
# which changes in nothing that is counted costs no call. Mails that were simply sent are noted by their claim, at once.
NOTE = """
CREATE FUNCTION note_subscriber() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale (what, ids) VALUES ('people', ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE FUNCTION note_whose() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    theirs bigint[] := ARRAY[]::bigint[];
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.subscriber_id IS NOT NULL THEN
        theirs := theirs || OLD.subscriber_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.subscriber_id IS NOT NULL THEN
        theirs := theirs || NEW.subscriber_id;
    END IF;
    IF cardinality(theirs) > 0 THEN
        INSERT INTO stale (what, ids) VALUES ('people', theirs);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION note_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale (what, ids)
        SELECT 'people', array_agg(DISTINCT subscriber_id) FROM event
        WHERE link_id = NEW.id AND subscriber_id IS NOT NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE FUNCTION note_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stale (what, ids) VALUES ('mails', ARRAY[NEW.id]);
    IF OLD.subscriber_id IS DISTINCT FROM NEW.subscriber_id THEN
        INSERT INTO stale (what, ids)
            VALUES ('people', array_remove(ARRAY[OLD.subscriber_id, NEW.subscriber_id], NULL));
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR cardinality(NEW.ids) = 0 THEN
        INSERT INTO stale (what, ids) VALUES ('mails', OLD.ids);
    ELSE
        INSERT INTO stale (what, ids)
            SELECT 'mails', array_agg(number) FROM (SELECT unnest(OLD.ids) EXCEPT SELECT unnest(NEW.ids)) gone (number);
    END IF;
    RETURN NULL;
END $$;
"""
TRIGGERS = {
    ("subscriber", "note_subscriber"): """
        AFTER UPDATE OF created_at, source, form_id, state, confirmed_at ON subscriber FOR EACH ROW
        WHEN ((OLD.created_at, OLD.source, OLD.form_id, OLD.state, OLD.confirmed_at)
            IS DISTINCT FROM (NEW.created_at, NEW.source, NEW.form_id, NEW.state, NEW.confirmed_at))""",
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
    ("message", "note_mail"): """
        AFTER UPDATE OF state, subscriber_id, step_id ON message FOR EACH ROW
        WHEN ((OLD.state <> NEW.state AND (NEW.state <> 'sent' OR NEW.reason <> ''))
            OR OLD.subscriber_id IS DISTINCT FROM NEW.subscriber_id OR OLD.step_id IS DISTINCT FROM NEW.step_id)""",
    ("claim", "note_claim"): """
        AFTER UPDATE OF ids ON claim FOR EACH ROW WHEN (cardinality(OLD.ids) > cardinality(NEW.ids))""",
    ("claim", "note_claim_gone"): """
        AFTER DELETE ON claim FOR EACH ROW WHEN (cardinality(OLD.ids) > 0)""",
}  # fmt: skip


def upgrade() -> None:
    _add_tables()
    op.execute(NOTE)
    for (_, name), when in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name.removesuffix('_gone')}()")


def _add_tables() -> None:
    op.create_table(
        "journey",
        sa.Column("subscriber_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("form_id", sa.BigInteger(), nullable=True),
        sa.Column("state", WORD, nullable=False),
        sa.Column("signed_up_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.Column("steps", IDS, nullable=False),
        sa.Column("clicked_at", TIME, nullable=True),
        sa.Column("booking_clicked_at", TIME, nullable=True),
        sa.Column("booked_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("subscriber_id", name="pk_journey"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("ix_journey_day", "journey", ["day", "subscriber_id"])
    booked = sa.text("booked_at IS NOT NULL")
    op.create_index("ix_journey_booked", "journey", ["day", "subscriber_id"], postgresql_where=booked)
    op.create_table(
        "way",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("steps", IDS, nullable=False),
        sa.Column("clicked", sa.Boolean(), nullable=False),
        sa.Column("booking_clicked", sa.Boolean(), nullable=False),
        sa.Column("booked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_way"),
        sa.UniqueConstraint("confirmed", "steps", "clicked", "booking_clicked", "booked", name="uq_way_all"),
    )
    op.create_table(
        "tally",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("form_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("way_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "source", "form_id", "way_id", name="pk_tally"),
    )
    op.create_table(
        "state_tally",
        sa.Column("state", WORD, nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state", name="pk_state_tally"),
    )
    op.create_table(
        "mail_tally",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("step_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("newsletter_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("mails", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "block", "day", "kind", "template", "step_id", "newsletter_id", "state", name="pk_mail_tally"
        ),
    )
    _add_bookkeeping()


def _add_bookkeeping() -> None:
    op.create_table(
        "stale",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("ids", IDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stale"),
    )
    op.create_table(
        "reading",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_reading"),
    )
    op.create_table(
        "gap",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("running", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gap"),
    )
    op.create_index("ix_gap_name", "gap", ["name"])
    op.create_table(
        "tally_state",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("as_of", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tally_state"),
    )


def downgrade() -> None:
    """Loses nothing: all of it was counted from what stays."""
    op.drop_index("ix_event_followed", "event", if_exists=True)
    op.drop_index("ix_sign_up_refused", "sign_up", if_exists=True)
    for table, name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for name in dict.fromkeys(name.removesuffix("_gone") for _, name in TRIGGERS):
        op.execute(f"DROP FUNCTION {name}()")
    for name in ("tally_state", "gap", "reading", "stale", "mail_tally", "state_tally", "tally", "way", "journey"):
        op.drop_table(name)
