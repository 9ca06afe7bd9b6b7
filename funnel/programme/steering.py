"""Steering: the owner's hand on one person's course. Moved on, sent at once, taken up again where it was stopped."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, EnrolmentState, Sequence, SequenceState, Step, StopReason
from funnel.models.mail import Message, Queue
from funnel.models.people import Subscriber
from funnel.programme import calendar, course, enrolment, history, plan, schedule, waiting
from funnel.programme.course import Course
from funnel.programme.history import Person, has_booked
from funnel.programme.place import Place
from funnel.programme.tick import TIP_LASTS_DAYS


class CannotError(ValueError):
    """It cannot be done, or not now. Says why in the owner's words."""


@dataclass(frozen=True)
class Way:
    """Somebody's running course: where they stand, and which of its mails they can still get."""

    enrolment: Enrolment
    course: Course
    person: Person
    next_step: Step | None
    left: list[Step]

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the 20 hours after their latest tip or newsletter are over; None: they are."""
        last = self.person.last_marketing_at
        return last + calendar.quiet() if last and last + calendar.quiet() > now else None

    def hindrance(self, now: datetime) -> str:
        """Why no mail of it can be sent at once; '' when one can."""
        if not self.course.live:
            return "The course is not live."
        if not self.person.mailable:
            return "They are not to be mailed."
        if self.person.paused_until and self.person.paused_until > now:
            return "They are paused. End the pause first, if they wish so."
        if self.person.waiting:
            return "A mail of the course is on its way to them already."
        return "" if self.next_step else "No mail is left for them."


def ways(session: Session, subscriber_id: int) -> list[Way]:
    """Their running courses, the oldest first."""
    running = Enrolment.subscriber_id == subscriber_id, Enrolment.state == EnrolmentState.ACTIVE
    found = session.scalars(select(Enrolment).where(*running).order_by(Enrolment.id)).all()
    person = history.people(session, [subscriber_id])[subscriber_id]
    courses = course.load(session, {one.sequence_id for one in found})
    return [_way(one, courses[one.sequence_id], person) for one in found]


def courses(session: Session, subscriber_id: int) -> list[Sequence]:
    """The live courses they are not on."""
    on = select(Enrolment.sequence_id).where(
        Enrolment.subscriber_id == subscriber_id, Enrolment.state == EnrolmentState.ACTIVE
    )
    return live(session, Sequence.id.not_in(on))


def live(session: Session, *which: ColumnElement[bool]) -> list[Sequence]:
    """The courses that people can be put on, by title."""
    query = select(Sequence).where(Sequence.state == SequenceState.LIVE, *which)
    return list(session.scalars(query.order_by(Sequence.title, Sequence.id)))


def move(session: Session, enrolment_id: int, step_id: int, now: datetime) -> Step:
    """Lets `step_id` be their next mail, at the time at which the next one would have come.

    One that failed or expired is planned afresh, as are those behind it that did.

    Raises CannotError for a course that does not run, and for a mail they have had.
    """
    way = _held(session, enrolment_id)
    step = next((one for one in way.left if one.id == step_id), None)
    if step is None:
        raise CannotError("They have had this mail already, or it is not in use any more.")
    way.enrolment.step_id = step.id
    _begin_afresh(session, way.enrolment, step)
    session.flush()
    return step


def send_next(session: Session, enrolment_id: int, step_id: int, now: datetime) -> int:
    """Plans their next mail, which is `step_id`, to leave at once: outside the hours of the course and the 20 hours.

    What it may not pass is the gate: who has left, is suppressed or paused gets nothing. Returns the mail's id. Raises
    CannotError, also where another mail has become their next one, so that a button pressed twice sends one.
    """
    way = _held(session, enrolment_id)
    if why := way.hindrance(now):
        raise CannotError(why)
    step = way.next_step
    if step is None or step.id != step_id:
        raise CannotError("It was sent, or they were moved on, in the meantime.")
    _begin_afresh(session, way.enrolment, step)
    place = Place.of(way.enrolment)
    draft = course.mail(step, place, queue=Queue.URGENT, lasts=calendar.days(TIP_LASTS_DAYS), now=now)
    (planned,) = plan.plan_all(session, [draft])
    after = schedule.follow(replace(place, due_at=now, next_at=now), step, way.person, way.course, now)
    enrolment.stand(way.enrolment, after, now)
    session.flush()
    return planned


def stopped(session: Session, subscriber_id: int) -> list[Enrolment]:
    """Their courses that the owner stopped, and can take up again."""
    by_owner = Enrolment.state == EnrolmentState.STOPPED, Enrolment.reason == StopReason.BY_OWNER
    query = select(Enrolment).where(Enrolment.subscriber_id == subscriber_id, *by_owner)
    return list(session.scalars(query.order_by(Enrolment.id)))


def take_up(session: Session, enrolment_id: int, now: datetime) -> None:
    """Goes on with a course where the owner stopped it; what was in the queue then waits again. Raises CannotError."""
    found = _locked(session, enrolment_id)
    if found.state is not EnrolmentState.STOPPED or found.reason is not StopReason.BY_OWNER or found.ended_at is None:
        raise CannotError("The course goes on already, or ended for another reason.")
    stopped_at = found.ended_at
    if session.scalar(select(has_booked(found.subscriber_id, stopped_at))):
        raise CannotError("They have booked since: the course has done what it was for.")
    found.state, found.reason, found.ended_at = EnrolmentState.ACTIVE, None, None
    if found.step_id is None:
        found.state, found.ended_at = EnrolmentState.FINISHED, now
    else:
        sequence = session.get_one(Sequence, found.sequence_id)
        person = session.get_one(Subscriber, found.subscriber_id)
        found.due_at = found.due_at or now
        found.next_at = max(found.due_at, calendar.after(sequence, calendar.zone(person.time_zone), found.id, now))
    session.flush()
    why = enrolment.WHY_SKIPPED[StopReason.BY_OWNER]
    theirs = Message.subscriber_id == found.subscriber_id, Message.enrolment_id == found.id
    waiting.unskip(session, why, stopped_at, now, *theirs)


def _way(found: Enrolment, on: Course, person: Person) -> Way:
    left = on.remaining(person.had)
    step = on.step(found.step_id)
    if step is not None and step not in left:
        step = on.following(step, person.had)
    return Way(found, on, person, step, left)


def _held(session: Session, enrolment_id: int) -> Way:
    found = _locked(session, enrolment_id)
    if found.state is not EnrolmentState.ACTIVE:
        raise CannotError("The course has ended in the meantime.")
    person = history.people(session, [found.subscriber_id])[found.subscriber_id]
    return _way(found, course.hold(session, [found.sequence_id])[found.sequence_id], person)


def _begin_afresh(session: Session, found: Enrolment, step: Step) -> None:
    """A mail is planned once a round: where they missed this one in theirs, another round begins."""
    planned = select(Message.id).where(Message.subscriber_id == found.subscriber_id, Message.step_id == step.id)
    if session.scalar(planned.limit(1)) is not None:
        found.round += 1


def _locked(session: Session, enrolment_id: int) -> Enrolment:
    whose = select(Enrolment.subscriber_id).where(Enrolment.id == enrolment_id).scalar_subquery()
    session.execute(select(Subscriber.id).where(Subscriber.id == whose).with_for_update())
    return session.get_one(Enrolment, enrolment_id, with_for_update=True, populate_existing=True)
