"""What the forms turned away before anything was kept, by its number, and what their limits hold back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.models.door import DoorDay, Stop
from funnel.models.mail import MessageKind, Queue
from funnel.models.sending import QueueEntry

DAYS = 7
HOUR = timedelta(hours=1)
MOST = 10_000  # waiting confirmations that are counted one by one


@dataclass(frozen=True)
class Rush:
    """More want in than the limits let out: confirmations that `waiting` wait, the last of them until `until`."""

    waiting: int
    until: datetime | None
    stopped: bool  # some were asked for one step more within the hour


def stopped(session: Session, now: datetime) -> dict[Stop, int]:
    """How often each thing stopped somebody at a form in the last DAYS days, today among them."""
    since = now.astimezone(settings().zone).date() - timedelta(days=DAYS - 1)
    found = select(DoorDay.what, func.sum(DoorDay.times)).where(DoorDay.day >= since).group_by(DoorDay.what)
    return {what: int(times) for what, times in session.execute(found)}


def rush(session: Session, now: datetime) -> Rush | None:
    """Whether the limits hold something back just now, or did a moment ago; None when they do not."""
    later = select(QueueEntry.due_at).where(
        QueueEntry.queue == Queue.URGENT,
        QueueEntry.due_at > now,
        QueueEntry.kind == MessageKind.CONFIRMATION,
        QueueEntry.attempts == 0,  # not put off by a server
    )
    some = later.order_by(QueueEntry.due_at).limit(MOST).subquery()
    count, until = session.execute(select(func.count(), func.max(some.c.due_at))).one()
    lately = select(DoorDay.form_id).where(DoorDay.what == Stop.RUSH, DoorDay.last_at > now - HOUR).limit(1)
    stopped_some = session.scalar(lately) is not None
    return Rush(count, until, stopped_some) if count or stopped_some else None
