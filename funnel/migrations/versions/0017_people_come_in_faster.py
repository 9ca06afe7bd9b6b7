"""people come in faster

Contracts: the bond of a consent line to its person is no foreign key any more, which nothing reads, but a trigger.
The search of the version before finds the same, without its index: let it run beside this for minutes at the most.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from funnel.migrations import indexes

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# The same words as before: of most people without PostgreSQL's translate, which compares each sign with thirty-two.
BOTH = "lower((coalesce(email, '') || ' ') || first_name)"
SELDOM = """[]!#$%&''*/=?^`{|}~"(),:;<>[\\\\]"""
FEW = f"regexp_replace({BOTH}, '{SELDOM}', ' ', 'g')"
WORDS = (
    f"replace(replace(replace(replace(replace({FEW}, '@', ' '), '.', ' '), '+', ' '), '-', ' '), '_', ' ')::tsvector"
)
EVERY = f"""translate({BOTH}, '@.+-_!#$%&''*/=?^`{{|}}~"(),:;<>[]\\', '{" " * 32}')"""
WORDS_BEFORE = f"array_to_tsvector(array_remove(string_to_array({EVERY}, ' '), ''))"

# A foreign key looks up and locks the person of each line: a third of what a line of consent cost. Subscribers are
# never deleted (0002) and lines never changed (0001), so that to look once, at all lines of a statement, is the same.
IS_SOMEBODYS = """
CREATE FUNCTION consent_is_somebodys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM line WHERE NOT EXISTS (SELECT FROM subscriber WHERE subscriber.id = line.subscriber_id)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a line of consent names nobody';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER consent_is_somebodys AFTER INSERT ON consent REFERENCING NEW TABLE AS line
    FOR EACH STATEMENT EXECUTE FUNCTION consent_is_somebodys();
"""


# Who comes in by a file came by no form and signed nothing.
AFTER = {
    "ix_subscriber_words": ("subscriber", [sa.text(f"({WORDS})")], {"postgresql_using": "gin"}),
    "ix_subscriber_form": ("subscriber", ["form_id", "id"], {"postgresql_where": sa.text("form_id IS NOT NULL")}),
    "ix_consent_sign_up_id": ("consent", ["sign_up_id"], {"postgresql_where": sa.text("sign_up_id IS NOT NULL")}),
}
BEFORE = {
    "ix_subscriber_words": ("subscriber", [sa.text(WORDS_BEFORE)], {"postgresql_using": "gin"}),
    "ix_subscriber_form": ("subscriber", ["form_id", "id"], {}),
    "ix_consent_sign_up_id": ("consent", ["sign_up_id"], {}),
}


def upgrade() -> None:
    _replace_indexes(AFTER)
    op.execute(IS_SOMEBODYS)
    op.drop_constraint("fk_consent_subscriber_id", "consent")


def downgrade() -> None:
    _replace_indexes(BEFORE)
    op.execute("DROP TRIGGER consent_is_somebodys ON consent; DROP FUNCTION consent_is_somebodys()")
    op.create_foreign_key("fk_consent_subscriber_id", "consent", "subscriber", ["subscriber_id"], ["id"])


def _replace_indexes(after: dict[str, tuple[str, list[Any], dict[str, Any]]]) -> None:
    """Each stands beside the one it follows until all are built; then, in one transaction, they change places."""
    for name, (table, columns, how) in after.items():
        indexes.build(f"{name}_next", table, columns, **how)
    for name, (table, *_) in after.items():
        op.drop_index(name, table)
        op.execute(f"ALTER INDEX {name}_next RENAME TO {name}")
