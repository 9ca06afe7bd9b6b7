"""Stands in for the mail room where a test is about the programme: what is due leaves at once, or ends as told."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.mail import MARKETING, Message, MessageState
from funnel.models.people import Subscriber
from funnel.programme import waiting
from funnel.programme.history import among
from tests.factories import TROUBLED, a_stamp


def deliver(session: Session, now: datetime, state: MessageState = MessageState.SENT) -> list[Message]:
    """Ends every waiting mail in `state`, stamping the people as a claim does; returns them in the order planned."""
    session.flush()
    ids = waiting.take(session)
    found = session.scalars(select(Message).where(among(Message.id, ids)).order_by(Message.id)).all()
    for message in found:
        message.state, message.ended_at = state, now
        message.reason = "" if state is MessageState.SENT else f"{state.value} in a test"
        message.sent_at = now if state is MessageState.SENT else None
        message.troubled_at = now if state in TROUBLED else None
        if message.kind in MARKETING:
            a_stamp(session, session.get_one(Subscriber, message.subscriber_id), now, message_id=message.id)
    session.flush()
    session.expire_all()
    return list(found)
