"""The mails that wait: their queue entries, each the right to decide what becomes of its mail (models/sending.py).

Whoever takes an entry out owns the mail. One that is being sent has none: its worker has the last word.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from funnel.models.mail import Message, MessageState
from funnel.models.sending import QueueEntry
from funnel.programme.history import among

COPIED = (
    "queue", "due_at", "expires_at", "kind", "subscriber_id", "sign_up_id", "enrolment_id", "attempts", "reason",
)  # fmt: skip


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


def shift(session: Session, by: timedelta, not_before: datetime, *which: ColumnElement[bool]) -> None:
    """Moves the waiting mails for which `which` holds `by` later, and not before `not_before`."""
    moved = update(QueueEntry).where(QueueEntry.message_id == Message.id, *which).returning(QueueEntry.message_id)
    entry = moved.values(
        due_at=func.greatest(QueueEntry.due_at + by, not_before),
        expires_at=func.greatest(QueueEntry.expires_at + by, not_before),
    )
    ids = list(session.scalars(entry.execution_options(synchronize_session=False)))
    session.execute(
        update(Message)
        .where(among(Message.id, ids))
        .values(
            due_at=func.greatest(Message.due_at + by, not_before),
            expires_at=func.greatest(Message.expires_at + by, not_before),
        )
        .execution_options(synchronize_session="fetch")
    )


def hand_over(session: Session, subscriber_id: int, *which: ColumnElement[bool]) -> None:
    """Lets the waiting mails for which `which` holds come to that person."""
    given = update(QueueEntry).where(QueueEntry.message_id == Message.id, *which).values(subscriber_id=subscriber_id)
    entries = given.returning(QueueEntry.message_id).execution_options(synchronize_session=False)
    ids = list(session.scalars(entries))
    theirs = update(Message).where(among(Message.id, ids)).values(subscriber_id=subscriber_id)
    session.execute(theirs.execution_options(synchronize_session="fetch"))
