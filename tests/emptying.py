"""An empty database for the next test.

TRUNCATE makes new files for every table and index, whatever was in them: a third of a second for fifty tables, and most
tests have written to five. So what holds rows is deleted from, unless it has grown large, and the sequences begin anew.
"""

from sqlalchemy import Connection, text

from funnel.db import Base, engine

LARGE_BYTES = 4_000_000  # with what was deleted: then all is made anew
KEPT = {"data_key"}

_NAMES = [table.name for table in Base.metadata.sorted_tables if table.name not in KEPT]
_HOLDING = text(" UNION ALL ".join(f"(SELECT '{name}' WHERE EXISTS (SELECT FROM {name}))" for name in _NAMES))
_LARGE = text(
    "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
    "AND pg_relation_size(oid) > :bytes"
)
_RESTART = text(
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences "
    "WHERE schemaname = 'public' AND last_value IS NOT NULL"
)
# Deleting with the triggers off: lines that are append only are in no test's way, and no order of tables is needed.
_MAY_DELETE = text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")


def empty() -> None:
    with engine().begin() as connection:
        if connection.scalar(_LARGE, {"bytes": LARGE_BYTES}) or not connection.scalar(_MAY_DELETE):
            connection.execute(text(f"TRUNCATE {', '.join(_NAMES)} RESTART IDENTITY CASCADE"))
        else:
            _delete(connection)


def _delete(connection: Connection) -> None:
    if holding := connection.scalars(_HOLDING).all():
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for name in holding:
            connection.execute(text(f"DELETE FROM {name}"))
    connection.execute(_RESTART)
