"""My data: a fresh link to it, a copy of it, and its end.

Mails are forwarded, so a footer link must not open any of this: the fresh link is mailed to the address itself and
lives for an hour (law 8).
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import allowance, evidence, holdings, ledger, mailbox, suppression, withdrawals
from funnel.audience.ending import withdraw
from funnel.audience.visit import Visit
from funnel.audience.withdrawals import Kind
from funnel.models.content import StopReason
from funnel.models.mail import Message, MessageKind, Queue
from funnel.models.people import SignUp, Subscriber, SubscriberState, SuppressionReason
from funnel.models.responses import Booking
from funnel.programme import enrolment, plan
from funnel.tokens import BadToken, Purpose

FRESH = timedelta(hours=1)
ONE_WHO_LEFT = timedelta(days=7)
FRESH_LINK = "fresh_link"
WHERE_BYTES = 7  # a token’s numbers have 63 bits
ERASED_HERE = "deleted on the page of their data"


def fresh_link(session: Session, subscriber: Subscriber, now: datetime) -> bool:
    """Plans the mail with a fresh link. False when its mailbox had enough of late, or it must not be mailed.

    Whoever was forwarded a mail can press the button: it counts as every mail does that a stranger may cause, and
    somebody who left gets one in a week.
    """
    mailbox_hash = mailbox.hash_of(subscriber.email or "")
    allowance.lock_address(session, mailbox_hash)
    session.flush()
    session.refresh(subscriber, with_for_update=True)
    if subscriber.address_hash is None or suppression.reason(session, subscriber.address_hash):
        return False
    mailed = allowance.mailed(session, mailbox_hash, now)
    has_left = subscriber.state is not SubscriberState.ACTIVE
    if mailed.has_had_enough() or (has_left and mailed.had(FRESH_LINK, ONE_WHO_LEFT)):
        return False
    planned = plan.plan(
        session,
        MessageKind.NOTICE,
        f"fresh:{subscriber.id}:{int(now.timestamp()) // 60}",  # two presses within a minute are one
        template=FRESH_LINK,
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + FRESH,
        subscriber_id=subscriber.id,
        now=now,
    )
    if planned is not None:
        ledger.write(session, mailbox_hash, FRESH_LINK, now)
    return planned is not None


def fresh_token(person: Subscriber, now: datetime) -> str:
    """The token of a fresh link that ends in an hour, or when they move, for the mail that carries it."""
    return tokens.sign(Purpose.FRESH, person.id, int((now + FRESH).timestamp()), _where(person))


def read_fresh(session: Session, token: str, now: datetime) -> int:
    """The subscriber id behind a fresh link. Raises BadToken for one that has ended or was never ours.

    One mailed to an address they have left behind has ended: whoever reads there may be somebody else.
    """
    numbers = tokens.read(Purpose.FRESH, token)
    if len(numbers) != 3 or numbers[1] <= now.timestamp():
        raise BadToken
    person = session.get(Subscriber, numbers[0])
    if person and person.address_hash and numbers[2] != _where(person):  # of who is erased there is nothing to see
        raise BadToken
    return numbers[0]


def _where(person: Subscriber) -> int:
    """Their present address as a number a token can carry."""
    return int.from_bytes((person.address_hash or b"")[:WHERE_BYTES], "big")


def export(session: Session, subscriber_id: int) -> dict[str, Any]:
    """Everything we hold about one person, ready for JSON: plain keys, ISO 8601 times. Empty when there is nobody."""
    subscriber = session.get(Subscriber, subscriber_id)
    return holdings.of(session, subscriber) | {"evidence": evidence.told(session, subscriber_id)} if subscriber else {}


def erase(session: Session, subscriber_id: int, now: datetime, how: str = ERASED_HERE) -> None:
    """Blanks the person out of every row, ends their courses and keeps them from being mailed. Told twice: once.

    The rows stay, so that counts stay true and old links still lead somewhere.
    """
    # First, as confirming does: or the two could wait for each other.
    session.execute(select(SignUp.id).where(SignUp.subscriber_id == subscriber_id).with_for_update())
    person = session.get(Subscriber, subscriber_id, with_for_update=True, populate_existing=True)
    if person is None or person.address_hash is None:
        return
    withdrawals.note(session, Kind.ERASED, person.address_hash, now)
    suppression.suppress(session, person.address_hash, SuppressionReason.ERASURE, now)
    enrolment.stop(session, person.id, StopReason.ERASED, now)
    withdraw(session, person.id, how, Visit("", ""), now)
    holdings.blank(session, person, now)
    person.email = person.address_hash = person.paused_until = None
    person.first_name = person.time_zone = ""
    person.utm = {}
    person.state = SubscriberState.ERASED
    person.ended_at = now
    session.flush()


def erase_booking(session: Session, booking_id: int, now: datetime) -> None:
    """Blanks what somebody typed to ask for a session, and the address in their mail of thanks, which is not sent now.

    For whoever asks the owner, being no subscriber. The rows stay, so that counts stay true; a subscriber's own do too.
    Raises NoResultFound for a booking that is not there.
    """
    booking = session.get_one(Booking, booking_id)
    # Mails before bookings, as in `erase`. The owner's notice holds nothing that was typed, and may leave.
    thanks = Message.booking_id == booking.id, func.lower(Message.to_address) == booking.email.lower()
    holdings.blank_mails(session, list(session.scalars(select(Message.id).where(*thanks))), now)
    session.refresh(booking, with_for_update=True)
    if booking.email:
        withdrawals.note(session, Kind.UNBOOKED, tokens.address_hash(booking.email), now)
    booking.name = booking.email = booking.phone = booking.suits = booking.note = ""
    booking.text_deleted_at = booking.text_deleted_at or now
    session.flush()
