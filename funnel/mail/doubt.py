"""Doubt: mails that a database which was set back takes for waiting, and that may have left in the time it forgot.

As after a kill (reap.py): a tip or newsletter becomes unknown and is not sent again by itself, a confirmation or notice
is. Journals that are still there tell which of them were taken.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import and_, delete, or_, select, text, update
from sqlalchemy.orm import Session

from funnel.mail import abandoned, journal, reap
from funnel.mail.record import REPEATED
from funnel.models.mail import Message, MessageState
from funnel.models.sending import NEVER, Claim, QueueEntry
from funnel.programme import forgotten, waiting
from funnel.programme.history import among

WHY = "a backup was restored, and it may have been sent in the time that the backup does not know"

# So that nothing else comes within 20 hours of the latest moment at which they may have left.
_STAMP = text("""
INSERT INTO marketing_stamp (subscriber_id, at, message_id, newsletter_at)
SELECT subscriber_id, :at, max(id), CASE WHEN bool_or(kind = 'newsletter') THEN :at END FROM message
WHERE id = ANY(:ids) AND kind IN ('step', 'newsletter') AND subscriber_id IS NOT NULL
GROUP BY subscriber_id ORDER BY subscriber_id
ON CONFLICT (subscriber_id) DO UPDATE SET at = excluded.at, message_id = excluded.message_id,
    newsletter_at = coalesce(excluded.newsletter_at, marketing_stamp.newsletter_at)
WHERE marketing_stamp.at < excluded.at
""")


def settle_claims(session: Session, now: datetime) -> int:
    """Settles what was being sent at the moment of the backup, whose workers have nothing to do with it any more.

    Issues that were not planned whole are in doubt: others of their mails may have left. Returns how many mails are.
    """
    settled = 0
    for claim_id, ids in session.execute(delete(Claim).returning(Claim.id, Claim.ids)).all():
        again = list(session.scalars(select(Message.id).where(among(Message.id, ids), Message.kind.in_(REPEATED))))
        waiting.put(session, again)
        settled += _settle(session, set(ids) - set(again), claim_id, now, now)
    forgotten.doubt(session, now)
    return settled


def settle_waiting(session: Session, until: datetime, now: datetime) -> int:
    """Settles what was due by `until`, when sending was halted. Returns how many mails are in doubt.

    What waits to be told, since its issue is paused, was due when its message says: it may have gone on meanwhile.
    """
    held = and_(QueueEntry.due_at == NEVER, Message.due_at <= until)
    ids = waiting.take(session, or_(QueueEntry.due_at <= until, held), Message.kind.not_in(REPEATED))
    return _settle(session, ids, None, until, now)


def _settle(session: Session, ids: Collection[int], claim_id: int | None, until: datetime, now: datetime) -> int:
    if not ids:
        return 0
    values = {"state": MessageState.UNKNOWN, "reason": WHY, "ended_at": now, "troubled_at": now, "to_address": None}
    doubted = update(Message).where(among(Message.id, ids)).execution_options(synchronize_session="fetch")
    session.execute(doubted.values(**values, claim_id=claim_id))
    session.execute(_STAMP, {"ids": list(ids), "at": until})
    _ask_journals(session, ids, now)
    return len(ids)


def _ask_journals(session: Session, ids: Collection[int], now: datetime) -> None:
    """Each journal of a dead process puts right those of the mails that it knows an answer for."""
    for found in abandoned.journals(journal.folder()):
        written_at = datetime.fromtimestamp(found.path.stat().st_mtime, UTC)
        for claim_id, entries in found.entries.items():
            # Under the number of a mail that is lost there may be another one by now, made later than the record.
            known = among(Message.id, entries.keys() & set(ids)) & (Message.created_at <= written_at)
            named = update(Message).where(known, Message.state == MessageState.UNKNOWN)
            session.execute(named.values(claim_id=claim_id).execution_options(synchronize_session="fetch"))
        reap.replay(session, found, now)
