"""Who booked, and which post and mail brought them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.insight import subjects
from funnel.models.content import Step
from funnel.models.mail import Message
from funnel.models.people import Subscriber
from funnel.models.responses import Booking, BookingHow, BookingState


@dataclass(frozen=True)
class Booked:
    id: int
    at: datetime
    state: BookingState
    how: BookingHow
    subscriber_id: int | None
    name: str
    email: str
    phone: str
    suits: str
    note: str
    text_deleted_at: datetime | None
    template: str | None  # of the mail that brought them; None: none did
    subject: str | None
    source: str  # the post or page that led to the booking
    first_source: str  # where they first signed up

    @property
    def mail(self) -> str:
        """The mail that brought them; empty: none did."""
        return subjects.called(self.template, self.subject) if self.template else ""


def recent(session: Session, since: datetime | None, limit: int = 20) -> list[Booked]:
    """The newest bookings since `since` (None: ever), cancelled ones among them, at most `limit`."""
    query = (
        select(
            Booking.id,
            Booking.created_at,
            Booking.state,
            Booking.how,
            Booking.subscriber_id,
            func.coalesce(func.nullif(Booking.name, ""), Subscriber.first_name, ""),
            func.coalesce(func.nullif(Booking.email, ""), Subscriber.email, ""),
            Booking.phone,
            Booking.suits,
            Booking.note,
            Booking.text_deleted_at,
            Message.template,
            Step.subject,
            Booking.source,
            func.coalesce(Subscriber.source, ""),
        )
        .outerjoin(Subscriber, Subscriber.id == Booking.subscriber_id)
        .outerjoin(Message, Message.id == Booking.message_id)
        .outerjoin(Step, Step.id == Message.step_id)
        .order_by(Booking.created_at.desc(), Booking.id.desc())
        .limit(limit)
    )
    if since is not None:
        query = query.where(Booking.created_at >= since)
    return [Booked(*row) for row in session.execute(query)]
