"""The mails a booking causes: thanks to who asked, and word to every owner. Neither holds what was typed (law 5)."""

from datetime import datetime, timedelta

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import suppression
from funnel.models.house import Owner
from funnel.models.mail import MessageKind, Queue
from funnel.models.responses import Booking, BookingHow
from funnel.programme import plan

MOST_THANKS_A_DAY = 3  # per address: or a stranger could fill somebody's inbox through our form
NOTICE_LIFE = timedelta(days=2)
THANKS = "booking_thanks"
OWNER_NOTICE = "booking_notice"


def one_at_a_time(session: Session, email: str) -> None:
    """Makes bookings by one address wait for each other until the transaction ends, so that they can be counted."""
    session.execute(
        select(func.pg_advisory_xact_lock(func.hashtext("booking"), cast(func.hashtext(email.lower()), Integer)))
    )


def thank(session: Session, booking: Booking, now: datetime) -> bool:
    """Plans the mail of thanks to the typed address. False when that address has had enough, or wants none."""
    today = select(func.count()).where(
        Booking.created_at > now - timedelta(days=1),
        Booking.how == BookingHow.PAGE,
        func.lower(Booking.email) == booking.email.lower(),
        Booking.id != booking.id,
    )
    if session.scalars(today).one() >= MOST_THANKS_A_DAY:
        return False
    if suppression.reason(session, tokens.address_hash(booking.email)):
        return False
    return _plan(session, f"booking-thanks:{booking.id}", THANKS, booking.email, booking.id, now)


def tell_owners(session: Session, booking: Booking, now: datetime) -> int:
    """Plans a notice to each owner. Returns to how many."""
    owners = session.execute(select(Owner.id, Owner.email).order_by(Owner.id)).all()
    return sum(
        _plan(session, f"booking-notice:{booking.id}:{owner.id}", OWNER_NOTICE, owner.email, booking.id, now)
        for owner in owners
    )


def _plan(session: Session, key: str, template: str, to_address: str, booking_id: int, now: datetime) -> bool:
    planned = plan.plan(
        session,
        MessageKind.NOTICE,
        key,
        template=template,
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + NOTICE_LIFE,
        to_address=to_address,
        booking_id=booking_id,
        now=now,
    )
    return planned is not None
