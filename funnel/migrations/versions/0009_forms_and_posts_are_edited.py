"""forms and posts are edited"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WORD = sa.String(20)
# Until now nothing could be edited but in its file; what that says is heard at the next start.
FILES_ARE_FOLLOWED = """
INSERT INTO file_copy (kind, of_id, content, followed, at)
SELECT 'post', id, '{}', true, updated_at FROM post;
INSERT INTO file_copy (kind, of_id, content, followed, at)
SELECT 'form', id, '{}', true, created_at FROM form
"""


def upgrade() -> None:
    op.add_column("post", sa.Column("state", WORD, server_default="published", nullable=False))
    op.add_column("post", sa.Column("counted_as", sa.Text(), nullable=True))
    published = sa.text("state = 'published'")
    op.create_index("ix_post_published", "post", ["published_at", "id"], postgresql_where=published)
    op.add_column("form", sa.Column("state", WORD, server_default="open", nullable=False))
    op.create_table(
        "old_slug",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name="fk_old_slug_post_id"),
        sa.PrimaryKeyConstraint("slug", name="pk_old_slug"),
    )
    op.create_index("ix_old_slug_post_id", "old_slug", ["post_id"])
    op.execute(FILES_ARE_FOLLOWED)


def downgrade() -> None:
    """Loses which posts and forms are not for readers, and the addresses that posts had before."""
    for name in ("file_copy", "revision", "draft"):
        op.execute(f"DELETE FROM {name} WHERE kind IN ('post', 'form')")  # noqa: S608 (names of ours)
    op.drop_table("old_slug")
    op.drop_column("form", "state")
    op.drop_index("ix_post_published", table_name="post")
    op.drop_column("post", "counted_as")
    op.drop_column("post", "state")
