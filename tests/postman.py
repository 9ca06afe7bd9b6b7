"""Stands in for the mail room where a test is about the programme: what is due leaves at once, or ends as told."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from funnel.models.mail import MARKETING, WAITING, Message, MessageState
from funnel.models.people import Subscriber


def deliver(session: Session, now: datetime, state: MessageState = MessageState.SENT) -> list[Message]:
    """Ends every waiting mail in `state`, stamping the people as a claim does; returns them in the order planned."""
    session.flush()
    found = session.scalars(select(Message).where(Message.state.in_(WAITING)).order_by(Message.id)).all()
    for message in found:
        message.state, message.ended_at = state, now
        message.reason = "" if state is MessageState.SENT else f"{state.value} in a test"
        if state is MessageState.SENT:
            message.sent_at = now
    marketing = [message.subscriber_id for message in found if message.kind in MARKETING]
    session.execute(update(Subscriber).where(Subscriber.id.in_(marketing)).values(last_marketing_at=now))
    session.flush()
    session.expire_all()
    return list(found)
