"""Transfers: people who wait on a course go on rightly when its mails change their days or places, or a mail joins.

What is right: nobody loses a mail or gets one twice, and everybody's days count from when they began. Who waits for a
mail waits for the first of those still to come in the new order, as much sooner or later as its day is. A time that has
passed meanwhile means their own minute in the next hours of the course; the tick keeps 20 hours between two.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Result,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, EnrolmentState, Sequence
from funnel.models.editing import Transfer
from funnel.models.people import Subscriber
from funnel.programme import calendar, counted, reopening, tick
from funnel.programme.arrangement import Days
from funnel.programme.counted import Counted
from funnel.programme.history import among
from funnel.programme.place import COLUMNS, Place

CHUNK = 5000  # people in one transaction


@dataclass(frozen=True)
class Hop:
    """Who waits for one mail is to wait for `to_step_id` (the same or another), `days` later (sooner when negative).

    `in_time`: only who can still get it on its day.
    """

    step_id: int
    to_step_id: int
    days: int
    in_time: bool = False


@dataclass(frozen=True)
class Reach:
    """How many people a hop moves, and of the first who would get a mail when it was due, and will be."""

    hop: Hop
    people: Counted
    before: datetime
    after: datetime


def hops(old: Days, new: Days) -> list[Hop]:
    """What becomes of those who wait when the same mails have other days."""
    found = []
    before = sorted(old, key=lambda step_id: (old[step_id], step_id))
    for place, step_id in enumerate(before):
        to = min(before[place:], key=lambda later: (new[later], later))
        hop = Hop(step_id, to, new[to] - old[step_id])
        if hop.to_step_id != step_id or hop.days:
            found.append(hop)
    return found


def joins(old: Days, step_id: int, day: int) -> list[Hop]:
    """What becomes of those who wait for a later mail when a mail joins: who is not past its day waits for it."""
    return [Hop(later, step_id, day - old[later], in_time=True) for later in old if old[later] > day]


def reach(session: Session, course: Sequence, hops: Collection[Hop], now: datetime) -> list[Reach]:
    """Whom each of the hops moves, those that move nobody left out."""
    told = []
    columns = [getattr(Enrolment, name) for name in COLUMNS]
    for hop in hops:
        waits = _waits(hop, now)
        people = counted.count(session, select(literal(1)).where(*waits))
        first = select(*columns, Subscriber.time_zone).join(Subscriber, Subscriber.id == Enrolment.subscriber_id)
        # By the index of the clock: where many wait, the first is soon found.
        for row in session.execute(first.where(*waits).order_by(Enrolment.next_at).limit(1)):
            place = Place(*row[: len(COLUMNS)])
            after = _after(place, hop, course, row.time_zone, now)
            told.append(Reach(hop, people, place.due_at or now, after.next_at or now))
    return told


def begin(session: Session, sequence_id: int, hops: Collection[Hop], now: datetime) -> int:
    """Writes down who is to be moved; `go_on` moves them. Returns how many. The caller holds the course locked."""
    count = 0
    for hop in hops:
        people = select(
            Enrolment.id, Enrolment.sequence_id, Enrolment.step_id, Enrolment.due_at,
            literal(hop.to_step_id, BigInteger), literal(hop.days, BigInteger),
        ).where(*_waits(hop, now))  # fmt: skip
        count += reopening.write(session, people)
    return count


def left(session: Session, sequence_id: int) -> int:
    """How many people an edit of this course has still to reach, or to look at."""
    people = session.scalars(select(func.count()).where(Transfer.sequence_id == sequence_id)).one()
    return people + reopening.left(session, sequence_id)


def go_on(session: Session, now: datetime, limit: int = CHUNK) -> int:
    """Moves up to `limit` people, each once, by one statement; returns how many, or at how many of those who finished
    it looked, 0 when none is left.

    Who is being changed by somebody else right now is left to the next time: nothing here waits.
    """
    looked_at, _ = reopening.unfold(session, limit)
    waiting = select(Transfer).order_by(Transfer.enrolment_id).limit(limit).with_for_update(skip_locked=True)
    transfers = {transfer.enrolment_id: transfer for transfer in session.scalars(waiting)}
    if not transfers:
        return looked_at
    courses = {course.id: course for course in session.scalars(select(Sequence))}
    moved, seen = [], []
    for row in _hold(session, transfers):
        place, transfer = Place(*row[: len(COLUMNS)]), transfers[row.id]
        seen.append(row.id)
        if _stands(place, row.state, transfer) and (transfer.step_id or row.mailable):
            moved.append(_after(place, transfer, courses[place.sequence_id], row.time_zone, now))
    tick.save(session, moved, now)
    # An enrolment that was taken back meanwhile has nobody to move.
    gone = ~exists(select(literal(1)).where(Enrolment.id == Transfer.enrolment_id))
    done = or_(among(Transfer.enrolment_id, seen), and_(among(Transfer.enrolment_id, transfers), gone))
    ended = delete(Transfer).where(done).returning(Transfer.enrolment_id)
    count = len(session.scalars(ended.execution_options(synchronize_session=False)).all())
    session.expire_all()
    return max(count, looked_at)


def _waits(hop: Hop, now: datetime) -> list[ColumnElement[bool]]:
    on_it = [Enrolment.step_id == hop.step_id, Enrolment.state == EnrolmentState.ACTIVE]
    return [*on_it, Enrolment.due_at > now - calendar.days(hop.days)] if hop.in_time else on_it


def _hold(session: Session, ids: Collection[int]) -> Result[Any]:
    """The enrolments and what must be known of their people, locked: the people first, as everybody does."""
    theirs = select(Enrolment.subscriber_id).where(among(Enrolment.id, ids))
    people = select(Subscriber.id).where(Subscriber.id.in_(theirs)).with_for_update(read=True, skip_locked=True)
    free = list(session.scalars(people))
    columns = [getattr(Enrolment, name) for name in COLUMNS]
    return session.execute(
        select(*columns, Enrolment.state, Subscriber.time_zone, Subscriber.mailable)
        .join(Subscriber, Subscriber.id == Enrolment.subscriber_id)
        .where(among(Enrolment.id, ids), among(Subscriber.id, free))
        .with_for_update(of=Enrolment, skip_locked=True)
    )


def _stands(place: Place, state: EnrolmentState, transfer: Transfer) -> bool:
    """Whether the enrolment still waits for what it did when its transfer was decided; a pause may have put it off."""
    expected = EnrolmentState.FINISHED if transfer.step_id is None else EnrolmentState.ACTIVE
    return (state, place.step_id) == (expected, transfer.step_id)


def _after(place: Place, transfer: Transfer | Hop, course: Sequence, zone_name: str, now: datetime) -> Place:
    zone = calendar.zone(zone_name)
    soonest = calendar.after(course, zone, place.id, now)
    due_at = soonest
    if place.due_at is not None:
        due_at = calendar.moved(course, zone, place.id, place.due_at, calendar.days(transfer.days))
    return replace(place, step_id=transfer.to_step_id, due_at=due_at, next_at=max(due_at, soonest))
