"""Reaping: mails of a process that ended before it could tell what became of them.

Its journal tells, when it is on this machine: whoever gets the lock on the file of a dead process replays it. Without
one, a claim is left to its maker until its lease ended and the wait for the last answer is over; then nobody can say
whether the relay took the mails, so a tip is not sent again by itself (RFC 1047).
"""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, null, select
from sqlalchemy.orm import Session

from funnel.mail import abandoned, record, replies
from funnel.mail.abandoned import Found
from funnel.mail.claimed import Claimed
from funnel.mail.ledger import Result
from funnel.mail.replies import Meaning, Outcome, Reply
from funnel.models.mail import Message, MessageState
from funnel.models.sending import Claim
from funnel.programme.history import among

# 600 s is the wait for the answer to a final dot (RFC 5321 §4.5.3.2.6).
GRACE = timedelta(seconds=660)

SILENT = "the process that sent it ended before it could tell: it may have arrived"

log = logging.getLogger(__name__)


def reap(session: Session, now: datetime) -> int:
    """Settles what is held by claims whose lease has ended, by the database's clock; returns how many mails.

    A confirmation or notice goes again without the long wait: somebody waits for it, and nobody minds having it twice.
    """
    ended = select(Claim).where(Claim.lease_until < now).with_for_update(skip_locked=True)
    count = 0
    for held in session.scalars(ended).all():
        over = held.lease_until < now - GRACE
        settled = [one for one in _claimed(session, held.id, held.ids) if over or one.kind in record.REPEATED]
        record.record(session, held.id, [_silent(one) for one in settled], now)
        count += len(settled)
    return count


def replay(session: Session, found: Found, now: datetime) -> int:
    """Settles what a dead process held by what its journal says; returns how many mails. May be repeated.

    A mail without a line there was certainly not handed over, if every line was kept: in the same boot, none torn.
    """
    by_it = select(Claim).where(Claim.worker == (found.name or found.path.stem))
    claims = session.scalars(by_it.with_for_update()).all()
    complete = found.whole and abandoned.same_boot(found)
    count = 0
    for held in claims:
        count += _settle(session, held, found.entries.get(held.id, {}), complete, now)
    gone = found.entries.keys() - {held.id for held in claims}
    return count + sum(_correct(session, number, found.entries[number], now) for number in gone)


def _settle(session: Session, held: Claim, known: dict[int, Reply | None], complete: bool, now: datetime) -> int:
    results: list[Result] = []
    back: list[Claimed] = []
    for one in _claimed(session, held.id, held.ids):
        reply = known.get(one.id)
        if reply:
            results.append(Result(one, replies.outcome(reply, "")))
        elif one.id in known or not complete:
            results.append(_silent(one))
        else:
            back.append(one)
    record.record(session, held.id, results, now, back)
    log.warning("a sending process was killed: %s of its mails are settled, %s wait again", len(results), len(back))
    return len(results) + len(back)


def _correct(session: Session, claim_id: int, known: dict[int, Reply | None], now: datetime) -> int:
    """Puts right what was taken for unknown meanwhile, by an answer that the journal kept."""
    answers = {number: reply for number, reply in known.items() if reply}
    unknown = select(Message.id).where(
        among(Message.id, answers), Message.state == MessageState.UNKNOWN, Message.claim_id == claim_id
    )
    wrong = _claimed(session, claim_id, session.scalars(unknown).all())
    results = [Result(one, replies.outcome(answers[one.id], "")) for one in wrong]
    record.record(session, claim_id, results, now)
    return len(results)


def _silent(claimed: Claimed) -> Result:
    return Result(claimed, Outcome(Meaning.UNKNOWN, SILENT))


def _claimed(session: Session, claim_id: int, ids: Collection[int]) -> Iterable[Claimed]:
    """The mails of a claim as they were claimed, but for what only their writing needs."""
    rows = session.execute(
        select(
            Message.id,
            func.now(),
            Message.kind,
            Message.attempts + 1,
            Message.expires_at,
            Message.subscriber_id,
            Message.sign_up_id,
            Message.enrolment_id,
            null(),
            null(),
            *(getattr(Message, name) for name in Claimed._fields[11:-1]),
            null(),
        ).where(among(Message.id, ids))
    )
    return [Claimed._make((row[0], claim_id, *row[1:])) for row in rows]
