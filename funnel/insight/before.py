"""The period before, to compare with: how many came in it, and how far they had come as long after it began."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.insight.whose import Whose
from funnel.models.tallies import Arrival, Journey

MOST_DAYS = 92
REACHED = {
    "signed-up": Journey.signed_up_at,
    "confirmed": Journey.confirmed_at,
    "clicked": Journey.clicked_at,
    "booking-clicked": Journey.booking_clicked_at,
    "booked": Journey.booked_at,
}


def reached(session: Session, whose: Whose, until: datetime, as_of: datetime) -> dict[str, int] | None:
    """How many of `whose` who came until `until` had reached each stage by `as_of`; None where nobody had come by then.

    There is nothing to compare with in a period before which nobody signed up: it was the beginning, or it came later.
    The mails of a course are not among the stages: when each was sent is not kept so close at hand. Of very many days
    only the sign-ups are told, from the arrivals by whole days: to ask each person would take too long.
    """
    earliest = session.scalar(select(func.min(Arrival.day)))
    if earliest is None or whose.first is None or earliest > whose.first:
        return None
    if (whose.last - whose.first).days > MOST_DAYS:
        return {"signed-up": int(session.scalar(select(func.sum(Arrival.people)).where(whose.arrived)) or 0)}
    counts: list[Any] = [func.count().filter(at <= as_of) for at in REACHED.values()]
    row = session.execute(select(*counts).where(whose.condition, Journey.signed_up_at <= until)).one()
    return dict(zip(REACHED, row, strict=True))
