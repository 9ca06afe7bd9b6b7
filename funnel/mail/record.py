"""Recording: what became of a mail we had claimed, and what follows for its address.

Every change is held to the claim: a mail that was taken from us meanwhile, because our lease ended, stays as it is,
unless it is `unknown` and we know better.
"""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import ending, suppression
from funnel.mail import weight
from funnel.mail.claim import Claimed
from funnel.mail.replies import Meaning, Outcome
from funnel.models.mail import LAST_STATES, Message, MessageKind, MessageState
from funnel.models.people import SignUp, SuppressionReason
from funnel.models.responses import Event, EventKind

RETRY_AFTER = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
JITTER = 0.1  # of a delay, either way, so that what was refused together does not come back together
MOST_TRIES = 15  # with the delays above, two days
BROKEN_AFTER = timedelta(seconds=30)  # the first new try after a connection broke
REPEAT_AFTER = timedelta(minutes=1)
# Mails that nobody minds having twice, and that somebody waits for: repeated with the same Message-ID.
REPEATED = (MessageKind.CONFIRMATION, MessageKind.NOTICE)
MOST_REPEATED = 3
LATEST = 200  # of the latest mails that were taken or refused,
MOST_BAD = LATEST // 20  # when more than 5 % had a bad address, something is wrong with us or the list

TIRED = "refused for two days"
NEVER_THROUGH = "the connection broke each time, for two days, before it was handed over"


_MESSAGE = cast(Table, Message.__table__)
# Written out, so that even a generic plan may use the partial index ix_message_delivered.
_DELIVERED = text("message.state IN ('sent', 'failed')")
_CLAIMED = text("message.state = 'claimed'")  # likewise ix_message_claimed


def record(session: Session, claimed: Claimed, outcome: Outcome, now: datetime) -> Meaning | None:
    """Writes down what became of one mail. Returns what it came to mean; None when it is no longer ours to say."""
    if outcome.meaning == Meaning.NO_SUCH_ADDRESS and _too_many_bad(session):
        outcome = replace(outcome, meaning=Meaning.TOO_MANY_BAD, reason=Meaning.TOO_MANY_BAD.value)
    bounces = _bounces(claimed, outcome.meaning)
    if bounces and claimed.subscriber_id:
        ending.hold(session, claimed.subscriber_id)  # before the mail, as everybody does who ends a subscription
    if not _write(session, claimed, outcome, now, _next(claimed, outcome, now)):
        return None
    if bounces:
        _note_bounce(session, claimed, outcome, now)
    return outcome.meaning


def hand_back(session: Session, claims: Iterable[Claimed], reason: str) -> None:
    """Gives mails that were claimed and not tried back to the queue, their tries unspent."""
    ids = [claimed.id for claimed in claims]
    _give_back(session, {claimed.claim_id for claimed in claims}, reason, Message.id.in_(ids))


def hand_back_all(session: Session, claim_id: UUID, reason: str) -> None:
    """The same for whatever a claim took, if it took anything: for one whose commit was never answered."""
    _give_back(session, {claim_id}, reason)


def _give_back(session: Session, claim_ids: set[UUID], reason: str, *which: ColumnElement[bool]) -> None:
    session.execute(
        update(Message)
        .where(_CLAIMED, Message.claim_id.in_(claim_ids), *which)
        .values(
            state=MessageState.QUEUED,
            reason=reason,
            attempts=Message.attempts - 1,
            claim_id=None,
            lease_until=None,
        )
        .execution_options(synchronize_session=False)
    )


