"""Lineage: which database this is, and whether mails were last let go from this very one.

A backup put back with PostgreSQL's own tools makes its tables anew, under other numbers; a copy lies in another
database or cluster; a recovery to an earlier moment and a replica that was promoted begin another timeline. Only a
snapshot of the disk looks the same: that shows by its transaction numbers, which the mark (mark.py) remembers.
"""

import functools
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import NotSupportedError, ProgrammingError
from sqlalchemy.orm import Session

from funnel.models.sending import Lineage

# What tells databases apart. Where an account may not read the first or the last, the others must do.
UNREAD = "-"
FACTS = (
    "(SELECT system_identifier FROM pg_control_system())",
    "(SELECT oid FROM pg_database WHERE datname = current_database())",
    "CAST(to_regclass('lineage') AS oid)",
    "left(pg_walfile_name(pg_current_wal_lsn()), 8)",
)
# More numbers than a database may have given to rows between a backup and the loss of what came after it.
SKIPPED = 100_000_000

_LOOK = """
SELECT concat_ws('/', {facts}) AS identity, lineage.identity AS accepted, lineage.accepted_at,
    CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest_open,
    CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS next_transaction,
    coalesce(pg_sequence_last_value(to_regclass('claim_id_seq')), 0) AS last_claim,
    rest.since AS halted_at
FROM (VALUES (1)) AS one LEFT JOIN lineage ON true LEFT JOIN rest ON rest.name = 'guard'
"""
_SKIP = """
SELECT setval(CAST(oid AS regclass), coalesce(pg_sequence_last_value(oid), 0) + :skipped) FROM pg_class
WHERE relkind = 'S' AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('lineage'))
"""


@dataclass(frozen=True)
class Here:
    """The database as it is now."""

    identity: str
    accepted: str | None  # the identity under which mails were last let go
    accepted_at: datetime | None
    oldest_open: int  # every transaction with a lower number has ended,
    next_transaction: int  # and none has this one or a higher
    last_claim: int
    halted_at: datetime | None

    @property
    def is_accepted(self) -> bool:
        """Whether this is the very database that mails were last let go from."""
        facts = zip(self.identity.split("/"), (self.accepted or "").split("/"), strict=False)
        return all(one == other or UNREAD in (one, other) for one, other in facts)


def look(session: Session) -> Here:
    """One short statement."""
    found = session.connection().exec_driver_sql(_look(session)).one()
    return Here(*found)


def accept(session: Session, now: datetime) -> datetime:
    """Lets mails go from this database as it is; returns since when that holds, later than ever before."""
    here = look(session)
    # By whatever clock each was told: it must not seem older to a machine that remembers the last time, or the halt.
    later = (known + timedelta(microseconds=1) for known in (here.accepted_at, here.halted_at) if known)
    at = max([now, *later])
    row = {"identity": here.identity, "accepted_at": at}
    accepted = insert(Lineage).values(id=1, **row)
    session.execute(accepted.on_conflict_do_update(index_elements=["id"], set_=row))
    return at


def begin(session: Session, now: datetime) -> Here:
    """Accepts a database that is new, from which nothing was sent."""
    here = look(session)
    if here.accepted is None:
        born = insert(Lineage).values(id=1, identity=here.identity, accepted_at=now)
        session.execute(born.on_conflict_do_nothing(index_elements=["id"]))
        here = look(session)
    return here


def skip_numbers(session: Session) -> None:
    """Leaves out the numbers that were given to rows which are lost: links mailed with them would open somebody else's.

    Journals and marks know claims by such numbers too.
    """
    session.execute(text(_SKIP), {"skipped": SKIPPED})


def _look(session: Session) -> str:
    return _statement(tuple(fact if _is_readable(session, fact) else f"'{UNREAD}'" for fact in FACTS))


@functools.cache
def _statement(facts: tuple[str, ...]) -> str:
    return _LOOK.format(facts=", ".join(facts))


_readable: dict[str, bool] = {}  # of this process; it has one database, and its rights seldom change


def _is_readable(session: Session, fact: str) -> bool:
    if fact not in _readable:
        try:
            with session.begin_nested():
                session.execute(text(f"SELECT {fact}"))
            _readable[fact] = True
        except (ProgrammingError, NotSupportedError):  # no right to it, or no such thing; what passes is raised
            _readable[fact] = False
    return _readable[fact]
