"""Presumed: what courses would have sent in a time that the database forgot, since it was set back.

Looked at by the same function as every day (schedule.py), each look at its own moment. So nobody gets a tip twice: it
is planned as what it may be, a mail that has left.
"""

from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.mail import Queue
from funnel.programme import calendar, course, history, plan, schedule, tick
from funnel.programme.course import Course
from funnel.programme.history import Person
from funnel.programme.place import COLUMNS, Place


def presume(session: Session, until: datetime, limit: int = tick.LIMIT) -> int:
    """Plans the mails of up to `limit` people's courses that would have left by `until`, each due when it would have.

    Returns how many enrolments moved on; 0 once none is behind.
    """
    places = _behind(session, until, limit)
    people = history.people(session, {place.subscriber_id for place in places})
    courses = course.load(session, {place.sequence_id for place in places})
    moved: list[Place] = []
    mails: list[dict[str, Any]] = []
    for subscriber_id, theirs in groupby(places, key=lambda place: place.subscriber_id):
        _walk(list(theirs), people[subscriber_id], courses, until, moved, mails)
    if places:
        plan.plan_all(session, mails)
        tick.save(session, moved, until)
    return len(moved)


def _behind(session: Session, until: datetime, limit: int) -> list[Place]:
    """Whole people: a tip of one of their courses holds up the other's."""
    behind = select(Enrolment.subscriber_id).where(Enrolment.state == EnrolmentState.ACTIVE, Enrolment.next_at <= until)
    whose = behind.group_by(Enrolment.subscriber_id).order_by(Enrolment.subscriber_id).limit(limit)
    rows = session.execute(
        select(*(getattr(Enrolment, name) for name in COLUMNS))
        .where(Enrolment.subscriber_id.in_(whose))
        .where(Enrolment.state == EnrolmentState.ACTIVE, Enrolment.next_at <= until)
        .order_by(Enrolment.subscriber_id, Enrolment.id)
        .with_for_update()
    )
    return [Place(*row) for row in rows]


def _walk(
    places: list[Place],
    person: Person,
    courses: dict[int, Course],
    until: datetime,
    moved: list[Place],
    mails: list[dict[str, Any]],
) -> None:
    """Adds where the places of one person stand by `until` to `moved`, and the mails on that way to `mails`."""
    person = replace(person, waiting=False)  # what waited has left by then
    while behind := [place for place in places if place.next_at is not None and place.next_at <= until]:
        place = min(behind, key=lambda place: place.next_at or until)
        at = place.next_at or until
        after, step = schedule.advance(place, person, courses[place.sequence_id], at)
        places[places.index(place)] = after
        if step:
            lasts = calendar.days(tick.TIP_LASTS_DAYS)
            mails.append(course.mail(step, place, queue=Queue.BULK, lasts=lasts, now=at))
            person = replace(person, last_marketing_at=at, had=person.had | {step.id})
    moved += places
