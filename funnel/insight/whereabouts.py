"""Where a mail is: its state, and whether it is being sent right now, which no state says (models/sending.py)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, select, true, type_coerce, union_all
from sqlalchemy.orm import Session

from funnel.db import words
from funnel.models.mail import WAITING, Message, MessageState
from funnel.models.sending import NEVER, Claim, QueueEntry
from funnel.programme import calendar, newsletters


class Where(StrEnum):
    """The states of a mail as the owner reads them."""

    QUEUED = MessageState.QUEUED.value
    SENDING = "sending"
    DEFERRED = MessageState.DEFERRED.value
    SENT = MessageState.SENT.value
    FAILED = MessageState.FAILED.value
    UNKNOWN = MessageState.UNKNOWN.value
    SKIPPED = MessageState.SKIPPED.value
    EXPIRED = MessageState.EXPIRED.value


IN_QUEUE = (Where.QUEUED, Where.DEFERRED)
IN_TROUBLE = (Where.FAILED, Where.UNKNOWN)

# Both are for a query over Message with QueueEntry in an outer join. Whoever sends a mail has taken its entry out.
ENTERED = QueueEntry.message_id == Message.id
FOUND: ColumnElement[Any] = type_coerce(
    case(
        (and_(Message.state.in_(WAITING), QueueEntry.message_id.is_(None)), literal(Where.SENDING.value, String)),
        else_=cast(Message.state, String),
    ),
    words(Where),
)


@dataclass(frozen=True)
class Line:
    """Mails that are in one state for one reason."""

    state: Where
    reason: str
    count: int
    oldest: datetime  # when the first of them was due, or else taken for sending, or ended


def is_at(where: Where) -> ColumnElement[bool]:
    """Which messages are there; the few in trouble or on their way are found without reading all the others."""
    if where == Where.SENDING:
        return Message.id.in_(select(func.unnest(Claim.ids)))
    state = Message.state == MessageState(where)
    if where in IN_QUEUE:
        return and_(state, QueueEntry.message_id.is_not(None))
    return and_(state, Message.troubled_at.is_not(None)) if where in IN_TROUBLE else state


def waiting(session: Session) -> list[Line]:
    """What waits, counted in the queue: only of mails that were tried before must it be asked how that ended."""
    # What is held until it is told has no time of its own; it was due when it was planned.
    due = case(
        (QueueEntry.due_at >= NEVER, QueueEntry.expires_at - calendar.days(newsletters.LASTS_DAYS)),
        else_=QueueEntry.due_at,
    )
    summed = (QueueEntry.reason, func.count(), func.min(due))
    tried = select(Message.state).where(ENTERED).correlate(QueueEntry).limit(1).lateral("tried")
    fresh = select(literal(Where.QUEUED.value, String), *summed).where(QueueEntry.attempts == 0)
    again = select(cast(tried.c.state, String), *summed).join(tried, true()).where(QueueEntry.attempts > 0)
    groups = union_all(fresh.group_by(QueueEntry.reason), again.group_by(tried.c.state, QueueEntry.reason)).subquery()
    where, reason, count, oldest = groups.c
    found = select(where, reason, func.sum(count), func.min(oldest)).group_by(where, reason)
    return [Line(Where(row[0]), row[1], int(row[2]), row[3]) for row in session.execute(found)]


def sending(session: Session) -> tuple[int, datetime | None]:
    """How many mails are in the hands of workers, and since when the first of them."""
    count, since = session.execute(select(func.sum(func.cardinality(Claim.ids)), func.min(Claim.made_at))).one()
    return int(count or 0), since
