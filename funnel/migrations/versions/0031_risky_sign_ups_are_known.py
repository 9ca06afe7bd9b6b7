"""risky sign-ups are known, and what is known of mail servers is kept"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
COLUMNS = ("mailbox_hash", "wide", "risk", "signs", "proof", "let_in_at")


def upgrade() -> None:
    op.create_table(
        "mail_domain",
        sa.Column("domain", sa.Text(), primary_key=True),
        sa.Column("answer", sa.String(20), nullable=False),
        sa.Column("looked_at", TIME, nullable=False),
    )
    op.create_index("ix_mail_domain_looked_at", "mail_domain", ["looked_at"])
    op.create_table(
        "door_day",
        sa.Column("form_id", sa.BigInteger(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("what", sa.String(20), primary_key=True),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name="fk_door_day_form_id"),
    )
    op.create_table(
        "spent_puzzle",
        sa.Column("mark", sa.LargeBinary(), primary_key=True),
        sa.Column("until", TIME, nullable=False),
    )
    op.create_index("ix_spent_puzzle_until", "spent_puzzle", ["until"])
    op.add_column("sign_up", sa.Column("mailbox_hash", sa.LargeBinary(), nullable=True))
    op.add_column("sign_up", sa.Column("wide", sa.Text(), nullable=True))
    op.add_column("sign_up", sa.Column("risk", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("sign_up", sa.Column("signs", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("sign_up", sa.Column("proof", sa.String(20), server_default="none", nullable=False))
    op.add_column("sign_up", sa.Column("let_in_at", TIME, nullable=True))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("sign_up", name)
    for table in ("spent_puzzle", "door_day", "mail_domain"):
        op.drop_table(table)
