"""mails of a course and newsletters are translated"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "translation",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("newsletter_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("preheader", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.Column("of_revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(step_id, newsletter_id) = 1", name=op.f("ck_translation_of_one")),
        sa.ForeignKeyConstraint(
            ["newsletter_id"], ["newsletter.id"], name=op.f("fk_translation_newsletter_id_newsletter")
        ),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name=op.f("fk_translation_step_id_step")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_translation")),
        sa.UniqueConstraint("newsletter_id", "language", name=op.f("uq_translation_newsletter_id_language")),
        sa.UniqueConstraint("step_id", "language", name=op.f("uq_translation_step_id_language")),
    )


def downgrade() -> None:
    op.execute("DELETE FROM revision WHERE kind = 'translation'")
    op.execute("DELETE FROM draft WHERE kind = 'translation'")
    op.execute("DELETE FROM file_copy WHERE kind = 'translation'")
    op.drop_table("translation")
