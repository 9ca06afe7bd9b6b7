"""lines of new people of which something could not be taken are found"""

from sqlalchemy import text

from funnel.migrations import indexes

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

NOTED = text("verdict = 'new' AND reason <> ''")


def upgrade() -> None:
    indexes.build("ix_import_row_noted", "import_row", ["import_id", "line"], postgresql_where=NOTED)


def downgrade() -> None:
    indexes.op.drop_index("ix_import_row_noted", "import_row")
