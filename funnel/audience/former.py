"""Former addresses: what somebody was written to at before. What comes back late is about the address it went to."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.models.former import FormerAddress
from funnel.models.mail import Message
from funnel.models.people import Subscriber

UNDER_WAY = timedelta(minutes=15)  # a mail is recorded as sent at most so long after its address was read


def give_up(session: Session, subscriber_id: int, address_hash: bytes, now: datetime) -> None:
    """Notes that this was their address until now."""
    session.add(FormerAddress(subscriber_id=subscriber_id, address_hash=address_hash, until=now))
    session.flush()


def since(session: Session, subscriber_id: int) -> datetime | None:
    """Since when they have the address they have; None when they never had another."""
    theirs = select(func.max(FormerAddress.until)).where(FormerAddress.subscriber_id == subscriber_id)
    return session.scalar(theirs)


def went_to(session: Session, message: Message, named: Collection[bytes], now: datetime) -> bytes | None:
    """The hash of the address that a mail to a subscriber went to; None where nothing remembers it.

    A mail planned before a change and recorded after it may have gone to either: `named`, the addresses in a report,
    decide, and else it went to the former one unless that was too long ago.
    """
    person = Subscriber.id == message.subscriber_id
    current: bytes | None = session.scalar(select(Subscriber.address_hash).where(person))
    changes = select(FormerAddress.until, FormerAddress.address_hash).where(
        FormerAddress.subscriber_id == message.subscriber_id
    )
    former = [(row.until, row.address_hash) for row in session.execute(changes.order_by(FormerAddress.until))]

    def at(time: datetime) -> int:
        return next((place for place, (until, _) in enumerate(former) if until > time), len(former))

    addresses: list[bytes | None] = [*(address_hash for _, address_hash in former), current]
    left_at = message.sent_at or message.ended_at or now
    earliest, latest = at(message.created_at), at(max(message.created_at, left_at))
    likely = at(max(message.created_at, left_at - UNDER_WAY))
    return next((one for one in addresses[earliest : latest + 1] if one in named), addresses[likely])
