"""Mails of which nobody knew whether they arrived (`unknown`, sending.md), settled by what comes back from them.

Whoever does it first is believed: one that is settled is no longer unknown. One that the owner wished sent again
(mail/unknown.py) is settled all the same while it waits.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from funnel.models.mail import Message, MessageState
from funnel.programme import waiting

FOLLOWED = "a link in it was followed"
CAME_BACK = "it came back: "
OPEN = (MessageState.UNKNOWN, MessageState.QUEUED)  # in these a visit may settle a mail


def arrived(session: Session, message_id: int, now: datetime) -> None:
    """Somebody, or a machine, followed a link in it: whoever does has the mail, and needs it no second time."""
    tried_before = (Message.state == MessageState.QUEUED, Message.attempts > 0)
    again = waiting.take(session, Message.id == message_id, *tried_before)
    changes = {"sent_at": func.coalesce(Message.sent_at, now), "ended_at": func.coalesce(Message.ended_at, now)}
    known_as = MessageState.QUEUED if again else MessageState.UNKNOWN
    _settle(session, message_id, known_as, state=MessageState.SENT, reason=FOLLOWED, troubled_at=None, **changes)


def came_back(session: Session, message_id: int, status: str, words: str, now: datetime) -> None:
    """It was refused on its way; `words` are the server's, without addresses."""
    changes = {"reason": f"{CAME_BACK}{status or 'no code told'}", "reply": words, "ended_at": now, "troubled_at": now}
    _settle(session, message_id, MessageState.UNKNOWN, state=MessageState.FAILED, **changes)


def _settle(session: Session, message_id: int, known_as: MessageState, **changes: Any) -> None:
    session.execute(
        update(Message)
        .where(Message.id == message_id, Message.state == known_as)
        .values(**changes, claim_id=None)
        .execution_options(synchronize_session=False)
    )
