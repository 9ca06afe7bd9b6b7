"""Recording: what became of the mails of a claim, and what follows for their addresses.

Every change is held to the claim. Deferred mails go back into the queue in the same transaction.
"""

import random
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from sqlalchemy import Table, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import ending, suppression
from funnel.mail import breaker, lease, weight
from funnel.mail.claim import Claimed
from funnel.mail.replies import Meaning, Outcome
from funnel.models.mail import WAITING, Message, MessageKind, MessageState
from funnel.models.people import SignUp, SuppressionReason
from funnel.models.responses import Event, EventKind
from funnel.models.sending import Claim
from funnel.programme import waiting
from funnel.programme.history import among

RETRY_AFTER = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
JITTER = 0.1  # of a delay, either way, so that what was refused together does not come back together
MOST_TRIES = 15  # with the delays above, two days
BROKEN_AFTER = timedelta(seconds=30)  # the first new try after a connection broke
REPEAT_AFTER = timedelta(minutes=1)
# Mails that nobody minds having twice, and that somebody waits for: repeated with the same Message-ID.
REPEATED = (MessageKind.CONFIRMATION, MessageKind.NOTICE)
MOST_REPEATED = 3
SEPARATOR = chr(31)  # US, the unit separator of ASCII

TIRED = "refused for two days"
NOT_HANDED_OVER = "given back: it was not handed over"
NEVER_THROUGH = "the connection broke each time, for two days, before it was handed over"

_MESSAGE = cast(Table, Message.__table__)
_WRITE = """
UPDATE message SET
    state = after.state,
    reason = coalesce(after.reason, ''),  -- string_to_array makes no member at all of an empty text
    reply = coalesce(after.reply, ''),
    relay = coalesce(after.relay, ''),
    attempts = after.attempts,
    due_at = coalesce(after.due_at, message.due_at),
    sent_at = CASE WHEN after.state = 'sent' THEN :now END,
    ended_at = CASE WHEN after.state IN ('sent', 'failed', 'unknown') THEN :now END,
    troubled_at = CASE WHEN after.state IN ('failed', 'unknown') THEN :now END,
    to_address = CASE WHEN after.state IN ('sent', 'failed', 'unknown') THEN NULL ELSE message.to_address END,
    claim_id = CASE WHEN after.state = 'unknown' THEN :claim END
FROM unnest(
    CAST(string_to_array(:ids, chr(31)) AS bigint[]), string_to_array(:states, chr(31)),
    string_to_array(:reasons, chr(31)), string_to_array(:replies, chr(31)), string_to_array(:relays, chr(31)),
    CAST(string_to_array(:tries, chr(31)) AS bigint[]), CAST(string_to_array(:times, chr(31), '') AS timestamptz[])
) AS after (id, state, reason, reply, relay, attempts, due_at)
WHERE message.id = after.id AND {held} RETURNING message.id
"""
_OURS = text(_WRITE.format(held="message.state IN ('queued', 'deferred')"))
# A mail to somebody we do not keep lost its address when it became unknown, and cannot wait again.
_CORRECTED = text(
    _WRITE.format(
        held="message.state = 'unknown' AND message.claim_id = :claim AND (after.state IN ('sent', 'failed')"
        " OR (after.state <> 'unknown' AND coalesce(message.subscriber_id, message.sign_up_id) IS NOT NULL))"
    )
)


class Result(NamedTuple):
    """What became of one try at one claimed mail."""

    claimed: Claimed
    outcome: Outcome


class Change(NamedTuple):
    """What is written on its message. `due_at` None: as it was."""

    state: MessageState
    reason: str
    attempts: int
    due_at: datetime | None = None


def record(
    session: Session, claim_id: int, results: Collection[Result], now: datetime, back: Collection[Claimed] = ()
) -> list[Meaning]:
    """Writes down what became of mails of one claim, in sets; `back` returns to the queue, its tries unspent.

    Returns what each of `results` came to mean. A claim that was taken from us meanwhile may still put right those of
    its mails that became `unknown`; the others are no longer ours to say.
    """
    results = [_doubted(session, results, result) for result in results]
    bounced = [result for result in results if _bounces(result.claimed, result.outcome.meaning)]
    for subscriber_id in sorted({one.claimed.subscriber_id for one in bounced if one.claimed.subscriber_id}):
        ending.hold(session, subscriber_id)  # before the mails, as everybody does who ends a subscription
    done = [*(result.claimed.id for result in results), *(claimed.id for claimed in back)]
    ours = lease.give_up(session, claim_id, done)
    # Taken from us, they became unknown meanwhile; but we know that they were not handed over.
    kept = [] if ours else [Result(claimed, Outcome(Meaning.RELAY, NOT_HANDED_OVER)) for claimed in back]
    told = [*results, *kept]
    changes = [_next(result.claimed, result.outcome, now) for result in told]
    written = _write(session, claim_id, told, changes, ours, now)
    again = [one.claimed.id for one, change in zip(told, changes, strict=True) if change.state in WAITING]
    waiting.put(session, [number for number in again if number in written])
    if ours:
        waiting.put(session, [claimed.id for claimed in back])
    for one in bounced:
        if one.claimed.id in written:
            _note_bounce(session, one.claimed, one.outcome, now)
    return [result.outcome.meaning for result in results]


