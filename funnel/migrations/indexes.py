"""Indexes on tables that are large: built while everybody goes on writing, by migrations that do nothing else."""

from collections.abc import Sequence
from typing import Any

from alembic import op
from sqlalchemy import TextClause, text

from funnel import migrations

_INVALID = text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")


def build(name: str, table: str, columns: Sequence[str | TextClause], **how: Any) -> None:
    """Builds an index, in no transaction; one that is there stays.

    Cut short, it leaves one that costs every writing and is never read: the next try drops that first.
    """
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")  # it waits for whoever writes, and nobody waits for it
        if op.get_bind().scalar(_INVALID, {"name": name}):
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
        op.create_index(name, table, list(columns), postgresql_concurrently=True, if_not_exists=True, **how)
        op.execute(f"SET lock_timeout = '{migrations.LOCK_TIMEOUT_S}s'")
