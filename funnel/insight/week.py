"""One week of the practice, from Monday to Sunday by its own calendar, and the week before it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from funnel.config import settings
from funnel.models.mail import MARKETING, Message, MessageState
from funnel.models.people import FormView, Subscriber
from funnel.models.responses import Booking, BookingState, Event, EventKind

LENGTH = timedelta(days=7)
# A mail that left in a week was planned in it or not long before: nothing waits longer. That has an index.
PLANNED_BEFORE = timedelta(days=8)


@dataclass(frozen=True)
class Counts:
    """What happened in a week: people, but for views, mails and bookings. `confirmed`: of its sign-ups, by now."""

    views: int
    sign_ups: int
    confirmed: int
    mails: int
    clicked: int
    left: int
    bounced: int
    complained: int
    bookings: int


@dataclass(frozen=True)
class Week:
    monday: date
    counts: Counts
    before: Counts

    @property
    def sunday(self) -> date:
        return self.monday + LENGTH - timedelta(days=1)


def last_monday(now: datetime) -> date:
    """The Monday of the last week that is over."""
    today = now.astimezone(settings().zone).date()
    return today - timedelta(days=today.weekday()) - LENGTH


def of(session: Session, monday: date) -> Week:
    """The week that begins on `monday`."""
    return Week(monday, _counts(session, monday), _counts(session, monday - LENGTH))


def midnight(day: date) -> datetime:
    """When `day` begins where the practice is."""
    return datetime(day.year, day.month, day.day, tzinfo=settings().zone)


def _counts(session: Session, monday: date) -> Counts:
    start, end = midnight(monday), midnight(monday + LENGTH)
    people = func.count(), func.count(Subscriber.confirmed_at)
    sign_ups, confirmed = session.execute(select(*people).where(_within(Subscriber.created_at, start, end))).one()
    views = select(func.coalesce(func.sum(FormView.views), 0)).where(
        FormView.day >= monday, FormView.day < monday + LENGTH
    )
    mails = select(func.count()).where(
        Message.created_at >= start - PLANNED_BEFORE,
        Message.created_at < end,
        Message.kind.in_(MARKETING),
        Message.state == MessageState.SENT,
        _within(Message.sent_at, start, end),
    )
    bookings = select(func.count()).where(
        _within(Booking.created_at, start, end), Booking.state != BookingState.CANCELLED
    )
    happened = _happened(session, start, end)
    return Counts(
        views=session.scalars(views).one(),
        sign_ups=sign_ups,
        confirmed=confirmed,
        mails=session.scalars(mails).one(),
        clicked=happened.get(EventKind.CLICK, 0),
        left=happened.get(EventKind.UNSUBSCRIBE, 0),
        bounced=happened.get(EventKind.BOUNCE, 0),
        complained=happened.get(EventKind.COMPLAINT, 0),
        bookings=session.scalars(bookings).one(),
    )


def _happened(session: Session, start: datetime, end: datetime) -> dict[EventKind, int]:
    """How many people did each thing; what a machine did, and a mail that is only late, are nobody's doing."""
    kinds = (EventKind.CLICK, EventKind.UNSUBSCRIBE, EventKind.BOUNCE, EventKind.COMPLAINT)
    found = session.execute(
        select(Event.kind, func.count(Event.subscriber_id.distinct()))
        .where(Event.kind.in_(kinds), _within(Event.at, start, end))
        .where(Event.machine.is_(False), ~Event.detail.has_key("delayed"))
        .group_by(Event.kind)
    )
    return {row[0]: row[1] for row in found}


def _within(
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None], start: datetime, end: datetime
) -> ColumnElement[bool]:
    return and_(column >= start, column < end)
