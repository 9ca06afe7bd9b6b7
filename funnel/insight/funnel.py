"""The funnel: how far the people of a period have come, from the form to the booking.

Each number can be explained:

- *Form views* are visits, not people: how often a form was shown on the days of the period.
- *Sign-ups* are people: addresses that signed up for the first time in the period. Whoever never confirmed is
  forgotten after 30 days (`audience.retention`); an empty row stays, and is still counted.
- Every stage after that asks of these same people whether they have come there by now, whenever that was: confirmed;
  the mail was accepted by the relay; clicked a link in any mail; clicked a booking link in one; have a booking that is
  not cancelled. Machines' clicks do not count. A click is kept for 24 months.

`of_start` is the share of the sign-ups. `of_previous` is the share of the people one stage before who are here too, so
neither passes 100 %: who is sent mail 3 without mail 2, or books by telephone, is counted in `people` and not in that
rate. Before the first click stand all who were sent any mail.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session, joinedload

from funnel.config import settings
from funnel.insight import subjects
from funnel.models.content import Sequence, SequenceState, Step
from funnel.models.mail import Link, LinkKind, Message, MessageState
from funnel.models.people import FormView, Subscriber
from funnel.models.responses import Booking, BookingState, Event, EventKind

FEW = 20  # a rate of fewer people than this says little


@dataclass(frozen=True)
class Stage:
    """One stage. Rates are from 0 to 1; None where there is nothing to compare with."""

    name: str
    people: int
    of_previous: float | None
    of_start: float | None
    faint: bool  # of_previous is a rate of fewer than 20
    detail: str = ""  # the subject of a mail
    faint_of_start: bool = False


@dataclass(frozen=True)
class _Way:
    """How far some people have come, all of them alike."""

    confirmed: bool
    steps: frozenset[int]
    clicked: bool
    booking_clicked: bool
    booked: bool
    people: int


_Has = Callable[[_Way], bool]


def funnel(session: Session, since: datetime | None, now: datetime, source: str = "") -> list[Stage]:
    """The stages in order, of the people who signed up from `since` (None: ever) until `now`, by `source` when given.

    Form views are counted by whole days of the practice's time zone: let `since` be a midnight there.
    """
    ways = [_Way(row[0], frozenset(row[1]), *row[2:]) for row in session.execute(_ways(since, now, source))]
    views = _views(session, since, now, source)
    start = sum(way.people for way in ways)
    # Somebody may sign up by a form that was not seen here (pasted into another site): then there is no rate.
    of_views = start / views if views and views >= start else None
    return [
        Stage("Form views", views, None, None, False),
        Stage("Sign-ups", start, of_views, 1.0 if start else None, views < FEW, faint_of_start=start < FEW),
        *(
            _stage(ways, start, name, detail, has, previous)
            for name, detail, has, previous in _stages(_steps(session, ways))
        ),
    ]


def in_period(since: datetime | None, now: datetime, source: str = "") -> ColumnElement[bool]:
    """Which subscribers are the sign-ups of a period."""
    conditions = [Subscriber.created_at <= now]
    if since is not None:
        conditions.append(Subscriber.created_at >= since)
    if source:
        conditions.append(Subscriber.source == source)
    return and_(*conditions)


def _ways(since: datetime | None, now: datetime, source: str) -> Select[*tuple[Any, ...]]:
    """Everybody, grouped by how far they have come: as many rows as there are different ways, not people."""
    cohort = (
        select(Subscriber.id, Subscriber.confirmed_at.is_not(None).label("confirmed"))
        .where(in_period(since, now, source))
        .cte("cohort")
    )
    sent = (
        select(cohort.c.id, func.array_agg(Message.step_id.distinct()).label("steps"))
        .join(Message, Message.subscriber_id == cohort.c.id)
        .where(Message.state == MessageState.SENT, Message.step_id.is_not(None))
        .group_by(cohort.c.id)
        .subquery("sent")
    )
    clicks = (
        select(cohort.c.id, func.bool_or(Link.kind == LinkKind.BOOKING).label("booking"))
        .join(Event, Event.subscriber_id == cohort.c.id)
        .join(Link, Link.id == Event.link_id)
        .where(Event.kind == EventKind.CLICK, Event.machine.is_(False))
        .group_by(cohort.c.id)
        .subquery("clicks")
    )
    booked = (
        select(cohort.c.id)
        .distinct()
        .join(Booking, Booking.subscriber_id == cohort.c.id)
        .where(Booking.state != BookingState.CANCELLED)
        .subquery("booked")
    )
    way = (
        cohort.c.confirmed,
        func.coalesce(sent.c.steps, cast(array([]), ARRAY(BigInteger))).label("steps"),
        clicks.c.id.is_not(None).label("clicked"),
        func.coalesce(clicks.c.booking, False).label("booking_clicked"),
        booked.c.id.is_not(None).label("booked"),
    )
    return (
        select(*way, func.count())
        .select_from(cohort)
        .outerjoin(sent, sent.c.id == cohort.c.id)
        .outerjoin(clicks, clicks.c.id == cohort.c.id)
        .outerjoin(booked, booked.c.id == cohort.c.id)
        .group_by(*(column.name for column in way))
    )


def _views(session: Session, since: datetime | None, now: datetime, source: str) -> int:
    zone = settings().zone
    views = select(func.coalesce(func.sum(FormView.views), 0)).where(FormView.day <= now.astimezone(zone).date())
    if since is not None:
        views = views.where(FormView.day >= since.astimezone(zone).date())
    if source:
        views = views.where(FormView.source == source)
    return int(session.scalars(views).one())


def _steps(session: Session, ways: list[_Way]) -> list[list[Step]]:
    """The mails of each course in their order: those in use, and those any of these people were sent."""
    sent = frozenset[int]().union(*(way.steps for way in ways))
    in_use = and_(Step.state == SequenceState.LIVE, Sequence.state == SequenceState.LIVE)
    steps = session.scalars(
        select(Step)
        .join(Sequence, Sequence.id == Step.sequence_id)
        .where(or_(in_use, Step.id.in_(sent)))
        .order_by(Step.sequence_id, Step.day, Step.id)
        .options(joinedload(Step.sequence))
    )
    return [list(course) for _, course in itertools.groupby(steps, lambda step: step.sequence_id)]


def _stages(courses: list[list[Step]]) -> Iterator[tuple[str, str, _Has, _Has]]:
    """Name, detail, who is here, and who stands one stage before."""
    yield "Confirmed", "", _confirmed, lambda way: True
    for course in courses:
        before: _Has = _confirmed
        for number, step in enumerate(course, 1):
            name = f"Mail {number}" if len(courses) == 1 else f"{step.sequence.title}: mail {number}"
            has = functools.partial(_was_sent, step.id)
            yield name, subjects.shown(step.subject), has, before
            before = has
    yield "Clicked", "", lambda way: way.clicked, lambda way: bool(way.steps)
    yield "Booking clicks", "", lambda way: way.booking_clicked, lambda way: way.clicked
    yield "Booked", "", lambda way: way.booked, lambda way: way.booking_clicked


def _confirmed(way: _Way) -> bool:
    return way.confirmed


def _was_sent(step_id: int, way: _Way) -> bool:
    return step_id in way.steps


def _stage(ways: list[_Way], start: int, name: str, detail: str, has: _Has, previous: _Has) -> Stage:
    people = sum(way.people for way in ways if has(way))
    base = sum(way.people for way in ways if previous(way))
    both = sum(way.people for way in ways if has(way) and previous(way))
    return Stage(
        name,
        people,
        of_previous=both / base if base else None,
        of_start=people / start if start else None,
        faint=base < FEW,
        detail=detail,
        faint_of_start=start < FEW,
    )
