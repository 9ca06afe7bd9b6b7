"""Wishes: what the owner wants of mails that wait or have failed. Tried now, or not sent at all.

None goes past the gate: whoever has left, bounced or asked for a pause meanwhile gets nothing for it. A mail that is
being sent is its worker's, and is passed by.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, update
from sqlalchemy.orm import Session

from funnel.mail.unknown import DATED, LASTS_DAYS, hindrance
from funnel.models.mail import WAITING, Message, MessageState
from funnel.models.sending import QueueEntry
from funnel.programme import calendar, waiting
from funnel.programme.history import among

AGAIN = "to be tried now: the owner wished it"
CANCELLED = "cancelled by the owner"


def hasten(session: Session, now: datetime, *which: ColumnElement[bool]) -> list[int]:
    """Lets the deferred mails for which `which` (conditions on Message) holds be tried now; returns their ids."""
    late = (
        select(QueueEntry.message_id)
        .join(Message, Message.id == QueueEntry.message_id)
        .where(Message.state == MessageState.DEFERRED, *which)
        .order_by(QueueEntry.message_id)
        .with_for_update(of=QueueEntry, skip_locked=True)
    )
    ids = list(session.scalars(late))
    for kind, number in ((QueueEntry, QueueEntry.message_id), (Message, Message.id)):
        sooner = update(kind).where(among(number, ids)).values(due_at=func.least(kind.due_at, now), reason=AGAIN)
        session.execute(sooner.execution_options(synchronize_session=False))
    return ids


def revive(session: Session, now: datetime, *which: ColumnElement[bool]) -> list[int]:
    """Puts the failed mails for which `which` holds back into the queue, all tries unspent; returns their ids.

    Those that cannot be sent again (unknown.hindrance) stay as they are.
    """
    return _queue(session, now, is_failed(), *which, reason=AGAIN, attempts=0)


def cancel(session: Session, now: datetime, *which: ColumnElement[bool]) -> list[int]:
    """Takes the waiting mails for which `which` holds out of the queue, for good; returns their ids, for `restore`.

    In a course such a mail counts as never received; the one after it comes when it would have come.
    """
    ids = waiting.take(session, *which)
    _write(session, ids, state=MessageState.SKIPPED, reason=CANCELLED, ended_at=now)
    return ids


def restore(session: Session, ids: Collection[int], now: datetime) -> int:
    """Lets cancelled mails wait again; returns how many. Those that can be sent no more stay cancelled."""
    return len(_queue(session, now, is_cancelled(), among(Message.id, ids), reason=""))


def restorable(session: Session, ids: Collection[int], now: datetime) -> int:
    """How many of these mails `restore` would let wait again."""
    left = select(func.count()).where(is_cancelled(), hindrance(now) == "", among(Message.id, ids))
    return session.scalars(left).one()


def is_failed() -> ColumnElement[bool]:
    """Which mails are. Those in trouble, unlike all mails, are found by an index."""
    return and_(Message.state == MessageState.FAILED, Message.troubled_at.is_not(None))


def is_waiting() -> ColumnElement[bool]:
    """Which mails wait, and are not being sent."""
    return and_(Message.state.in_(WAITING), Message.id.in_(select(QueueEntry.message_id)))


def is_cancelled() -> ColumnElement[bool]:
    return and_(Message.state == MessageState.SKIPPED, Message.reason == CANCELLED)


def _queue(session: Session, now: datetime, *which: ColumnElement[bool], **changes: Any) -> list[int]:
    """Lets mails that have ended wait again, due when they were or now."""
    # Two presses at once: whoever comes second passes by, and waits for nobody.
    ended = select(Message.id).where(hindrance(now) == "", *which).order_by(Message.id)
    ids = list(session.scalars(ended.with_for_update(skip_locked=True, key_share=True)))
    lasting = func.greatest(Message.expires_at, now + calendar.days(LASTS_DAYS))
    _write(
        session, ids, state=MessageState.QUEUED, due_at=func.greatest(Message.due_at, now), ended_at=None,
        expires_at=case((Message.kind.in_(DATED), Message.expires_at), else_=lasting), troubled_at=None, **changes,
    )  # fmt: skip
    waiting.put(session, ids)
    return ids


def _write(session: Session, ids: Sequence[int], **changes: Any) -> None:
    written = update(Message).where(among(Message.id, ids)).values(**changes, claim_id=None)
    session.execute(written.execution_options(synchronize_session=False))
