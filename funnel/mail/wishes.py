"""Wishes: what the owner wants of mails that wait or have failed. Tried now, or not sent at all.

None goes past the gate: whoever has left, bounced or asked for a pause meanwhile gets nothing for it. A mail that is
being sent is its worker's, and is passed by.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from funnel.mail import unknown
from funnel.mail.replies import Meaning
from funnel.models.mail import MARKETING, Message, MessageKind, MessageState
from funnel.models.people import Subscriber
from funnel.models.sending import QueueEntry
from funnel.programme import outgoing, settling, waiting
from funnel.programme.history import HAD, among

MOST = 20_000  # mails a press, so that nothing is locked, and nothing taken back, for long

AGAIN = "to be tried now: the owner wished it"
CANCELLED = "cancelled by the owner"
NOTHING_TO_RETRY = "None of its mails was put off, and none has failed that could be sent again."
TURNED_AWAY = "they are not to be mailed any more"
HAD_SINCE = "they have had this mail of the course since, or it is on its way"

# Of a mail that was tried, it is certain that it has not arrived.
_PUT_OFF = or_(Message.state == MessageState.DEFERRED, Message.reason == Meaning.LOST.value)
# One whose answer was lost may have, however its later tries ended: it is no mail to call "never received" (law 2).
_NOT_ARRIVED = and_(or_(QueueEntry.attempts == 0, _PUT_OFF), Message.doubted_at.is_(None))


def hasten(session: Session, now: datetime, *which: ColumnElement[bool]) -> list[int]:
    """Lets the mails for which `which` (conditions on Message) holds, put off after a try, be tried now.

    The press costs none of their tries. Returns their ids, MOST of them at the most, as `cancel` does.
    """
    ids = _held(session, QueueEntry.attempts > 0, _PUT_OFF, *which)
    for table, number in ((QueueEntry, QueueEntry.message_id), (Message, Message.id)):
        sooner = update(table).where(among(number, ids))
        values = {"due_at": func.least(table.due_at, now), "attempts": func.greatest(table.attempts - 1, 0)}
        session.execute(sooner.values(reason=AGAIN, **values).execution_options(synchronize_session=False))
    return ids


def revive(session: Session, now: datetime, message_id: int) -> bool:
    """Puts a failed mail back into the queue, all its tries unspent. False: it cannot be sent again (`hindrance`)."""
    return bool(_queue(session, now, is_failed(), Message.id == message_id, reason=AGAIN, attempts=0))


def retry(session: Session, issue_id: int, now: datetime) -> tuple[int, int]:
    """Lets an issue's mails that were put off or have failed be tried now; how many of each, MOST at the most.

    An issue that had been sent is being sent again. Raises NotNow for one that is paused or cancelled, and where there
    are none.
    """
    outgoing.reopen(session, issue_id)
    ids = outgoing.family(session, issue_id)
    hastened = hasten(session, now, among(QueueEntry.newsletter_id, ids), Message.kind == MessageKind.NEWSLETTER)
    mine = and_(among(Message.newsletter_id, ids), Message.kind == MessageKind.NEWSLETTER)
    revived = _queue(session, now, is_failed(), mine, reason=AGAIN, attempts=0)
    if not hastened and not revived:
        raise outgoing.NotNow(NOTHING_TO_RETRY)
    return len(hastened), len(revived)


def cancel(session: Session, now: datetime, *which: ColumnElement[bool]) -> list[int]:
    """Takes the waiting mails for which `which` holds out of the queue; returns their ids, for `restore`.

    In a course such a mail counts as never received; the one after it comes when it would have come. One that may have
    arrived stays: what becomes of it is decided where it became unknown.
    """
    ids = _held(session, _NOT_ARRIVED, *which)
    session.execute(delete(QueueEntry).where(among(QueueEntry.message_id, ids)))
    _write(session, ids, state=MessageState.SKIPPED, reason=CANCELLED, ended_at=now, to_address=None)
    return ids


def restore(session: Session, ids: Collection[int], now: datetime) -> int:
    """Lets cancelled mails wait again; returns how many. Those that can be sent no more stay cancelled."""
    return len(_queue(session, now, _is_cancelled(), among(Message.id, ids), reason=""))


def restorable(session: Session, ids: Collection[int], now: datetime) -> int:
    """How many of these mails `restore` would let wait again."""
    left = select(func.count()).where(_is_cancelled(), hindrance(now) == "", among(Message.id, ids))
    return session.scalars(left).one()


def hindrance(now: datetime) -> ColumnElement[str]:
    """Why a mail that has ended cannot be sent again; empty for one that can."""
    to_many, other = Message.kind.in_(MARKETING), aliased(Message)
    reader = select(Subscriber.id).where(Subscriber.id == Message.subscriber_id, Subscriber.mailable)
    # A person who asked again goes through the course anew, with mails of their own.
    had = select(other.id).where(
        other.subscriber_id == Message.subscriber_id, other.step_id == Message.step_id, other.id != Message.id,
        other.kind == MessageKind.STEP, other.state.in_(HAD),
    )  # fmt: skip
    turned_away = and_(to_many, ~reader.correlate(Message).exists())
    had_since = and_(Message.kind == MessageKind.STEP, had.correlate(Message).exists())
    return case(
        (unknown.hindrance(now) != "", unknown.hindrance(now)),
        (turned_away, TURNED_AWAY),
        (had_since, HAD_SINCE),
        else_="",
    )


def waits(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Which mails a press on `which` would be about: they wait, MOST of them at the most."""
    return Message.id.in_(_waiting(_NOT_ARRIVED, *which).limit(MOST).correlate(None))


def is_failed() -> ColumnElement[bool]:
    """Which mails are. Those in trouble, unlike all mails, are found by an index."""
    return and_(Message.state == MessageState.FAILED, Message.troubled_at.is_not(None))


def _is_cancelled() -> ColumnElement[bool]:
    return and_(Message.state == MessageState.SKIPPED, Message.reason == CANCELLED)


def _waiting(*which: ColumnElement[bool]) -> Select[int]:
    joined = select(QueueEntry.message_id).join(Message, Message.id == QueueEntry.message_id)
    return joined.where(*which).order_by(QueueEntry.message_id)


def _held(session: Session, *which: ColumnElement[bool]) -> list[int]:
    """Waiting mails, ours until the transaction ends. One that somebody else holds is passed by, waiting for nobody."""
    found = _waiting(*which).limit(MOST).with_for_update(of=QueueEntry, skip_locked=True)
    return list(session.scalars(found))


def _queue(session: Session, now: datetime, *which: ColumnElement[bool], **changes: Any) -> list[int]:
    """Lets mails that have ended wait again, due when they were or now; an issue that was sent is being sent again."""
    # Two presses at once: whoever comes second passes by, and waits for nobody.
    ended = select(Message.id).where(hindrance(now) == "", *which).order_by(Message.id).limit(MOST)
    ids = list(session.scalars(ended.with_for_update(of=Message, skip_locked=True, key_share=True)))
    _write(
        session, ids, state=MessageState.QUEUED, due_at=func.greatest(Message.due_at, now), ended_at=None,
        expires_at=unknown.lasting(now), troubled_at=None,
        **changes,
    )  # fmt: skip
    waiting.put(session, ids)
    settling.reopen(session, ids)
    return ids


def _write(session: Session, ids: Sequence[int], **changes: Any) -> None:
    written = update(Message).where(among(Message.id, ids)).values(**changes, claim_id=None)
    session.execute(written.execution_options(synchronize_session=False))
