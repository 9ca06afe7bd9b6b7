"""The mails that wait: their queue entries, each the right to decide what becomes of its mail (models/sending.py).

Whoever takes an entry out owns the mail. One that is being sent has none: its worker has the last word.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, ColumnElement, DateTime, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from funnel.models.mail import Message, MessageState
from funnel.models.sending import QueueEntry
from funnel.programme.history import among

COPIED = (
    "queue", "due_at", "expires_at", "kind", "subscriber_id", "sign_up_id", "enrolment_id", "newsletter_id", "attempts",
    "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Shifted:
    """A waiting mail that was moved, with its times before and after."""

    message_id: int
    subscriber_id: int | None
    due_before: datetime
    expires_before: datetime
    due_at: datetime
    expires_at: datetime


def put(session: Session, ids: Collection[int]) -> None:
    """Lets these messages, as their rows are now, wait for their turn. Raises IntegrityError for one that does."""
    if not ids:
        return
    rows = select(Message.id, *(getattr(Message, name) for name in COPIED)).where(among(Message.id, ids))
    session.execute(insert(QueueEntry).from_select(["message_id", *COPIED], rows))


def take(session: Session, *which: ColumnElement[bool]) -> list[int]:
    """Takes the waiting mails for which `which` (conditions on Message) holds out of the queue; returns their ids."""
    taken = delete(QueueEntry).where(QueueEntry.message_id == Message.id, *which).returning(QueueEntry.message_id)
    return list(session.scalars(taken.execution_options(synchronize_session=False)))


def skip(session: Session, reason: str, now: datetime, *which: ColumnElement[bool]) -> int:
    """Skips the waiting mails for which `which` holds, saying why. Returns how many."""
    ids = take(session, *which)
    if ids:
        session.execute(
            update(Message)
            .where(among(Message.id, ids))
            .values(state=MessageState.SKIPPED, reason=reason, ended_at=now, to_address=None)
            .execution_options(synchronize_session="fetch")
        )
    return len(ids)


def unskip(session: Session, reason: str, ended_at: datetime, now: datetime, *which: ColumnElement[bool]) -> int:
    """Lets mails wait again that were skipped at `ended_at` for `reason` and have not expired. Returns how many."""
    skipped = Message.state == MessageState.SKIPPED, Message.reason == reason, Message.ended_at == ended_at
    ids = list(session.scalars(select(Message.id).where(*skipped, Message.expires_at > now, *which).with_for_update()))
    queued = {"state": MessageState.QUEUED, "reason": "", "ended_at": None}
    session.execute(
        update(Message)
        .where(among(Message.id, ids))
        .values(**queued, due_at=func.greatest(Message.due_at, now))
        .execution_options(synchronize_session="fetch")
    )
    put(session, ids)
    return len(ids)


def shift(session: Session, by: timedelta, not_before: datetime, *which: ColumnElement[bool]) -> list[Shifted]:
    """Moves the waiting mails for which `which` holds `by` later, and not before `not_before`; returns how."""
    entries = select(QueueEntry).join(Message, Message.id == QueueEntry.message_id).where(*which)
    found = entries.order_by(QueueEntry.message_id).with_for_update(of=QueueEntry)
    moved = [
        Shifted(
            entry.message_id,
            entry.subscriber_id,
            entry.due_at,
            entry.expires_at,
            max(entry.due_at + by, not_before),
            max(entry.expires_at + by, not_before),
        )
        for entry in session.scalars(found.execution_options(populate_existing=True))
    ]
    _set_times(session, [(one.message_id, one.due_before, one.due_at, one.expires_at) for one in moved])
    return moved


def shift_back(session: Session, moved: Collection[Shifted], not_before: datetime) -> None:
    """Gives waiting mails their times of before where `shift` left them; none expires before `not_before`."""
    back = [(one.message_id, one.due_at, one.due_before, max(one.expires_before, not_before)) for one in moved]
    _set_times(session, back)


def _set_times(session: Session, times: Collection[tuple[int, datetime, datetime, datetime]]) -> None:
    """Of each that still waits for when it did: its id, that time, and when it is due and expires instead."""
    if not times:
        return
    ids_given, *times_given = zip(*times, strict=True)
    moments = [literal(list(each), ARRAY(DateTime(timezone=True))) for each in times_given]
    given = func.unnest(literal(list(ids_given), ARRAY(BigInteger)), *moments)
    after = given.table_valued("id", "was_due_at", "due_at", "expires_at", name="after").render_derived()
    moved = (
        update(QueueEntry)
        .where(QueueEntry.message_id == after.c.id, QueueEntry.due_at == after.c.was_due_at)
        .values(due_at=after.c.due_at, expires_at=after.c.expires_at)
        .returning(QueueEntry.message_id)
    )
    ids = list(session.scalars(moved.execution_options(synchronize_session=False)))
    told = update(Message).where(Message.id == after.c.id, among(Message.id, ids))
    times_of = {"due_at": after.c.due_at, "expires_at": after.c.expires_at}
    session.execute(told.values(times_of).execution_options(synchronize_session="fetch"))


def hand_over(session: Session, subscriber_id: int, *which: ColumnElement[bool]) -> None:
    """Lets the waiting mails for which `which` holds come to that person."""
    given = update(QueueEntry).where(QueueEntry.message_id == Message.id, *which).values(subscriber_id=subscriber_id)
    entries = given.returning(QueueEntry.message_id).execution_options(synchronize_session=False)
    ids = list(session.scalars(entries))
    theirs = update(Message).where(among(Message.id, ids)).values(subscriber_id=subscriber_id)
    session.execute(theirs.execution_options(synchronize_session="fetch"))