def _next(claimed: Claimed, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The columns that change."""
    match outcome.meaning:
        case Meaning.ACCEPTED:
            return {"state": MessageState.SENT, "reason": "", "sent_at": now}
        case Meaning.RELAY:
            # Behind the others, so that one mail at which a server balks does not hold all of them up.
            return {
                "state": MessageState.QUEUED,
                "reason": outcome.reason,
                "attempts": claimed.attempts - 1,
                "due_at": now + BROKEN_AFTER,
            }
        case Meaning.DEFERRED if _is_tired(claimed):
            return {"state": MessageState.FAILED, "reason": TIRED}
        case Meaning.LOST if _is_tired(claimed):
            return {"state": MessageState.FAILED, "reason": NEVER_THROUGH}
        case Meaning.DEFERRED | Meaning.ABOUT_US | Meaning.TOO_MANY_BAD:
            return _later(claimed, now, MessageState.DEFERRED, outcome.reason)
        case Meaning.LOST:
            return _later(claimed, now, MessageState.QUEUED, outcome.reason)
        case Meaning.UNKNOWN:
            return unanswered(claimed.kind, claimed.attempts, now) | {"reason": outcome.reason}
    return {"state": MessageState.FAILED, "reason": outcome.reason}


def unanswered(kind: MessageKind, attempts: int, now: datetime) -> dict[str, Any]:
    """What follows when nobody can say whether a mail was taken: never a tip twice (RFC 1047)."""
    if kind in REPEATED and attempts < MOST_REPEATED:
        return {"state": MessageState.QUEUED, "due_at": now + REPEAT_AFTER}
    return {"state": MessageState.UNKNOWN}


def _later(claimed: Claimed, now: datetime, state: MessageState, reason: str) -> dict[str, Any]:
    """Another try, at the latest when the mail expires: then it is closed instead."""
    broke = state == MessageState.QUEUED and claimed.attempts == 1
    delay = BROKEN_AFTER if broke else RETRY_AFTER[min(claimed.attempts, len(RETRY_AFTER)) - 1]
    delay *= 1 + random.uniform(-JITTER, JITTER)  # noqa: S311 (spread, not secrecy)
    return {"state": state, "reason": reason, "due_at": min(now + delay, max(now, claimed.expires_at))}


def _is_tired(claimed: Claimed) -> bool:
    return claimed.attempts > MOST_TRIES


def _bounces(claimed: Claimed, meaning: Meaning) -> bool:
    """Whether it says something of the address. A connection that broke does not."""
    if meaning == Meaning.DEFERRED:
        return _is_tired(claimed)
    return meaning in {Meaning.NO_SUCH_ADDRESS, Meaning.UNCLEAR}


def _write(session: Session, claimed: Claimed, outcome: Outcome, now: datetime, changes: dict[str, Any]) -> bool:
    over = changes["state"] in LAST_STATES
    ours = {"claim_id": claimed.claim_id if changes["state"] == MessageState.UNKNOWN else None, "lease_until": None}
    ended = {"ended_at": now if over else None} | ({"to_address": None} if over else {})
    written = session.execute(
        update(_MESSAGE)  # as a table: the ORM would triple what this costs, once a mail
        .where(Message.id == claimed.id, Message.claim_id == claimed.claim_id)
        .where(Message.state.in_((MessageState.CLAIMED, MessageState.UNKNOWN)))
        .values(**changes, **ours, **ended, reply=outcome.reply, relay=outcome.relay)
        .returning(Message.id)
    )
    return written.first() is not None


def _too_many_bad(session: Session) -> bool:
    latest = select(Message.state, Message.reason).where(_DELIVERED).order_by(Message.ended_at.desc()).limit(LATEST)
    bad = [row for row in session.execute(latest) if row.reason == Meaning.NO_SUCH_ADDRESS.value]
    return len(bad) > MOST_BAD


def _note_bounce(session: Session, claimed: Claimed, outcome: Outcome, now: datetime) -> None:
    session.execute(
        insert(Event)
        .values(
            kind=EventKind.BOUNCE,
            key=f"bounce:{claimed.id}",
            at=now,
            subscriber_id=claimed.subscriber_id,
            message_id=claimed.id,
            machine=False,
            reason=outcome.status,
            detail={"words": outcome.reply},
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
    if weight.is_final(session, claimed.subscriber_id, outcome.status, now):
        _give_up(session, claimed, now)


def _give_up(session: Session, claimed: Claimed, now: datetime) -> None:
    if claimed.subscriber_id:
        ending.bounced(session, claimed.subscriber_id, now)
    elif claimed.sign_up_id:
        address_hash = session.scalar(select(SignUp.address_hash).where(SignUp.id == claimed.sign_up_id))
        if address_hash:
            suppression.suppress(session, address_hash, SuppressionReason.BOUNCE, now)
