"""The mails of the next seven days: how many people get which mail on which day, by the schedule itself.

People who stand alike (the same next mail on the same day) are walked together: the database groups them, and
`schedule.advance` moves one for all. So a second mail within the week is counted too, and a million people cost no more
than a thousand. What cannot be known is left out: who will leave, book, or sign up meanwhile, and the 20 hours after a
newsletter. Days are the practice's; each mail comes in the window of the person's own time zone.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, and_, bindparam, case, cast, func, or_, select, true
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.insight import subjects
from funnel.models.content import Enrolment, EnrolmentState, Newsletter, NewsletterState, Sequence, SequenceState, Step
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import calendar, course, forgotten, outgoing, schedule, send_times
from funnel.programme.course import Course
from funnel.programme.history import Person
from funnel.programme.place import Place

DAYS = 7
DAY = timedelta(days=1)
MOST = 10_000  # people looked at; where more are due, the days after them are left out, or the rest of the day


@dataclass(frozen=True)
class Group:
    """People of one time zone whose next mail is the same, due on the same day between `first` and `last`."""

    sequence_id: int
    step_id: int
    time_zone: str
    people: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Coming:
    """One mail on one day. `origins`: the people it goes to, as they stand now."""

    day: date
    step: Step
    name: str
    first: datetime
    last: datetime
    origins: tuple[Group, ...]

    @property
    def people(self) -> int:
        return sum(group.people for group in self.origins)

    @property
    def subject(self) -> str:
        return subjects.shown(self.step.subject)


@dataclass(frozen=True)
class Week:
    """`until`: the days before it are counted whole. `cut`: it is less than a week, since too many are due."""

    mails: list[Coming]
    issues: list[Newsletter]  # scheduled to be sent
    asking: list[Newsletter]  # that leave only when their owner says so
    until: datetime
    cut: bool


def week(session: Session, now: datetime) -> Week:
    """What leaves within seven days, today being the first, in order of time."""
    until, cut = _horizon(session, now)
    scheduled = and_(Newsletter.state == NewsletterState.SCHEDULED, Newsletter.send_at < until)
    doubted = and_(Newsletter.state == NewsletterState.PAUSED, Newsletter.doubted_at.is_not(None), outgoing.is_issue())
    found = session.scalars(select(Newsletter).where(or_(scheduled, doubted)).order_by(Newsletter.send_at)).all()
    asking = [issue for issue in found if forgotten.asks(issue) or send_times.lateness(issue, now)]
    issues = [issue for issue in found if issue not in asking]
    return Week(_mails(session, until, now), issues, asking, until, cut)


def goes_to(mail: Coming) -> ColumnElement[bool]:
    """Which enrolments `mail` goes to, joined with their subscribers."""
    return or_(*(_stands(group) for group in mail.origins))


def _horizon(session: Session, now: datetime) -> tuple[datetime, bool]:
    until = _midnight(_day(now) + timedelta(days=DAYS))
    over = select(Enrolment.next_at).where(_due_before(until)).order_by(Enrolment.next_at).offset(MOST).limit(1)
    first_over = session.scalar(over)
    if first_over is None:
        return until, False
    whole = _midnight(_day(first_over))
    return (whole if whole > now else first_over), True


def _mails(session: Session, until: datetime, now: datetime) -> list[Coming]:
    groups = _groups(session, until, now)
    courses = course.load(session, {group.sequence_id for group in groups})
    found: dict[tuple[date, int], Coming] = {}
    for group in groups:
        for step, at in _walk(group, courses[group.sequence_id], max(until, _midnight(_day(now) + DAY)), now):
            first, last = _between(group, courses[group.sequence_id].sequence, at, now)
            mail = Coming(_day(first), step, _name(courses, step), first, last, (group,))
            known = found.get((mail.day, step.id))
            found[mail.day, step.id] = _together(known, mail) if known else mail
    return sorted(found.values(), key=lambda mail: (mail.day, mail.first, mail.step.day, mail.step.id))


def _together(one: Coming, other: Coming) -> Coming:
    first, last = min(one.first, other.first), max(one.last, other.last)
    return replace(one, first=first, last=last, origins=one.origins + other.origins)


def _between(group: Group, sequence: Sequence, at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """When the mails leave of which the first leaves at `at`: each person has a minute of their own, every day."""
    if at <= now or settings().rehearsal:
        return at, max(at, at + (group.last - max(group.first, now)))
    zone = calendar.zone(group.time_zone)
    days = _day(at, zone) - _day(group.first, zone)
    first, last = (moment.astimezone(zone) + days for moment in (group.first, group.last))  # on the wall clock
    if calendar.is_open(sequence, zone, first) and calendar.is_open(sequence, zone, last):
        return first, last
    opens = datetime.combine(_day(at, zone), time(), zone)  # the window was moved since these times were set
    return opens + timedelta(minutes=sequence.window_start), opens + timedelta(minutes=sequence.window_end)


def _groups(session: Session, until: datetime, now: datetime) -> list[Group]:
    columns = Enrolment.subscriber_id, Enrolment.sequence_id, Enrolment.step_id, Enrolment.next_at
    due = (
        select(*columns)
        .where(_due_before(until), Enrolment.step_id.is_not(None))
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    # Looked up one by one: PostgreSQL would rather read all subscribers.
    found = select(Subscriber.time_zone, Subscriber.state).where(Subscriber.id == due.c.subscriber_id).limit(1)
    person = found.lateral("person")
    day = cast(func.timezone(settings().zone.key, due.c.next_at), Date)
    overdue = due.c.next_at <= now  # they may go now, or in the next window: the schedule says
    alike = due.c.sequence_id, due.c.step_id, person.c.time_zone
    rows: Any = session.execute(
        select(*alike, func.count(), func.min(due.c.next_at), func.max(due.c.next_at))
        .join(person, true())
        .where(person.c.state == SubscriberState.ACTIVE)
        .group_by(*alike, overdue, case((~overdue, day)))
    )
    return [Group(*row) for row in rows]


def _walk(group: Group, found: Course, until: datetime, now: datetime) -> Iterator[tuple[Step, datetime]]:
    """The mails these people get before `until`, and when the first of them does."""
    if found.sequence.state is not SequenceState.LIVE:
        return
    before = itertools.takewhile(lambda step: step.id != group.step_id, found.steps)
    person = Person(
        calendar.zone(group.time_zone), True, None, None, frozenset(step.id for step in before), waiting=False
    )
    place: Place = Place(0, 0, group.sequence_id, 1, group.step_id, group.first, group.first)
    at = max(group.first, now)
    while place.next_at is not None and at < until:
        place, step = schedule.advance(place, person, found, at)
        if step:
            yield step, at
        if place.next_at:
            at = max(at, place.next_at)


def _name(courses: dict[int, Course], step: Step) -> str:
    """As the funnel calls it."""
    live = [one for one in courses[step.sequence_id].steps if one.state is SequenceState.LIVE]
    number = live.index(step) + 1
    return f"mail {number}" if len(courses) == 1 else f"{step.sequence.title}: mail {number}"


def _due_before(until: datetime) -> ColumnElement[bool]:
    # Written out, so that even a generic plan may use the partial index ix_enrolment_due.
    active = Enrolment.state == bindparam("active", EnrolmentState.ACTIVE, literal_execute=True)
    return and_(active, Enrolment.next_at < until)


def _stands(group: Group) -> ColumnElement[bool]:
    return and_(
        Enrolment.state == EnrolmentState.ACTIVE,
        Enrolment.step_id == group.step_id,
        Subscriber.time_zone == group.time_zone,
        Subscriber.state == SubscriberState.ACTIVE,
        Enrolment.next_at.between(group.first, group.last),
    )


def _day(at: datetime, zone: ZoneInfo | None = None) -> date:
    return at.astimezone(zone or settings().zone).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), settings().zone)
