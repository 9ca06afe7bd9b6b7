"""Reaping: mails that were claimed by a process which ended before it could tell what became of them.

Whether the relay took them nobody can say, so a tip is not sent again by itself. It is left to its claimer for as long
as that may still wait for the answer to the final dot.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from funnel.mail import record
from funnel.models.mail import Message, MessageState

# 600 s is the wait for the answer to a final dot (RFC 5321 §4.5.3.2.6).
GRACE = timedelta(seconds=660)

SILENT = "the process that sent it ended before it could tell: it may have arrived"
AGAIN = "sent again: the process that sent it ended before it could tell"


def reap(session: Session, now: datetime) -> int:
    """Ends or queues again the mails whose lease has ended, by the database's clock; returns how many.

    A confirmation or notice goes again at once, since somebody waits for it and nobody minds having it twice.
    """
    ended = select(Message.id, Message.kind, Message.attempts).where(
        Message.state == MessageState.CLAIMED,
        Message.lease_until < now,
        or_(Message.lease_until < now - GRACE, Message.kind.in_(record.REPEATED)),
    )
    rows = session.execute(ended.with_for_update(skip_locked=True)).all()
    for row in rows:
        after = record.unanswered(row.kind, row.attempts, now)
        over = after["state"] == MessageState.UNKNOWN
        closing = {"reason": SILENT, "ended_at": now, "to_address": None} if over else {"reason": AGAIN, "due_at": now}
        # The claim stays with an unknown one: who comes back late with the answer may still correct it.
        kept = {} if over else {"claim_id": None}
        session.execute(
            update(Message)
            .where(Message.id == row.id)
            .values(**after | closing | kept, lease_until=None)
            .execution_options(synchronize_session=False)
        )
    return len(rows)
