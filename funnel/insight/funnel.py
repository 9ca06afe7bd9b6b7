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

It is read from the tallies (insight/tallies), which say what the rows say; a test counts both.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from funnel.config import settings
from funnel.insight import subjects
from funnel.models.content import Sequence, SequenceState, Step
from funnel.models.door import FormView
from funnel.models.tallies import Arrival, Tally, Way

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
    key: str = ""  # by which insight/who knows its people; empty where these are visits


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


def funnel(
    session: Session, since: datetime | None, until: datetime, source: str = "", form_id: int | None = None
) -> list[Stage]:
    """The stages in order, of the people who signed up from the day of `since` (None: ever) to that of `until`.

    By whole days of the practice's time zone. Only those who came by `source` or a form when these are given.
    """
    ways = _ways(session, since, until, source, form_id)
    views = _views(session, since, until, source, form_id)
    start = sum(way.people for way in ways)
    # Somebody may sign up by a form that was not seen here (pasted into another site): then there is no rate.
    of_views = start / views if views and views >= start else None
    return [
        Stage("Form views", views, None, None, False),
        Stage("Sign-ups", start, of_views, 1.0 if start else None, views < FEW, "", start < FEW, "signed-up"),
        *(
            _stage(ways, start, key, name, detail, has, previous)
            for key, name, detail, has, previous in _stages(_steps(session, ways))
        ),
    ]


def of_period(
    table: type[Tally] | type[Arrival],
    since: datetime | None,
    until: datetime,
    source: str = "",
    form_id: int | None = None,
) -> ColumnElement[bool]:
    """Which tallies or arrivals are of the people who signed up then."""
    zone = settings().zone
    conditions = [table.day <= until.astimezone(zone).date()]
    if since is not None:
        conditions.append(table.day >= since.astimezone(zone).date())
    if source:
        conditions.append(table.source == source)
    if form_id is not None:
        conditions.append(table.form_id == form_id)
    return and_(*conditions)


def _ways(session: Session, since: datetime | None, until: datetime, source: str, form_id: int | None) -> list[_Way]:
    """Everybody, grouped by how far they have come: as many rows as there are different ways, not people."""
    counted = (
        select(Tally.way_id, func.sum(Tally.people).label("people"))
        .where(of_period(Tally, since, until, source, form_id))
        .group_by(Tally.way_id)
        .subquery()
    )
    way = (Way.confirmed, Way.steps, Way.clicked, Way.booking_clicked, Way.booked)
    rows = session.execute(select(counted.c.people, *way).join(counted, counted.c.way_id == Way.id))
    return [
        _Way(confirmed, frozenset(steps), clicked, booking_clicked, booked, int(people))
        for people, confirmed, steps, clicked, booking_clicked, booked in rows
    ]


def _views(session: Session, since: datetime | None, until: datetime, source: str, form_id: int | None) -> int:
    zone = settings().zone
    views = select(func.coalesce(func.sum(FormView.views), 0)).where(FormView.day <= until.astimezone(zone).date())
    if since is not None:
        views = views.where(FormView.day >= since.astimezone(zone).date())
    if source:
        views = views.where(FormView.source == source)
    if form_id is not None:
        views = views.where(FormView.form_id == form_id)
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


def _stages(courses: list[list[Step]]) -> Iterator[tuple[str, str, str, _Has, _Has]]:
    """Key, name, detail, who is here, and who stands one stage before."""
    yield "confirmed", "Confirmed", "", _confirmed, lambda way: True
    for course in courses:
        before: _Has = _confirmed
        for number, step in enumerate(course, 1):
            name = f"Mail {number}" if len(courses) == 1 else f"{step.sequence.title}: mail {number}"
            has = functools.partial(_was_sent, step.id)
            yield f"mail-{step.id}", name, subjects.shown(step.subject), has, before
            before = has
    yield "clicked", "Clicked", "", lambda way: way.clicked, lambda way: bool(way.steps)
    yield "booking-clicked", "Booking clicks", "", lambda way: way.booking_clicked, lambda way: way.clicked
    yield "booked", "Booked", "", lambda way: way.booked, lambda way: way.booking_clicked


def _confirmed(way: _Way) -> bool:
    return way.confirmed


def _was_sent(step_id: int, way: _Way) -> bool:
    return step_id in way.steps


def _stage(ways: list[_Way], start: int, key: str, name: str, detail: str, has: _Has, previous: _Has) -> Stage:
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
        key=key,
    )
