"""Why nothing comes for somebody: how their course stands, and whether they booked."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.responses import Booking, BookingState


def course(session: Session, subscriber_id: int) -> Enrolment | None:
    """Their course: one that runs, or else the one that ended last. None: there never was one."""
    newest = Enrolment.ended_at.desc().nulls_first(), Enrolment.id.desc()
    query = select(Enrolment).where(Enrolment.subscriber_id == subscriber_id)
    return session.scalars(query.order_by(Enrolment.state != EnrolmentState.ACTIVE, *newest).limit(1)).first()


def booked(session: Session, subscriber_id: int, since: datetime) -> bool:
    """Whether the newest booking they made since then, of those not cancelled, is known as booked."""
    newest = (
        select(Booking.state)
        .where(
            Booking.subscriber_id == subscriber_id,
            Booking.created_at > since,
            Booking.state != BookingState.CANCELLED,
        )
        .order_by(Booking.id.desc())
        .limit(1)
    )
    return session.scalar(newest) in (BookingState.BOOKED, BookingState.MOVED)
