"""The people behind a number of the overview: the very condition that counted it, and who they are.

Each list has the columns of `Row`.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, any_, func, literal, null, select, true
from sqlalchemy.orm import Session

from funnel.insight import cohorts, coming, health, refused, subjects, waits
from funnel.insight.paging import Page, paged
from funnel.insight.whose import Whose
from funnel.models.content import Enrolment, Step
from funnel.models.mail import Message
from funnel.models.people import SignUp, Subscriber, SubscriberState
from funnel.models.responses import Event, EventKind
from funnel.models.tallies import Arrival, Journey, Tally, Way

MAIL = "mail-"  # with the step's number behind it
_MAIL = re.compile(MAIL + "([0-9]{1,18})")
CAME: ColumnElement[bool] = true()  # all who signed up have come to that stage
TALLIED: dict[str, Any] = {  # which ways lead through a stage
    "signed-up": CAME,
    "confirmed": Way.confirmed,
    "clicked": Way.clicked,
    "booking-clicked": Way.booking_clicked,
    "booked": Way.booked,
}
STAGES: dict[str, tuple[str, ColumnElement[bool], Any]] = {
    "signed-up": ("Signed up", true(), Journey.signed_up_at),
    "confirmed": ("Confirmed", Journey.confirmed_at.is_not(None), Journey.confirmed_at),
    "clicked": ("Clicked", Journey.clicked_at.is_not(None), Journey.clicked_at),
    "booking-clicked": ("Clicked a booking link", Journey.booking_clicked_at.is_not(None), Journey.booking_clicked_at),
    "booked": ("Booked", Journey.booked_at.is_not(None), Journey.booked_at),
}
RETURNED = {
    "bounced": (EventKind.BOUNCE, "Mails of the last 30 days that came back"),
    "complained": (EventKind.COMPLAINT, "Mails of the last 30 days that were called spam"),
}


NEWEST = (Journey.day.desc(), Journey.subscriber_id.desc())


@dataclass(frozen=True)
class Row:
    subscriber_id: int | None
    email: str | None  # None: erased, or never kept
    first_name: str
    state: SubscriberState | None
    source: str
    at: datetime
    why: str


@dataclass(frozen=True)
class Behind:
    """A list: `title` says who they are, `moment` what the time beside each of them is."""

    title: str
    moment: str
    query: Select[*tuple[Any, ...]]
    one: str = "person"  # what each row is
    many: str = "people"
    journeys: tuple[ColumnElement[bool], ...] = ()  # whose, where that is enough to find them
    count: Select[*tuple[Any, ...]] | None = None  # how many, where that is counted already

    def page(self, session: Session, page: int) -> Page[Row]:
        total = None if self.count is None else int(session.scalars(self.count).one())
        if not self.journeys:
            return paged(session, self.query, Row, page, total)
        ids = select(Journey.subscriber_id).where(*self.journeys).order_by(*NEWEST)
        return paged(session, self.query, Row, page, total, Journey.subscriber_id, ids)


def stage(session: Session, key: str, whose: Whose) -> Behind | None:
    """The people of a stage of the funnel; None when there is none called so."""
    if key in STAGES:
        title, condition, at = STAGES[key]
        return replace(_behind(title, title, at, whose.condition, condition), count=_counted(whose, TALLIED[key]))
    found = _MAIL.fullmatch(key)
    step = session.get(Step, int(found[1])) if found else None
    if step is None:
        return None
    sent = literal(step.id) == any_(Journey.steps)
    title = f"Were sent “{subjects.shown(step.subject)}”"
    them = _behind(title, "Signed up", Journey.signed_up_at, whose.condition, sent)
    return replace(them, count=_counted(whose, literal(step.id) == any_(Way.steps)))


def cohort(whose: Whose, monday: date, week: int) -> Behind:
    """Who signed up in the week from `monday` on and had booked by the end of `week`."""
    when = "in that week" if week == 0 else f"by the end of week {week} after it"
    theirs = whose.on(monday, monday + cohorts.WEEK - cohorts.DAY)
    return _behind(
        f"Booked {when}",
        "Booked",
        Journey.booked_at,
        theirs.condition,
        Journey.booked_at.is_not(None),
        cohorts.weeks_to_booking() <= week,
    )


def waited(whose: Whose, least: int, under: int | None) -> Behind:
    """Who booked so many whole days after signing up."""
    title = f"Booked {waits.words(least, under)} after signing up"
    return _behind(title, "Booked", Journey.booked_at, whose.condition, waits.booked_after(least, under))


def gets(session: Session, day: date, step_id: int, now: datetime) -> Behind | None:
    """Who gets a mail on a day; None when nobody does."""
    mails = coming.week(session, now).mails
    found = next((mail for mail in mails if (mail.day, mail.step.id) == (day, step_id)), None)
    if found is None:
        return None
    query = _people(Enrolment.next_at).join(Enrolment, Enrolment.subscriber_id == Subscriber.id)
    them = query.where(coming.goes_to(found)).order_by(Enrolment.next_at, Enrolment.id)
    return Behind(f"Get {found.name}", "Next mail", them)


def returned(key: str, now: datetime) -> Behind:
    """The mails that came back or were called spam, as `health.standing` counts them."""
    kind, title = RETURNED[key]
    mails = health.events(kind, now).subquery()
    query = (
        _people(mails.c.at, Event.reason)
        .select_from(mails)
        .join(Event, Event.id == mails.c.event_id)
        .outerjoin(Message, Message.id == mails.c.message_id)
        .outerjoin(Subscriber, Subscriber.id == Message.subscriber_id)
        .order_by(mails.c.at.desc(), mails.c.event_id.desc())
    )
    return Behind(title, "When", query, "mail", "mails")


def turned_away(since: datetime | None, name: str) -> Behind:
    """The sign-ups that were refused since then for a reason called `name`; the whole reason stands with each."""
    email = func.nullif(SignUp.email, "")
    columns = null(), email, SignUp.first_name, null(), SignUp.source, SignUp.created_at, SignUp.reason
    query = select(*columns).where(*refused.are_refused(since), refused.is_called(name))
    newest = query.order_by(SignUp.created_at.desc(), SignUp.id.desc())
    return Behind(f"Refused: {name}", "Signed up", newest, "sign-up", "sign-ups")


def _behind(title: str, moment: str, at: Any, *which: ColumnElement[bool]) -> Behind:
    """The people of the journeys for which `which` holds, the newest first."""
    query = _people(at).join(Journey, Journey.subscriber_id == Subscriber.id).where(*which)
    return Behind(title, moment, query.order_by(*NEWEST), journeys=which)


def _counted(whose: Whose, way: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """How many of them have come a way for which `way` holds: as the funnel counts them."""
    if way is CAME:
        return select(func.coalesce(func.sum(Arrival.people), 0)).where(whose.arrived)
    ways = select(Way.id).where(way)
    return select(func.coalesce(func.sum(Tally.people), 0)).where(whose.tallied, Tally.way_id.in_(ways))


def _people(at: Any, why: Any = None) -> Select[*tuple[Any, ...]]:
    why = literal("") if why is None else why
    name = func.coalesce(Subscriber.first_name, "")
    return select(
        Subscriber.id, Subscriber.email, name, Subscriber.state, func.coalesce(Subscriber.source, ""), at, why
    )
