"""The course's clock hand: plans the tips that are due. Any number of ticks at once, on any machines, is correct."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, DateTime, bindparam, case, func, literal, select, update
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.editing import Transfer
from funnel.models.mail import Queue
from funnel.models.people import Subscriber
from funnel.models.sending import GUARD, Rest
from funnel.programme import calendar, course, history, plan, schedule
from funnel.programme.place import COLUMNS, Place

LIMIT = 1000
TIP_LASTS_DAYS = 3


def tick(session: Session, now: datetime, limit: int = LIMIT) -> int:
    """Looks at up to `limit` enrolments whose time has come, plans what leaves and moves each on; returns how many.

    The number of statements does not grow with theirs. 0: nothing was due, or other ticks hold what is, or the guard
    rests: in a database that was set back, what is due may have been planned and sent (`presumed`).
    """
    places = _due(session, now, limit)
    if not places or session.get(Rest, GUARD) is not None:
        return 0
    # Read after the locks are held: a tick that just let go of one of these has planned by now, and it must be seen.
    people = history.people(session, _undisturbed(session, places))
    courses = course.hold(session, {place.sequence_id for place in places})
    moving = _moving(session, places)
    moved, mails = [], []
    for place in places:
        person = people.get(place.subscriber_id)
        if person is None or place.id in moving:
            continue
        after, step = schedule.advance(place, person, courses[place.sequence_id], now)
        moved.append(after)
        if step:
            mails.append(course.mail(step, place, queue=Queue.BULK, lasts=calendar.days(TIP_LASTS_DAYS), now=now))
            people[place.subscriber_id] = replace(person, waiting=True)  # who is on two courses gets one mail a day
    plan.plan_all(session, mails)
    save(session, moved, now)
    return len(moved)


def _due(session: Session, now: datetime, limit: int) -> list[Place]:
    """The places to look at, locked until the end of the transaction; those another tick holds are left to it."""
    rows = session.execute(
        select(*(getattr(Enrolment, name) for name in COLUMNS))
        # Written out, so that even a generic plan may use the partial index ix_enrolment_due.
        .where(Enrolment.state == bindparam("active", EnrolmentState.ACTIVE, literal_execute=True))
        .where(Enrolment.next_at <= now)
        .order_by(Enrolment.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Place(*row) for row in rows]


def _undisturbed(session: Session, places: list[Place]) -> list[int]:
    """The subscribers of these places that nobody is changing right now; the others wait for the next tick.

    Who changes a subscriber locks the person first and the enrolment after; here it is the other way round, so waiting
    for the person, as the foreign key of a new message would, could be waiting for each other.
    """
    ids = {place.subscriber_id for place in places}
    free = select(Subscriber.id).where(history.among(Subscriber.id, ids))
    return list(session.scalars(free.with_for_update(read=True, key_share=True, skip_locked=True)))


def _moving(session: Session, places: list[Place]) -> set[int]:
    """The enrolments that an edit of their course has still to reach: by its new order they would miss a mail."""
    ids = history.among(Transfer.enrolment_id, [place.id for place in places])
    return set(session.scalars(select(Transfer.enrolment_id).where(ids)))


def save(session: Session, places: list[Place], now: datetime) -> None:
    """Writes down where these enrolments stand now; those with no step left are finished."""
    numbers, times = ARRAY(BigInteger), ARRAY(DateTime(timezone=True))
    after = (
        func.unnest(
            literal([place.id for place in places], numbers),
            literal([place.step_id for place in places], numbers),
            literal([place.due_at for place in places], times),
            literal([place.next_at for place in places], times),
        )
        .table_valued("id", "step_id", "due_at", "next_at", name="after")
        .render_derived()
    )
    finished, word = after.c.step_id.is_(None), Enrolment.state.type
    session.execute(
        update(Enrolment)
        .where(Enrolment.id == after.c.id)
        .values(
            step_id=after.c.step_id,
            due_at=after.c.due_at,
            next_at=after.c.next_at,
            state=case((finished, literal(EnrolmentState.FINISHED, word)), else_=literal(EnrolmentState.ACTIVE, word)),
            ended_at=case((finished, now)),
        )
        .execution_options(synchronize_session=False)
    )
