"""large tables are indexed

What migrations 0004 to 0014 need to be fast at a million people, built without keeping anybody from writing. A database
that had those indexes from them keeps what it has.
"""

import sqlalchemy as sa
from alembic import op

from funnel.migrations import indexes

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BETWEEN = "@.+-_!#$%&'*/=?^`{|}~\"(),:;<>[]\\"
WORDS = sa.func.array_to_tsvector(
    sa.func.array_remove(
        sa.func.string_to_array(
            sa.func.translate(
                sa.func.lower(sa.func.coalesce(sa.text("email"), "").op("||")(" ").op("||")(sa.text("first_name"))),
                BETWEEN,
                " " * len(BETWEEN),
            ),
            " ",
        ),
        "",
    )
)

FOLLOWED = "kind = 'click' AND machine IS FALSE AND subscriber_id IS NOT NULL"
INDEXES = {
    "ix_enrolment_finished": ("enrolment", ["sequence_id", "id"], "state = 'finished'"),
    "ix_enrolment_over": ("enrolment", ["sequence_id", "state", "subscriber_id"], "state <> 'active'"),
    "ix_subscriber_source": ("subscriber", ["source", "id"], None),
    "ix_subscriber_form": ("subscriber", ["form_id", "id"], None),
    "ix_subscriber_paused": ("subscriber", ["paused_until"], "paused_until IS NOT NULL"),
    "ix_subscriber_merged": ("subscriber", ["merged_into_id"], "merged_into_id IS NOT NULL"),
    "ix_subscriber_import": ("subscriber", ["import_id", "id"], "import_id IS NOT NULL"),
    "ix_sign_up_refused": ("sign_up", ["created_at"], "state = 'refused'"),
    "ix_subscriber_reachable": ("subscriber", ["id"], "state = 'active' AND email IS NOT NULL"),
    "ix_subscriber_monthly": ("subscriber", ["id"], "pace = 'monthly'"),
    "ix_event_followed": ("event", ["link_id", "subscriber_id"], FOLLOWED),
    "ix_event_followed_at": ("event", ["at", "subscriber_id"], FOLLOWED),
}


def upgrade() -> None:
    indexes.build("ix_subscriber_words", "subscriber", [WORDS], postgresql_using="gin")
    for name, (table, columns, where) in INDEXES.items():
        indexes.build(name, table, columns, postgresql_where=sa.text(where) if where else None)


def downgrade() -> None:
    op.drop_index("ix_subscriber_words", "subscriber", if_exists=True)
    for name, (table, _, _) in INDEXES.items():
        op.drop_index(name, table, if_exists=True)
