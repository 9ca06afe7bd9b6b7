"""A subscriber's way through a course: on to it, off it, and further along in time."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, EnrolmentState, Sequence, Step, StopReason
from funnel.models.mail import MARKETING, MessageKind, Queue
from funnel.models.people import Subscriber
from funnel.programme import calendar, course, history, plan, schedule
from funnel.programme.course import Course
from funnel.programme.history import Person
from funnel.programme.place import Place

WELCOME_LASTS = timedelta(days=7)  # as long as the link that was just confirmed; a rehearsal does not shorten it
REST_AFTER_BOOKING = timedelta(days=90)
DAYS_TO_GO_ON = 1  # someone who asks again gets the next mail the next day, not after the gap between two mails

WHY_SKIPPED = {
    StopReason.BOOKED: "they booked",
    StopReason.LEFT: "they left",
    StopReason.BOUNCED: "the address bounced",
    StopReason.COMPLAINED: "they complained",
    StopReason.PREFERENCE: "they chose fewer mails",
    StopReason.ERASED: "they were erased",
    StopReason.BY_OWNER: "the owner stopped the course",
}
ENDS_THE_COURSE_ONLY = {StopReason.BOOKED, StopReason.PREFERENCE, StopReason.BY_OWNER}  # newsletters still come


def enrol(session: Session, subscriber_id: int, sequence_id: int, now: datetime) -> Enrolment:
    """Puts a subscriber on a course, in the transaction that confirms them; mail 1 is planned with it, for `urgent`.

    Someone already on it stays where they are. Someone who finished or stopped and asks again goes on, from the next
    day, with the live steps they never received: those without a mail that was sent, may have been (unknown), or is on
    its way. With none left the enrolment is finished. Who booked within the last 90 days is left in peace: the course
    was there to lead to the booking; later it is a fresh wish. Of who paused it begins when the pause ends.
    """
    enrolment, new = _row(session, subscriber_id, sequence_id, now)
    person = history.people(session, [subscriber_id])[subscriber_id]
    found = course.hold(session, [sequence_id])[sequence_id]
    if not new:
        if _stays(enrolment, found.remaining(person.had), now):
            return enrolment
        enrolment.round += 1
        enrolment.is_wish = False
        enrolment.state, enrolment.reason, enrolment.ended_at = EnrolmentState.ACTIVE, None, None
    stand(enrolment, _beginning(session, enrolment, person, found, now), now)
    session.flush()
    return enrolment


def stop(session: Session, subscriber_id: int, reason: StopReason, now: datetime, *, but: Collection[int] = ()) -> int:
    """Ends this person's courses, `but` these enrolments, and skips what waits; returns how many courses ended.

    Leaving, a bounce, a complaint and erasure skip waiting newsletters too; the other reasons only the course's mails.
    """
    stopped = session.execute(
        update(Enrolment)
        .where(
            Enrolment.subscriber_id == subscriber_id,
            Enrolment.state == EnrolmentState.ACTIVE,
            ~history.among(Enrolment.id, but),
        )
        .values(state=EnrolmentState.STOPPED, reason=reason, ended_at=now, next_at=None)
        .returning(Enrolment.id)
    )
    count = len(stopped.all())
    kinds = (MessageKind.STEP,) if reason in ENDS_THE_COURSE_ONLY else MARKETING
    plan.skip_waiting(session, subscriber_id, WHY_SKIPPED[reason], now, kinds=kinds, but=but)
    return count


def shift(session: Session, subscriber_id: int, by: timedelta, now: datetime) -> int:
    """Moves what is next on this person's courses by `by` (back when negative, to now at most); returns how many moved.

    Whole days stay whole across a change of clocks, and the mail still comes at its minute on a permitted day.
    """
    enrolments = session.scalars(
        select(Enrolment)
        .where(Enrolment.subscriber_id == subscriber_id, Enrolment.state == EnrolmentState.ACTIVE)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    zone = calendar.zone(session.scalar(select(Subscriber.time_zone).where(Subscriber.id == subscriber_id)) or "")
    for enrolment in enrolments:
        sequence = session.get_one(Sequence, enrolment.sequence_id)
        assert enrolment.due_at is not None
        assert enrolment.next_at is not None
        moved = shifted(sequence, zone, enrolment.id, (enrolment.due_at, enrolment.next_at), by, now)
        enrolment.due_at, enrolment.next_at = moved
    session.flush()
    return len(enrolments)


def shifted(
    sequence: Sequence, zone: ZoneInfo, seed: int, times: tuple[datetime, datetime], by: timedelta, now: datetime
) -> tuple[datetime, datetime]:
    """When the next mail is due, and when to look, once `times`, both of them as they are now, are moved by `by`."""
    due_at, looked_at = (calendar.moved(sequence, zone, seed, at, by) for at in times)
    return due_at, max(due_at, looked_at, calendar.after(sequence, zone, seed, now))


def _row(session: Session, subscriber_id: int, sequence_id: int, now: datetime) -> tuple[Enrolment, bool]:
    """The enrolment, locked, and whether it is new. Two confirmations at once come out here one after the other."""
    fresh = session.scalar(
        insert(Enrolment)
        .values(subscriber_id=subscriber_id, sequence_id=sequence_id, started_at=now)
        .on_conflict_do_nothing(index_elements=["subscriber_id", "sequence_id"])
        .returning(Enrolment.id)
    )
    found = session.scalars(
        select(Enrolment)
        .where(Enrolment.subscriber_id == subscriber_id, Enrolment.sequence_id == sequence_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    return found, fresh is not None


def _stays(enrolment: Enrolment, remaining: list[Step], now: datetime) -> bool:
    """Whether asking again changes nothing."""
    if enrolment.state is EnrolmentState.FINISHED:
        return not remaining
    if enrolment.state is EnrolmentState.STOPPED and enrolment.ended_at is not None:
        return enrolment.reason is StopReason.BOOKED and enrolment.ended_at > now - REST_AFTER_BOOKING
    return True


def _beginning(session: Session, enrolment: Enrolment, person: Person, found: Course, now: datetime) -> Place:
    place = replace(Place.of(enrolment), step_id=None, due_at=None, next_at=None)
    remaining = found.remaining(person.had)
    if not remaining:
        return place
    first = remaining[0]
    if person.paused_until and person.paused_until > now:
        due_at = calendar.after(found.sequence, person.zone, enrolment.id, person.paused_until)
        return replace(place, step_id=first.id, due_at=due_at, next_at=due_at)
    if found.live and course.leaves_at_once(first):
        welcome = course.mail(first, place, queue=Queue.URGENT, lasts=WELCOME_LASTS, now=now)
        plan.plan_all(session, [welcome])
        return schedule.follow(replace(place, step_id=first.id, due_at=now, next_at=now), first, person, found, now)
    days = first.day if enrolment.round == 1 else DAYS_TO_GO_ON
    due_at = calendar.first_due(found.sequence, person.zone, enrolment.id, now, days)
    return replace(place, step_id=first.id, due_at=due_at, next_at=due_at)


def stand(enrolment: Enrolment, place: Place, now: datetime) -> None:
    """Writes down where the enrolment stands; with no step left it is finished."""
    enrolment.step_id, enrolment.due_at, enrolment.next_at = place.step_id, place.due_at, place.next_at
    if place.finished:
        enrolment.state, enrolment.ended_at = EnrolmentState.FINISHED, now
