"""One week of the practice, from Monday to Sunday by its own calendar, and the week before it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from funnel.config import settings
from funnel.insight import messages
from funnel.models.door import FormView
from funnel.models.mail import MARKETING, MessageState
from funnel.models.responses import Booking, BookingState, Event, EventKind
from funnel.models.tallies import MailTally, Tally, Way

LENGTH = timedelta(days=7)


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
    """The week that begins on `monday`. Read it after `tallies.freshen`."""
    return Week(monday, _counts(session, monday), _counts(session, monday - LENGTH))


def midnight(day: date) -> datetime:
    """When `day` begins where the practice is."""
    return datetime(day.year, day.month, day.day, tzinfo=settings().zone)


def _counts(session: Session, monday: date) -> Counts:
    start, end = midnight(monday), midnight(monday + LENGTH)
    end_day = monday + LENGTH
    people = func.coalesce(func.sum(Tally.people), 0)
    signed_up = select(people, func.coalesce(func.sum(Tally.people).filter(Way.confirmed), 0)).join(
        Way, Way.id == Tally.way_id
    )
    sign_ups, confirmed = session.execute(signed_up.where(Tally.day >= monday, Tally.day < end_day)).one()
    views = select(func.coalesce(func.sum(FormView.views), 0)).where(FormView.day >= monday, FormView.day < end_day)
    mails = messages.counted(
        session,
        MailTally.kind.in_(MARKETING),
        MailTally.state == MessageState.SENT,
        MailTally.sent_on >= monday,
        MailTally.sent_on < end_day,
    )
    bookings = select(func.count()).where(
        _within(Booking.created_at, start, end), Booking.state != BookingState.CANCELLED
    )
    happened = _happened(session, start, end)
    return Counts(
        views=session.scalars(views).one(),
        sign_ups=int(sign_ups),
        confirmed=int(confirmed),
        mails=mails,
        clicked=happened.get(EventKind.CLICK, 0),
        left=happened.get(EventKind.UNSUBSCRIBE, 0),
        bounced=happened.get(EventKind.BOUNCE, 0),
        complained=happened.get(EventKind.COMPLAINT, 0),
        bookings=session.scalars(bookings).one(),
    )


def _happened(session: Session, start: datetime, end: datetime) -> dict[EventKind, int]:
    """How many people did each thing; what a machine did, and a mail that is only late, are nobody's doing."""
    when = _within(Event.at, start, end)
    # Said as the index on what people followed says it: the visits of machines are twenty times as many.
    followed = (Event.kind == EventKind.CLICK, Event.machine.is_(False), Event.subscriber_id.is_not(None))
    clicked = select(func.count(Event.subscriber_id.distinct())).where(when, *followed)
    kinds = (EventKind.UNSUBSCRIBE, EventKind.BOUNCE, EventKind.COMPLAINT)
    others = (
        select(Event.kind, func.count(Event.subscriber_id.distinct()))
        .where(Event.kind.in_(kinds), when, Event.machine.is_(False), ~Event.detail.has_key("delayed"))
        .group_by(Event.kind)
    )
    found = {row[0]: row[1] for row in session.execute(others)}
    return found | {EventKind.CLICK: session.scalars(clicked).one()}


def _within(column: InstrumentedAttribute[datetime], start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(column >= start, column < end)
