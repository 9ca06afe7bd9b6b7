"""a course is edited"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WORD = sa.String(20)
TIME = sa.DateTime(timezone=True)

# As programme/wording.py types it: a source is a line of its name, detail and address.
WORDING = """
jsonb_build_object('subject', subject, 'preheader', preheader, 'body', body, 'kind', kind, 'sources', (
    SELECT coalesce(string_agg(concat_ws(' | ', source->>'name', source->>'detail', nullif(source->>'url', '')),
        E'\\n' ORDER BY place), '')
    FROM jsonb_array_elements(sources) WITH ORDINALITY AS listed (source, place)))
"""
FIRST_REVISIONS = """
INSERT INTO revision (kind, of_id, number, content, why, at)
SELECT 'step', id, revision, WORDING, 'as it was before revisions were kept', updated_at FROM step
"""
# Until now nothing could be edited but in its file.
FILES_ARE_FOLLOWED = """
INSERT INTO file_copy (kind, of_id, content, followed, at)
SELECT 'step', id, WORDING || jsonb_build_object('day', day::text), true, updated_at FROM step;
INSERT INTO file_copy (kind, of_id, content, followed, at)
SELECT 'course', id, '{}', true, created_at FROM sequence
"""


def upgrade() -> None:
    _add_tables()
    op.add_column("sequence", sa.Column("weekdays", sa.SmallInteger(), server_default="31", nullable=False))
    blackouts = sa.Column("blackouts", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    op.add_column("sequence", blackouts)
    op.execute("UPDATE sequence SET weekdays = 127 WHERE weekends")
    op.create_check_constraint("weekdays", "sequence", "weekdays BETWEEN 1 AND 127")
    op.execute(FIRST_REVISIONS.replace("WORDING", WORDING))
    op.execute(FILES_ARE_FOLLOWED.replace("WORDING", WORDING))


def _add_tables() -> None:
    op.create_table(
        "revision",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("of_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_revision_owner_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
        sa.UniqueConstraint("kind", "of_id", "number", name="uq_revision_kind_of_id_number"),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("of_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("based_on", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("discarded_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name="fk_draft_owner_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_draft"),
    )
    kept = sa.text("discarded_at IS NULL")
    op.create_index("uq_draft_open", "draft", ["kind", "of_id", "owner_id"], unique=True, postgresql_where=kept)
    op.create_table(
        "file_copy",
        sa.Column("kind", WORD, nullable=False),
        sa.Column("of_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("kind", "of_id", name="pk_file_copy"),
    )
    op.create_table(
        "transfer",
        sa.Column("enrolment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence_id", sa.BigInteger(), nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("to_step_id", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enrolment_id", name="pk_transfer"),
    )
    op.create_index("ix_transfer_sequence_id", "transfer", ["sequence_id"])


def downgrade() -> None:
    """Loses the revisions, the drafts, blackout dates, and which single weekdays were chosen."""
    op.execute("UPDATE sequence SET weekends = (weekdays & 96) > 0")
    for name in ("transfer", "file_copy", "draft", "revision"):
        op.drop_table(name)
    op.drop_index("ix_enrolment_finished", table_name="enrolment", if_exists=True)
    op.drop_constraint("ck_sequence_weekdays", "sequence")
    op.drop_column("sequence", "blackouts")
    op.drop_column("sequence", "weekdays")
