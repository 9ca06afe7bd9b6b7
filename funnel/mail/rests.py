"""Rests: what is left alone for now by all workers on all machines, and why. This module owns their table.

A rest is twice as long as the one before it, until it is forgotten: when the cause has visibly gone, or after a while.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, case, delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.models.mail import Queue
from funnel.models.sending import Rest

RELAY, DOMAIN, STREAM = "relay:", "domain:", "stream:"  # what a rest's name begins with
GUARD = "guard"  # nothing is sent at all: see mail/guard
FORGOTTEN_AFTER = timedelta(hours=2)  # longer than any rest that ends by itself within the day

_REST = cast(Table, Rest.__table__)
_RESTING = (
    select(Rest)
    .where(or_(Rest.until.is_(None), Rest.until > bindparam("now", type_=Rest.until.type)))
    .order_by(Rest.since, Rest.name)
    .execution_options(populate_existing=True)  # changed by statements that the session does not hear of
)
_ALL = select(Rest).execution_options(populate_existing=True)

log = logging.getLogger(__name__)


def resting(session: Session, now: datetime) -> list[Rest]:
    """Every rest that holds now, the oldest first."""
    return list(session.scalars(_RESTING, {"now": now}))


def resting_domains(rests: Iterable[Rest]) -> list[str]:
    """Of what rests, the domains: their mail servers take no more for now."""
    return [rest.name.removeprefix(DOMAIN) for rest in rests if rest.name.startswith(DOMAIN)]


def paused(rests: Iterable[Rest], queue: Queue) -> Rest | None:
    """Of what rests, that for which nothing of `queue` is to be claimed now; None when it may be."""
    found = {rest.name: rest for rest in rests}
    return found.get(GUARD) or found.get(STREAM + queue)


def begin(session: Session, name: str, why: str, now: datetime, first: float, longest: float) -> bool:
    """Leaves `name` alone: for `first` seconds, or twice its last rest, up to `longest`. False: it rests already.

    Several connections and workers meet the same trouble at once, and that is one trouble: a rest that runs is not
    made longer.
    """
    seconds = case(
        (_REST.c.until < now - FORGOTTEN_AFTER, literal(first)),
        else_=func.greatest(first, func.least(longest, 2 * _REST.c.seconds)),
    )
    row = {"name": name, "why": why, "seconds": first, "since": now, "until": now + timedelta(seconds=first)}
    again = {"why": why, "seconds": seconds, "since": now, "until": now + seconds * timedelta(seconds=1), "in_a_row": 0}
    begun = session.scalar(
        insert(_REST)
        .values(row)
        .on_conflict_do_update(index_elements=["name"], set_=again, where=_REST.c.until <= now)
        .returning(_REST.c.seconds)
    )
    if begun is not None:
        log.warning("%s rests for %.0f seconds: %s", name, begun, why)
    return begun is not None


def count(session: Session, name: str, in_a_row: int, now: datetime) -> None:
    """Notes refusals that are not yet enough for a rest; 0 once they have ended."""
    row = {"name": name, "why": "", "seconds": 0, "since": now, "until": now, "in_a_row": in_a_row}
    noted = insert(_REST).values(row)
    session.execute(noted.on_conflict_do_update(index_elements=["name"], set_={"in_a_row": in_a_row}))


def known(session: Session, now: datetime) -> dict[str, Rest]:
    """Every row by its name, whether it rests or has rested. Those to be forgotten are."""
    rows = session.scalars(_ALL).all()
    old = [row.name for row in rows if row.until and row.until < now - FORGOTTEN_AFTER]
    if old:
        stale = delete(_REST).where(_REST.c.name.in_(old), _REST.c.until < now - FORGOTTEN_AFTER)
        session.execute(stale)
    return {row.name: row for row in rows if row.name not in old}


def forget(session: Session, name: str, now: datetime) -> None:
    """Forgets a rest that is over, so that the next one is short again."""
    session.execute(delete(_REST).where(_REST.c.name == name, _REST.c.until <= now))


def end(session: Session, name: str) -> bool:
    """Ends a rest before its time, and forgets it. False: there was none."""
    return session.scalar(delete(_REST).where(_REST.c.name == name).returning(_REST.c.name)) is not None
