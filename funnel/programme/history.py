"""What the schedule must know of a person: where they live, whether they may be mailed, and what they have had."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, exists, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from funnel.models.mail import WAITING, Message, MessageKind, MessageState
from funnel.models.people import Subscriber
from funnel.models.responses import Booking, BookingState
from funnel.models.sending import MarketingStamp
from funnel.programme import calendar

HAD = (*WAITING, MessageState.SENT, MessageState.UNKNOWN)


@dataclass(frozen=True)
class Person:
    """A subscriber as the schedule sees them."""

    zone: ZoneInfo
    mailable: bool
    paused_until: datetime | None
    last_marketing_at: datetime | None
    had: frozenset[int | None]  # steps received, perhaps received, or on their way; not skipped, failed or expired
    waiting: bool  # a mail of a course is on its way


def people(session: Session, subscriber_ids: Collection[int]) -> dict[int, Person]:
    """The people by subscriber id, in three statements whatever their number.

    What somebody had who was merged into one of them, that one had.
    """
    had: dict[int, set[int | None]] = defaultdict(set)
    waiting: set[int] = set()
    merged = select(Subscriber.id, Subscriber.merged_into_id).where(among(Subscriber.merged_into_id, subscriber_ids))
    whose = {number: number for number in subscriber_ids}
    whose |= {number: into for number, into in session.execute(merged) if into}
    for subscriber_id, step_id, state in session.execute(
        select(Message.subscriber_id, Message.step_id, Message.state).where(
            among(Message.subscriber_id, list(whose)), Message.kind == MessageKind.STEP, Message.state.in_(HAD)
        )
    ):
        had[whose[subscriber_id or 0]].add(step_id)
        if state in WAITING:
            waiting.add(whose[subscriber_id or 0])
    facts = (
        select(
            Subscriber.id,
            Subscriber.time_zone,
            Subscriber.mailable,
            Subscriber.paused_until,
            MarketingStamp.at.label("last_marketing_at"),
        )
        .outerjoin(MarketingStamp, MarketingStamp.subscriber_id == Subscriber.id)
        .where(among(Subscriber.id, subscriber_ids))
    )
    return {
        row.id: Person(
            zone=calendar.zone(row.time_zone),
            mailable=row.mailable,
            paused_until=row.paused_until,
            last_marketing_at=row.last_marketing_at,
            had=frozenset(had[row.id]),
            waiting=row.id in waiting,
        )
        for row in session.execute(facts)
    }


def has_booked(subscriber_id: Any, since: datetime | None = None) -> ColumnElement[bool]:
    """Whether that person (a column or an id) has a booking, made after `since` when given, that is not cancelled."""
    theirs = select(literal(1)).where(Booking.subscriber_id == subscriber_id, Booking.state != BookingState.CANCELLED)
    return exists(theirs if since is None else theirs.where(Booking.created_at > since))


def among(
    column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None] | ColumnElement[Any], ids: Collection[int]
) -> ColumnElement[bool]:
    """`column` is one of `ids`, as one array instead of a thousand parameters: the same statement for any number."""
    return column == any_(literal(list(ids), ARRAY(BigInteger)))
