"""How much a bounce weighs: whether its address is to be mailed no more (mail.md, sending.md; codes of RFC 3463)."""

import re
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from funnel.audience import former
from funnel.mail import replies
from funnel.models.mail import Message, MessageState
from funnel.models.responses import Event, EventKind

SOFT_BOUNCES = 5
SOFT_FOR = timedelta(days=7)

# About us, our relay or its rules: the address may be as good as any.
_OURS = re.compile(r"5\.1\.[78]|5\.[3-7]\.\d+")


def is_final(session: Session, subscriber_id: int | None, status: str, now: datetime) -> bool:
    """Whether a bounce with `status`, noted already, ends what goes to its address.

    At once when there is no such address. A full box, a server away, a refusal that nobody explains: after five in a
    row over a week or more, no mail having arrived between them; none that went to a former address is counted. Never
    for what is about us.
    """
    if status in replies.BAD_ADDRESS:
        return True
    return subscriber_id is not None and is_soft(status) and _is_worn_out(session, subscriber_id, now)


def is_soft(status: str) -> bool:
    """Whether a bounce says something of the address, and not enough to give it up at once."""
    return status not in replies.BAD_ADDRESS and not _OURS.fullmatch(status)


def _is_worn_out(session: Session, subscriber_id: int, now: datetime) -> bool:
    came_back = exists().where(
        Event.message_id == Message.id, Event.kind == EventKind.BOUNCE, ~Event.detail.has_key("delayed")
    )
    last_arrived = session.scalar(
        select(func.max(Message.sent_at)).where(
            Message.subscriber_id == subscriber_id, Message.state == MessageState.SENT, ~came_back
        )
    )
    bounces = select(Event.at, Event.reason).where(
        Event.subscriber_id == subscriber_id,
        Event.kind == EventKind.BOUNCE,
        ~Event.detail.has_key("delayed"),
    )
    if last_arrived is not None:
        bounces = bounces.where(Event.at > last_arrived)
    if (address_since := former.since(session, subscriber_id)) is not None:
        bounces = bounces.join(Message, Message.id == Event.message_id).where(Message.created_at > address_since)
    soft = [bounce.at for bounce in session.execute(bounces) if is_soft(bounce.reason)]
    return len(soft) >= SOFT_BOUNCES and now - min(soft) >= SOFT_FOR
