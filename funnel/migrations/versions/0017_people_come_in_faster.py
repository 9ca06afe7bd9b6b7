"""people come in faster

Contracts: the bond of a consent line to its person is no foreign key any more, which nothing reads, but a trigger.
The search of the version before finds the same, without its index: let it stand for minutes at the most.
"""

from alembic import op

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


def upgrade() -> None:
    _index("subscriber", "ix_subscriber_words", f"USING gin (({WORDS}))")
    # Who comes in by a file came by no form and signed nothing.
    _index("subscriber", "ix_subscriber_form", "(form_id, id) WHERE form_id IS NOT NULL")
    _index("consent", "ix_consent_sign_up_id", "(sign_up_id) WHERE sign_up_id IS NOT NULL")
    op.execute(IS_SOMEBODYS)
    op.drop_constraint("fk_consent_subscriber_id", "consent")


def downgrade() -> None:
    op.execute("DROP TRIGGER consent_is_somebodys ON consent; DROP FUNCTION consent_is_somebodys()")
    op.create_foreign_key("fk_consent_subscriber_id", "consent", "subscriber", ["subscriber_id"], ["id"])
    _index("consent", "ix_consent_sign_up_id", "(sign_up_id)")
    _index("subscriber", "ix_subscriber_form", "(form_id, id)")
    _index("subscriber", "ix_subscriber_words", f"USING gin ({WORDS_BEFORE})")


def _index(table: str, name: str, what: str) -> None:
    made = f"CREATE INDEX {name} ON {table} {what}"
    op.get_bind().exec_driver_sql(f"DROP INDEX {name}")
    op.get_bind().exec_driver_sql(made.replace("%", "%%"))  # past SQLAlchemy, to which colons mean something
