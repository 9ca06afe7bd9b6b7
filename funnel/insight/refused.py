"""The sign-ups that led to nothing, and why: the reader is never told, so the owner must be."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.audience import holdings, settle
from funnel.models.people import SignUp, SignUpState

HOUR = timedelta(hours=1)
MANY = 20  # refused by the network limit within an hour: more than one eager household


@dataclass(frozen=True)
class Reason:
    """`name` is why, without what differs from one sign-up to the next: “suppressed” for every suppression."""

    name: str
    count: int


def sign_ups(session: Session, since: datetime | None) -> list[Reason]:
    """How many sign-ups made since then were refused, by reason, the most frequent first. Rows are kept 30 days."""
    name, count = func.split_part(SignUp.reason, ":", 1), func.count()
    refused = SignUp.state == SignUpState.REFUSED, SignUp.reason != holdings.ERASED
    query = select(name, count).where(*refused).group_by(name).order_by(count.desc(), name)
    if since is not None:
        query = query.where(SignUp.created_at >= since)
    return [Reason(*row) for row in session.execute(query)]


def many_from_a_network(session: Session, now: datetime) -> int:
    """How many sign-ups of the last hour the network limit refused, when they are over MANY; else 0."""
    count = select(func.count()).where(
        SignUp.state == SignUpState.REFUSED, SignUp.reason == settle.NETWORK_LIMIT, SignUp.created_at > now - HOUR
    )
    found = session.scalars(count).one()
    return found if found > MANY else 0
