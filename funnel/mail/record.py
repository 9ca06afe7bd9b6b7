"""Recording: what became of the mails of a claim, and what follows for their addresses.

Every change is held to the claim. Deferred mails go back into the queue in the same transaction.
"""

import random
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import ending, suppression
from funnel.mail import breaker, lease, ledger, stamps, weight
from funnel.mail.claimed import Claimed
from funnel.mail.ledger import Change, Line, Result
from funnel.mail.replies import Meaning, Outcome
from funnel.models.mail import WAITING, Message, MessageKind, MessageState
from funnel.models.people import SignUp, SuppressionReason
from funnel.models.responses import Event, EventKind
from funnel.models.sending import Claim
from funnel.models.tallies import MAILS, Stale
from funnel.programme import settling, waiting
from funnel.programme.history import among

RETRY_AFTER = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
JITTER = 0.1  # of a delay, either way, so that what was refused together does not come back together
MOST_TRIES = 15  # with the delays above, two days
BROKEN_AFTER = timedelta(seconds=30)  # the first new try after a connection broke
REPEAT_AFTER = timedelta(minutes=1)
# Mails that nobody minds having twice, and that somebody waits for: repeated with the same Message-ID.
REPEATED = (MessageKind.CONFIRMATION, MessageKind.NOTICE)
MOST_REPEATED = 3
LEFT = (MessageState.SENT, MessageState.UNKNOWN)  # or may have

TIRED = "refused for two days"
NOT_HANDED_OVER = "given back: it was not handed over"
NEVER_THROUGH = "the connection broke each time, for two days, before it was handed over"

_MESSAGE = cast(Table, Message.__table__)


def record(
    session: Session, claim_id: int, results: Sequence[Result], now: datetime, back: Collection[Claimed] = ()
) -> Sequence[Result]:
    """Writes down what became of mails of one claim, in sets; `back` returns to the queue, its tries unspent.

    Returns `results` with what each came to mean. Of mails taken from us meanwhile, those that became `unknown` may
    still be put right, and those that wait again though the relay took them; the others are not ours to say.
    """
    ledger.look_up_row_by_row(session)
    taken = [result for result in results if result.outcome.meaning is Meaning.ACCEPTED]
    others: list[Result] = []
    if len(taken) < len(results):
        results = [_doubted(session, results, result) for result in results]
        others = [result for result in results if result.outcome.meaning is not Meaning.ACCEPTED]
    bounced = [result for result in others if _bounces(result.claimed, result.outcome.meaning)]
    for subscriber_id in sorted({one.claimed.subscriber_id for one in bounced if one.claimed.subscriber_id}):
        ending.hold(session, subscriber_id)  # before the mails, as everybody does who ends a subscription
    done = [result.claimed.id for result in results] + [claimed.id for claimed in back]
    ours = lease.give_up(session, claim_id, done)
    certain = ours | (late := _still_waiting(session, taken, ours))
    if late:  # told to the tallies here; of all others the claim they were in tells them
        session.add(Stale(what=MAILS, ids=sorted(late)))
    ledger.write_taken(session, [result for result in taken if result.claimed.id in certain], now)
    told = _lines([result for result in others if result.claimed.id in ours], now)
    lost = _lines(_lost(results, back, ours), now) if len(ours) < len(done) else []
    written = ledger.write(session, claim_id, told, now) | ledger.correct(session, claim_id, lost, now)
    again = [one.claimed.id for one, change in (*told, *lost) if change.state in WAITING]
    waiting.put(session, [number for number in again if number in written])
    untried = [claimed.id for claimed in back if claimed.id in ours]
    waiting.put(session, untried)
    kept = {one.claimed.id for one, change in (*told, *lost) if change.state not in LEFT}
    stamps.put_back(session, [*(kept & written), *untried])
    if woken := [one.claimed.id for one, change in lost if change.state in WAITING and one.claimed.id in written]:
        settling.reopen(session, woken)  # its issue may have ended while this worker slept
    for one in bounced:
        if one.claimed.id in written:
            _note_bounce(session, one.claimed, one.outcome, now)
    return results


def hand_back(session: Session, claim_id: int, ids: Collection[int], reason: str) -> None:
    """Gives mails of a claim that were not tried back to the queue, their tries unspent, and says why they wait."""
    if ids and (ours := lease.give_up(session, claim_id, ids)):
        session.execute(update(_MESSAGE).where(among(_MESSAGE.c.id, ours)).values(reason=reason))
        waiting.put(session, ours)
        stamps.put_back(session, ours)


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
        result.claimed, result.outcome._replace(meaning=Meaning.TOO_MANY_BAD, reason=Meaning.TOO_MANY_BAD.value)
    )


def _still_waiting(session: Session, taken: Iterable[Result], ours: Collection[int]) -> set[int]:
    """Those that were taken from us and wait to be sent again, which we now know need not be: ours once more."""
    lost = [result.claimed.id for result in taken if result.claimed.id not in ours]
    return set(waiting.take(session, among(Message.id, lost))) if lost else set()


def _lines(results: Iterable[Result], now: datetime) -> list[Line]:
    return [(one, _next(one.claimed, one.outcome, now)) for one in results]


def _lost(results: Iterable[Result], back: Iterable[Claimed], ours: Collection[int]) -> list[Result]:
    """What we know of those that were taken from us and became unknown: also that some were not handed over."""
    kept = [Result(claimed, Outcome(Meaning.RELAY, NOT_HANDED_OVER)) for claimed in back]
    return [one for one in (*results, *kept) if one.claimed.id not in ours]


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
    moved = _corrected_meanwhile(session, claimed)
    if weight.is_final(session, None if moved else claimed.subscriber_id, outcome.status, now):
        _give_up(session, claimed, moved, now)


def _corrected_meanwhile(session: Session, claimed: Claimed) -> bytes | None:
    """The hash of the address a mail went to whose person has had another one since it was claimed."""
    if not claimed.subscriber_id or not claimed.email:
        return None
    tried = tokens.address_hash(claimed.email)
    return None if tried == ending.hold(session, claimed.subscriber_id) else tried


def _give_up(session: Session, claimed: Claimed, moved: bytes | None, now: datetime) -> None:
    if moved:
        suppression.suppress(session, moved, SuppressionReason.BOUNCE, now)
    elif claimed.subscriber_id:
        ending.bounced(session, claimed.subscriber_id, now)
    elif claimed.sign_up_id:
        address_hash = session.scalar(select(SignUp.address_hash).where(SignUp.id == claimed.sign_up_id))
        if address_hash:
            suppression.suppress(session, address_hash, SuppressionReason.BOUNCE, now)
