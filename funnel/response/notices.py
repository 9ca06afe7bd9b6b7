"""The mails a booking causes: thanks to who asked, and word to every owner. Neither holds what was typed (law 5)."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import allowance, ledger, mailbox, suppression
from funnel.config import settings
from funnel.house import staff
from funnel.models.mail import MessageKind, Queue
from funnel.models.people import Subscriber
from funnel.models.responses import Booking
from funnel.programme import plan

NOTICE_LIFE = timedelta(days=2)
THANKS = "booking_thanks"
OWNER_NOTICE = "booking_notice"


def one_at_a_time(session: Session, email: str) -> None:
    """Makes bookings and sign-ups of one mailbox wait for each other until the transaction ends, to be counted."""
    allowance.lock_address(session, mailbox.hash_of(email))


def thank(session: Session, booking: Booking, now: datetime) -> bool:
    """Plans the mail of thanks to the typed address. False when its mailbox has had enough, or wants none.

    The limit is that of sign-up mails, counted together: or a stranger could fill somebody's inbox through our form.
    """
    mailbox_hash = mailbox.hash_of(booking.email)
    if allowance.mailed(session, mailbox_hash, now).has_had_enough():
        return False
    if suppression.reason(session, tokens.address_hash(booking.email)):
        return False
    ledger.write(session, mailbox_hash, THANKS, now)
    key = f"booking-thanks:{booking.id}"
    if _is_their_own(session, booking):
        return _plan(session, key, THANKS, booking.id, now, subscriber_id=booking.subscriber_id)
    return _plan(session, key, THANKS, booking.id, now, to_address=booking.email)


def _is_their_own(session: Session, booking: Booking) -> bool:
    """Whether the typed address is the subscriber's: then the mail stands in their timeline, and under their data."""
    return booking.subscriber_id is not None and booking.subscriber_id == session.scalar(
        select(Subscriber.id).where(Subscriber.address_hash == tokens.address_hash(booking.email))
    )


def tell_owners(session: Session, booking: Booking, now: datetime) -> int:
    """Plans a notice to each who may sign in and change things, if they wish for any. Returns to how many."""
    if not settings().letters.bookings:
        return 0
    return sum(
        _plan(session, f"booking-notice:{booking.id}:{number}", OWNER_NOTICE, booking.id, now, to_address=email)
        for number, email in staff.told(session)
    )


def _plan(
    session: Session,
    key: str,
    template: str,
    booking_id: int,
    now: datetime,
    *,
    to_address: str | None = None,
    subscriber_id: int | None = None,
) -> bool:
    planned = plan.plan(
        session,
        MessageKind.NOTICE,
        key,
        template=template,
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + NOTICE_LIFE,
        to_address=to_address,
        subscriber_id=subscriber_id,
        booking_id=booking_id,
        now=now,
    )
    return planned is not None
