"""forms give a handout"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_file",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_file")),
    )
    op.create_table(
        "handout_day",
        sa.Column("form_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.Column("machines", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_handout_day_form_id_form")),
        sa.PrimaryKeyConstraint("form_id", "day", name=op.f("pk_handout_day")),
    )
    op.add_column("form", sa.Column("gives", sa.String(length=20), server_default="ours", nullable=False))
    op.add_column("form", sa.Column("own_file_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_form_own_file_id_own_file"), "form", "own_file", ["own_file_id"], ["id"])


def downgrade() -> None:
    op.drop_column("form", "own_file_id")
    op.drop_column("form", "gives")
    op.drop_table("handout_day")
    op.drop_table("own_file")
