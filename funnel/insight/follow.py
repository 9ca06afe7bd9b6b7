"""Follow: the new rows of a table, found by their ids, each once all is well and never not at all.

A number is given out when a row is made and seen when its transaction commits, so a higher one may be there first.
The numbers passed by are kept as gaps and looked at again, until every transaction that ran when they were missed has
ended.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Table, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.db import Base
from funnel.models.tallies import Gap, Reading
from funnel.programme.history import among

# Every transaction holds a lock on its own number from its start to its end, also before it wrote anything.
_RUNNING = text(
    "SELECT virtualxid FROM pg_locks"
    " WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock' AND pid <> pg_backend_pid()"
)


def new(session: Session, name: str, most: int) -> list[int]:
    """Ids of rows of the table `name` that were not there at the last asking: `most` at most, and any that came late.

    For one transaction at a time; told again when it is rolled back. A late one may be told more than once.
    """
    table = Base.metadata.tables[name]
    late = _late(session, table)
    last = session.scalar(select(Reading.last_id).where(Reading.name == name)) or 0
    found = select(table.c.id).where(table.c.id > last).order_by(table.c.id).limit(most)
    ids = list(session.scalars(found))
    if ids:
        _keep_gaps(session, name, _missing(last, ids))
        row = insert(Reading).values(name=name, last_id=ids[-1])
        session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"last_id": ids[-1]}))
    return [*late, *ids]


def _late(session: Session, table: Table) -> list[int]:
    gaps = session.execute(select(Gap.id, Gap.running).where(Gap.name == table.name)).all()
    if not gaps:
        return []
    running = set(session.scalars(_RUNNING))  # before the look: what ended until now is seen by it
    within = table.c.id.between(Gap.first_id, Gap.last_id)
    found = list(session.scalars(select(table.c.id).join(Gap, within).where(Gap.name == table.name)))
    over = [number for number, kept in gaps if running.isdisjoint(kept)]
    if over:
        session.execute(delete(Gap).where(among(Gap.id, over)).execution_options(synchronize_session=False))
    return found


def _keep_gaps(session: Session, name: str, missing: Iterable[tuple[int, int]]) -> None:
    gaps: list[dict[str, Any]] = [{"name": name, "first_id": first, "last_id": last} for first, last in missing]
    if gaps:
        running = list(session.scalars(_RUNNING))  # after the look: what ended before it was seen by it
        session.execute(insert(Gap), [gap | {"running": running} for gap in gaps])


def _missing(last: int, ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    for number in ids:
        if number > last + 1:
            yield last + 1, number - 1
        last = number
