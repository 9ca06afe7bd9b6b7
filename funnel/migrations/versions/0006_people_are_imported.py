"""people are imported"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WORD = sa.String(20)
TIME = sa.DateTime(timezone=True)
TEXTS = sa.ARRAY(sa.Text())


def upgrade() -> None:
    op.create_table(
        "import",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("separator", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("done", postgresql.JSONB(), nullable=False),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("cleared_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_import_owner_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_import"),
    )
    working = sa.text("state IN ('checking', 'running', 'undoing')")
    op.create_index("ix_import_working", "import", ["id"], postgresql_where=working)
    kept = sa.text("cleared_at IS NULL")
    op.create_index("ix_import_uncleared", "import", ["made_at"], postgresql_where=kept)
    op.create_table(
        "import_piece",
        sa.Column("import_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("piece", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "number", name="pk_import_piece"),
        prefixes=["UNLOGGED"],
    )
    op.execute("ALTER TABLE import_piece ALTER COLUMN piece SET STORAGE EXTERNAL")  # read once: not worth compressing
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("verdict", WORD, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("agreed_at", TIME, nullable=True),
        sa.Column("tags", TEXTS, nullable=True),
        sa.Column("cells", TEXTS, nullable=True),
        sa.PrimaryKeyConstraint("import_id", "line", name="pk_import_row"),
        prefixes=["UNLOGGED"],
    )
    known = sa.text("verdict <> 'new'")
    op.create_index("ix_import_row_verdict", "import_row", ["import_id", "verdict", "line"], postgresql_where=known)
    op.add_column("subscriber", sa.Column("import_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Loses which import brought whom."""
    op.drop_index("ix_subscriber_import", "subscriber", if_exists=True)
    op.drop_column("subscriber", "import_id")
    for table in ("import_row", "import_piece", "import"):
        op.drop_table(table)
