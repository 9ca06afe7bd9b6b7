"""arrivals are counted

People by day, source and form, kept beside the tallies by triggers on them: code of before, which may run on for a
moment, counts there too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# What is counted out stands against what is counted in; of a day where nobody is left no row stays.
FOLLOW = """
CREATE FUNCTION tally_followed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO arrival (day, source, form_id, people)
            SELECT day, source, form_id, sum(people) FROM fresh GROUP BY 1, 2, 3 HAVING sum(people) <> 0
            ON CONFLICT (day, source, form_id) DO UPDATE SET people = arrival.people + excluded.people;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        UPDATE arrival SET people = arrival.people - gone.people
            FROM (SELECT day, source, form_id, sum(people) AS people FROM past GROUP BY 1, 2, 3) gone
            WHERE arrival.day = gone.day AND arrival.source = gone.source AND arrival.form_id = gone.form_id
                AND gone.people <> 0;
        DELETE FROM arrival USING past WHERE arrival.day = past.day AND arrival.source = past.source
            AND arrival.form_id = past.form_id AND arrival.people = 0;
    END IF;
    RETURN NULL;
END $$
"""
TRIGGERS = {
    "INSERT": "REFERENCING NEW TABLE AS fresh",
    "UPDATE": "REFERENCING OLD TABLE AS past NEW TABLE AS fresh",
    "DELETE": "REFERENCING OLD TABLE AS past",
}


def upgrade() -> None:
    op.create_table(
        "arrival",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("form_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "source", "form_id", name=op.f("pk_arrival")),
    )
    op.execute(FOLLOW)
    for what, tables in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER tally_followed_{what.lower()} AFTER {what} ON tally {tables}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tally_followed()"
        )
    _index_the_booked("signed_up_at", "booked_at", "source", "form_id")
    # The triggers lock out who counts, so that this is what they begin with.
    op.execute("INSERT INTO arrival SELECT day, source, form_id, sum(people) FROM tally GROUP BY 1, 2, 3")


def downgrade() -> None:
    """Loses no figure: the tallies have all of it."""
    _index_the_booked("signed_up_at", "booked_at")
    for what in TRIGGERS:
        op.execute(f"DROP TRIGGER tally_followed_{what.lower()} ON tally")
    op.execute("DROP FUNCTION tally_followed()")
    op.drop_table("arrival")


def _index_the_booked(*include: str) -> None:
    op.drop_index("ix_journey_booked", "journey")
    booked = sa.text("booked_at IS NOT NULL")
    columns = ["day", "subscriber_id"]
    op.create_index("ix_journey_booked", "journey", columns, postgresql_include=list(include), postgresql_where=booked)