def hand_back(session: Session, claim_id: int, ids: Collection[int], reason: str) -> None:
    """Gives mails of a claim that were not tried back to the queue, their tries unspent, and says why they wait."""
    if ids and lease.give_up(session, claim_id, ids):
        session.execute(update(_MESSAGE).where(among(_MESSAGE.c.id, ids)).values(reason=reason))
        waiting.put(session, ids)


def hand_back_all(session: Session, claim_id: int, reason: str) -> None:
    """The same for whatever a claim took, if it took anything: for one whose commit was never answered."""
    held = session.scalars(select(Claim.ids).where(Claim.id == claim_id)).one_or_none()
    hand_back(session, claim_id, held or [], reason)


def _doubted(session: Session, results: Collection[Result], result: Result) -> Result:
    """`result`, but no address is given up while too many are refused: then something is wrong with us or the list."""
    if result.outcome.meaning != Meaning.NO_SUCH_ADDRESS:
        return result
    bad = sum(other.outcome.meaning == Meaning.NO_SUCH_ADDRESS for other in results)
    delivered = sum(other.outcome.meaning in breaker.DELIVERED for other in results)
    if not breaker.too_many_bad(session, result.outcome.relay, bad, delivered):
        return result
    return Result(
        result.claimed, replace(result.outcome, meaning=Meaning.TOO_MANY_BAD, reason=Meaning.TOO_MANY_BAD.value)
    )


def _next(claimed: Claimed, outcome: Outcome, now: datetime) -> Change:
    match outcome.meaning:
        case Meaning.ACCEPTED:
            return Change(MessageState.SENT, "", claimed.attempts)
        case Meaning.RELAY:
            # Behind the others, so that one mail at which a server balks does not hold all of them up.
            return Change(MessageState.QUEUED, outcome.reason, claimed.attempts - 1, now + BROKEN_AFTER)
        case Meaning.DEFERRED if _is_tired(claimed):
            return Change(MessageState.FAILED, TIRED, claimed.attempts)
        case Meaning.LOST if _is_tired(claimed):
            return Change(MessageState.FAILED, NEVER_THROUGH, claimed.attempts)
        case Meaning.DEFERRED | Meaning.ABOUT_US | Meaning.TOO_MANY_BAD:
            return _later(claimed, now, MessageState.DEFERRED, outcome.reason)
        case Meaning.LOST:
            return _later(claimed, now, MessageState.QUEUED, outcome.reason)
        case Meaning.UNKNOWN:
            return _unanswered(claimed, outcome.reason, now)
    return Change(MessageState.FAILED, outcome.reason, claimed.attempts)


def _unanswered(claimed: Claimed, reason: str, now: datetime) -> Change:
    """What follows when nobody can say whether a mail was taken: never a tip twice (RFC 1047)."""
    if claimed.kind in REPEATED and claimed.attempts < MOST_REPEATED:
        return Change(MessageState.QUEUED, reason, claimed.attempts, now + REPEAT_AFTER)
    return Change(MessageState.UNKNOWN, reason, claimed.attempts)


def _later(claimed: Claimed, now: datetime, state: MessageState, reason: str) -> Change:
    """Another try, at the latest when the mail expires: then it is closed instead."""
    broke = state == MessageState.QUEUED and claimed.attempts == 1
    delay = BROKEN_AFTER if broke else RETRY_AFTER[min(claimed.attempts, len(RETRY_AFTER)) - 1]
    delay *= 1 + random.uniform(-JITTER, JITTER)  # noqa: S311 (spread, not secrecy)
    return Change(state, reason, claimed.attempts, min(now + delay, max(now, claimed.expires_at)))


def _is_tired(claimed: Claimed) -> bool:
    return claimed.attempts > MOST_TRIES


def _bounces(claimed: Claimed, meaning: Meaning) -> bool:
    """Whether it says something of the address. A connection that broke does not."""
    if meaning == Meaning.DEFERRED:
        return _is_tired(claimed)
    return meaning in {Meaning.NO_SUCH_ADDRESS, Meaning.UNCLEAR}


def _write(
    session: Session, claim_id: int, results: list[Result], changes: list[Change], ours: bool, now: datetime
) -> set[int]:
    """One statement whatever their number. Returns the ids of those that were written."""
    if not results:
        return set()
    values = {
        "now": now,
        "claim": claim_id,
        "ids": _column(str(result.claimed.id) for result in results),
        "states": _column(change.state for change in changes),
        "reasons": _column(change.reason for change in changes),
        "replies": _column(result.outcome.reply for result in results),
        "relays": _column(result.outcome.relay for result in results),
        "tries": _column(str(change.attempts) for change in changes),
        "times": _column(change.due_at.isoformat() if change.due_at else "" for change in changes),
    }
    return set(session.scalars(_OURS if ours else _CORRECTED, values))


def _column(words: Iterable[str]) -> str:
    """One column of many rows as a single text: the driver would take ten times as long over an array's members."""
    return SEPARATOR.join(word.replace(SEPARATOR, " ") for word in words)


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
