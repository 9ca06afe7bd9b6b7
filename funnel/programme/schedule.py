"""What follows for one enrolment when its time has come. Pure: the tick does what it says, the outlook foretells it."""

from dataclasses import replace
from datetime import datetime, timedelta

from funnel.models.content import Step
from funnel.programme import calendar
from funnel.programme.course import Course
from funnel.programme.history import Person
from funnel.programme.place import Place

# A tick may come late to the last minute of a window; that is no reason to wait for the next day.
LATENESS = timedelta(hours=1)
HELD_DAYS = 1


def advance(place: Place, person: Person, course: Course, now: datetime) -> tuple[Place, Step | None]:
    """The place after this look at it, and the step whose mail leaves now, if one does.

    - A course that is not live, a person who may not be mailed and a pause hold the step: it and those after it move on
      by a day at a time, or to the end of the pause. Ending a course for good is the business of `enrolment.stop`.
    - A step that is retired, or that this person has had, is passed over.
    - While a mail of a course still waits for this person, within 20 hours of the last marketing mail, and outside the
      window, the look is put off; the due time stays, so that what follows is not moved by a late mail.
    """
    step = course.step(place.step_id)
    if step is None or place.due_at is None or place.next_at is None:
        return _finished(place), None
    if not course.live or not person.mailable or (person.paused_until and person.paused_until > now):
        return _held(place, person, course, now), None
    if step not in course.remaining(person.had):
        return _passed_over(place, step, person, course), None
    permitted = _permitted(place, person, course, now)
    if permitted > now:
        return replace(place, next_at=permitted), None
    return follow(place, step, person, course, now), step


def follow(place: Place, step: Step, person: Person, course: Course, now: datetime) -> Place:
    """The place once `step`, due at `place.due_at`, was planned at `now`.

    The next due time counts from the previous one, whenever that mail left. Where it is past or near, after downtime,
    the look waits out the 20 hours: never a burst.
    """
    after = _passed_over(place, step, person, course)
    soonest = now + calendar.quiet()
    if after.next_at is None or after.next_at >= soonest:
        return after
    return replace(after, next_at=calendar.after(course.sequence, person.zone, place.id, soonest))


def _passed_over(place: Place, step: Step, person: Person, course: Course) -> Place:
    following = course.following(step, person.had)
    if following is None or place.due_at is None:
        return _finished(place)
    days = following.day - step.day
    due_at = calendar.next_due(course.sequence, person.zone, place.id, place.due_at, days)
    return replace(place, step_id=following.id, due_at=due_at, next_at=due_at)


def _held(place: Place, person: Person, course: Course, now: datetime) -> Place:
    until = now + calendar.days(HELD_DAYS)
    if course.live and person.mailable and person.paused_until:
        until = person.paused_until
    moved_to = calendar.after(course.sequence, person.zone, place.id, until)
    return replace(place, due_at=moved_to, next_at=moved_to)


def _permitted(place: Place, person: Person, course: Course, now: datetime) -> datetime:
    """The first moment from now at which the place's mail may leave."""
    sequence, zone, seed = course.sequence, person.zone, place.id
    if person.waiting:
        # Whatever waits will count as the last marketing mail, no sooner than now.
        return calendar.after(sequence, zone, seed, now + calendar.quiet())
    if person.last_marketing_at and person.last_marketing_at + calendar.quiet() > now:
        return calendar.after(sequence, zone, seed, person.last_marketing_at + calendar.quiet())
    asked_for = now if place.next_at is None or now - place.next_at > LATENESS else place.next_at
    # The window may have been moved, or the person, since `next_at` was set.
    open_then = calendar.is_open(sequence, zone, asked_for) or calendar.is_open(sequence, zone, now)
    return now if open_then else calendar.after(sequence, zone, seed, now)


def _finished(place: Place) -> Place:
    return replace(place, step_id=None, due_at=None, next_at=None)
