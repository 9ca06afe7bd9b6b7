"""What a subscriber will get next, and when: the schedule asked ahead of time."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, EnrolmentState, Step
from funnel.programme import course, history, schedule
from funnel.programme.course import Course
from funnel.programme.history import Person
from funnel.programme.place import Place


@dataclass(frozen=True)
class Coming:
    """A step not planned yet, and when it will be if nothing comes between."""

    step: Step
    at: datetime


def outlook(session: Session, subscriber_id: int, now: datetime) -> list[Coming]:
    """The steps still to come for this person, in order of time. What is planned already stands in its Message.

    Empty for someone who may not be mailed, and for a course that is not live: then nobody can tell.
    """
    person = history.people(session, [subscriber_id])[subscriber_id]
    enrolments = session.scalars(
        select(Enrolment).where(Enrolment.subscriber_id == subscriber_id, Enrolment.state == EnrolmentState.ACTIVE)
    ).all()
    courses = course.load(session, {enrolment.sequence_id for enrolment in enrolments})
    places = [Place.of(enrolment) for enrolment in enrolments if courses[enrolment.sequence_id].live]
    return walk(places, person, courses, now) if person.mailable else []


def walk(places: list[Place], person: Person, courses: dict[int, Course], at: datetime) -> list[Coming]:
    """What `schedule.advance` will say, look after look from `at` on, if each mail leaves when it is planned."""
    coming: list[Coming] = []
    if person.waiting:  # it leaves now, as far as anyone can tell
        person = replace(person, waiting=False, last_marketing_at=at)
    while looks := [place for place in places if place.next_at is not None]:
        place = min(looks, key=lambda place: place.next_at or at)
        at = max(at, place.next_at or at)
        places.remove(place)
        after, step = schedule.advance(place, person, courses[place.sequence_id], at)
        places.append(after)
        if step:
            coming.append(Coming(step, at))
            person = replace(person, last_marketing_at=at)
    return coming
