"""Many people's courses changed at once, in a few statements whatever their number; and changed back.

What is returned says how each stood before, as plain JSON. Changing back touches only what is still as it was left.
The caller has locked the people.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, Result, and_, column, delete, exists, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TableValuedAlias

from funnel.models.content import Enrolment, EnrolmentState, Sequence, StopReason
from funnel.models.mail import Message, MessageKind, Queue
from funnel.models.people import Subscriber
from funnel.programme import calendar, course, enrolment, waiting
from funnel.programme.history import among, has_booked

Courses = dict[int, list[list[Any]]]  # by subscriber id
Mails = dict[int, list[list[Any]]]
LEAVES_WITHIN = timedelta(hours=1)

_TIMES: Any = ARRAY(DateTime(timezone=True))
_NUMBERS: Any = ARRAY(BigInteger)


def shift(session: Session, by: Mapping[int, timedelta], not_before: datetime, now: datetime) -> tuple[Courses, Mails]:
    """Moves these people's running courses as `enrolment.shift` does, and what waits of them with it.

    Of each course and mail: its id, the two times as they were, and as they are now.
    """
    running = Enrolment.state == EnrolmentState.ACTIVE, among(Enrolment.subscriber_id, list(by))
    wanted = (
        Enrolment.id,
        Enrolment.subscriber_id,
        Enrolment.due_at,
        Enrolment.next_at,
        Sequence,
        Subscriber.time_zone,
    )
    found = session.execute(
        select(*wanted)
        .join(Sequence, Sequence.id == Enrolment.sequence_id)
        .join(Subscriber, Subscriber.id == Enrolment.subscriber_id)
        .where(*running)
        .order_by(Enrolment.id)
        .with_for_update(of=Enrolment)
    ).all()
    courses: Courses = defaultdict(list)
    for number, person, due_at, next_at, sequence, zone in found:
        assert due_at is not None
        assert next_at is not None
        times = enrolment.shifted(sequence, calendar.zone(zone), number, (due_at, next_at), by[person], now)
        courses[person].append([number, *map(_told, (due_at, next_at, *times))])
    _set_times(session, [(one[0], _read(one[3]), _read(one[4])) for each in courses.values() for one in each])
    mails: Mails = defaultdict(list)
    for length in set(by.values()):
        tips = Message.kind == MessageKind.STEP, Message.queue == Queue.BULK
        ids = [number for number, its in by.items() if its == length]
        for one in waiting.shift(session, length, not_before, among(Message.subscriber_id, ids), *tips):
            told = map(_told, (one.due_before, one.expires_before, one.due_at, one.expires_at))
            mails[one.subscriber_id or 0].append([one.message_id, *told])
    return dict(courses), dict(mails)


def shift_back(session: Session, courses: Collection[list[Any]], mails: Collection[list[Any]], now: datetime) -> None:
    """Gives courses and mails their times of before where they still have those that `shift` gave them.

    A mail that would have expired in between may still leave.
    """
    moved = [waiting.Shifted(number, None, *map(_read, times)) for number, *times in mails]
    waiting.shift_back(session, moved, now + LEAVES_WITHIN)
    after = _unnested(
        {"id": _NUMBERS, "due_at": _TIMES, "next_at": _TIMES, "was_due_at": _TIMES},
        [(number, _read(due), _read(look), _read(due_after)) for number, due, look, due_after, _ in courses],
    )
    untouched = and_(Enrolment.id == after.c.id, Enrolment.due_at == after.c.was_due_at)
    back = update(Enrolment).where(untouched, Enrolment.state == EnrolmentState.ACTIVE)
    _run(session, back.values(due_at=after.c.due_at, next_at=after.c.next_at))


def stop(session: Session, ids: Collection[int], now: datetime) -> Courses:
    """Ends these people's running courses by the owner's wish and skips what waits of them. Of each course: its id."""
    ended = {"state": EnrolmentState.STOPPED, "reason": StopReason.BY_OWNER, "ended_at": now, "next_at": None}
    running = Enrolment.state == EnrolmentState.ACTIVE, among(Enrolment.subscriber_id, ids)
    gone = update(Enrolment).where(*running).values(ended).returning(Enrolment.id, Enrolment.subscriber_id)
    courses: Courses = defaultdict(list)
    for number, person in _run(session, gone):
        courses[person].append([number])
    why = enrolment.WHY_SKIPPED[StopReason.BY_OWNER]
    waiting.skip(session, why, now, among(Message.subscriber_id, list(courses)), Message.kind == MessageKind.STEP)
    return dict(courses)


def start_again(session: Session, courses: Collection[list[Any]], stopped_at: datetime, now: datetime) -> set[int]:
    """Takes up the courses that `stop` ended at `stopped_at` and that still stand so. Returns whose they are."""
    ids = [number for (number,) in courses]
    stopped = and_(Enrolment.reason == StopReason.BY_OWNER, Enrolment.ended_at == stopped_at)
    # Who booked in between has what the course was for.
    left_off = and_(Enrolment.state == EnrolmentState.STOPPED, ~has_booked(Enrolment.subscriber_id, stopped_at))
    again = {
        "state": EnrolmentState.ACTIVE,
        "reason": None,
        "ended_at": None,
        "next_at": func.greatest(Enrolment.due_at, now),
    }
    back = update(Enrolment).where(among(Enrolment.id, ids), stopped, left_off).values(again)
    found = _run(session, back.returning(Enrolment.id, Enrolment.subscriber_id)).all()
    whose = {person for _, person in found}
    why = enrolment.WHY_SKIPPED[StopReason.BY_OWNER]
    resumed = among(Message.enrolment_id, [number for number, _ in found]), among(Message.subscriber_id, whose)
    waiting.unskip(session, why, stopped_at, now, *resumed)
    return whose


def enrol(session: Session, ids: Collection[int], sequence_id: int, now: datetime) -> Courses:
    """Puts people who may be mailed and were never on this course on it: mail 1 comes on the next permitted day.

    Not at once, as for somebody who signs up: they wait for nothing, and it may be undone. Of each course: its id.
    """
    found = course.hold(session, [sequence_id])[sequence_id]
    first = found.remaining(())[:1]
    if not first or not found.live:
        return {}
    met = exists().where(Enrolment.sequence_id == sequence_id, Enrolment.subscriber_id == Subscriber.id)
    people = select(literal(sequence_id), Subscriber.id, literal(now), literal(first[0].id)).where(
        among(Subscriber.id, ids), Subscriber.mailable, ~met
    )
    new = insert(Enrolment).from_select(["sequence_id", "subscriber_id", "started_at", "step_id"], people)
    made = _run(session, new.on_conflict_do_nothing().returning(Enrolment.id, Enrolment.subscriber_id)).all()
    where_from = select(Subscriber.id, Subscriber.time_zone).where(among(Subscriber.id, ids))
    zones = {row.id: row.time_zone for row in session.execute(where_from)}
    due = [
        (number, calendar.first_due(found.sequence, calendar.zone(zones[person]), number, now, 1))
        for number, person in made
    ]
    _set_times(session, [(number, at, at) for number, at in due])
    return {person: [[number]] for number, person in made}


def take_off(session: Session, courses: Collection[list[Any]]) -> set[int]:
    """Deletes the places that `enrol` made and of which no mail was planned yet. Returns whose they were."""
    untouched = ~exists().where(Message.enrolment_id == Enrolment.id, Message.subscriber_id == Enrolment.subscriber_id)
    gone = delete(Enrolment).where(among(Enrolment.id, [number for (number,) in courses]), untouched)
    return {row[0] for row in _run(session, gone.returning(Enrolment.subscriber_id))}


def _set_times(session: Session, times: list[tuple[int, datetime, datetime]]) -> None:
    after = _unnested({"id": _NUMBERS, "due_at": _TIMES, "next_at": _TIMES}, times)
    moved = update(Enrolment).where(Enrolment.id == after.c.id)
    _run(session, moved.values(due_at=after.c.due_at, next_at=after.c.next_at))


def _unnested(types: Mapping[str, Any], rows: list[tuple[Any, ...]]) -> TableValuedAlias:
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    given = (literal(list(values), kind) for values, kind in zip(columns, types.values(), strict=True))
    names = (column(name, kind.item_type) for name, kind in types.items())
    return func.unnest(*given).table_valued(*names, name="after").render_derived()


def _run(session: Session, statement: Any) -> Result[*tuple[Any, ...]]:
    return session.execute(statement.execution_options(synchronize_session=False))


def _told(at: datetime) -> str:
    return at.isoformat()


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)
