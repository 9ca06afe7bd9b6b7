"""a line of what a reader chose is overtaken by the next of its question, and goes a while after that"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("choice", sa.Column("kept_until", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE choice SET kept_until = later.at + CASE WHEN later.at < choice.at + interval '1 day'"
        " THEN interval '90 days' ELSE interval '1096 days' END"
        " FROM (SELECT id, lead(at) OVER (PARTITION BY subscriber_id,"
        " CASE chose WHEN 'go on' THEN 'pause' WHEN 'all' THEN 'monthly' ELSE chose END ORDER BY at, id) AS at"
        " FROM choice WHERE chose <> 'address') later"
        " WHERE later.id = choice.id AND later.at IS NOT NULL"
    )
    op.create_index(
        "ix_choice_kept_until", "choice", ["kept_until"], postgresql_where=sa.text("kept_until IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_choice_kept_until", "choice")
    op.drop_column("choice", "kept_until")
