"""mails that strangers cause are counted in one place, and another address is asked behind the page"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

ID, TIME = sa.BigInteger(), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "caused_mail",
        sa.Column("id", ID, nullable=False),
        sa.Column("mailbox_hash", sa.LargeBinary(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caused_mail")),
    )
    op.execute(
        "INSERT INTO caused_mail (mailbox_hash, template, at)"
        " SELECT coalesce(s.mailbox_hash, s.address_hash), m.template, m.due_at"
        " FROM sign_up s JOIN message m ON m.sign_up_id = s.id"
        " WHERE s.state = 'settled' AND s.created_at > now() - interval '31 days'"
        " AND m.template IN ('confirmation', 'reminder', 'already_in')"
    )
    op.create_index("ix_caused_mail_mailbox", "caused_mail", ["mailbox_hash", "at"])
    op.create_index("ix_caused_mail_at", "caused_mail", ["at"])
    op.add_column("new_address", sa.Column("settled_at", TIME, nullable=True))
    op.execute("UPDATE new_address SET settled_at = created_at")
    op.create_index("ix_new_address_new", "new_address", ["id"], postgresql_where=sa.text("settled_at IS NULL"))
    op.drop_index("ix_new_address_hash", "new_address")


def downgrade() -> None:
    op.create_index("ix_new_address_hash", "new_address", ["address_hash", "created_at"])
    op.drop_column("new_address", "settled_at")
    op.drop_table("caused_mail")
