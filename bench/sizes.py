"""How much room the rows take, with their indexes: what a projection to more people is made from."""

import psycopg

TABLES = ("subscriber", "message", "marketing_stamp", "enrolment", "queue_entry")


def of_mails(database: psycopg.Connection[tuple[object, ...]], people: int) -> dict[str, dict[str, float]]:
    """Bytes a person and table: `rows`, `indexes`."""
    found = {}
    for table in TABLES:
        row = database.execute("SELECT pg_table_size(%(t)s::text::regclass), pg_indexes_size(%(t)s::text::regclass)",
                               {"t": table}).fetchone()  # fmt: skip
        assert row
        found[table] = {"rows": round(float(str(row[0])) / people, 1), "indexes": round(float(str(row[1])) / people, 1)}
    return found
