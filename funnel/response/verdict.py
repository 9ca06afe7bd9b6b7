"""The owner's word on a session that was asked for: it is booked, or it will not be."""

from datetime import datetime

from sqlalchemy.orm import Session

from funnel.models.content import StopReason
from funnel.models.responses import Booking, BookingState
from funnel.programme import enrolment


def booked(session: Session, booking_id: int, now: datetime) -> Booking:
    """Marks it as booked, and stops the person's course. Raises NoResultFound for a booking that is not there."""
    booking = session.get_one(Booking, booking_id)
    if booking.subscriber_id is not None:  # the person's rows before the booking's, as in erasing
        enrolment.stop(session, booking.subscriber_id, StopReason.BOOKED, now)
    session.refresh(booking, with_for_update=True)
    booking.state = BookingState.BOOKED
    return booking


def cancelled(session: Session, booking_id: int, now: datetime) -> Booking:
    """Marks it as cancelled. The course stays stopped: who changed their mind is not sent tips unasked.

    Raises NoResultFound for a booking that is not there.
    """
    booking = session.get_one(Booking, booking_id, with_for_update=True, populate_existing=True)
    booking.state = BookingState.CANCELLED
    return booking
