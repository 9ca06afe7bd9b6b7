"""What came back: events and bookings."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words


class EventKind(StrEnum):
    CLICK = "click"
    OPEN = "open"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    BOOKING = "booking"
    HANDOUT = "handout"  # took it for the first time


class BookingState(StrEnum):
    REQUESTED = "requested"
    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"


class BookingHow(StrEnum):
    PAGE = "page"  # the built-in page
    SAID = "said"  # "I have already booked"
    OWNER = "owner"  # marked by the owner


FOLLOWED = "kind = 'click' AND machine IS FALSE AND subscriber_id IS NOT NULL"


class Event(Base):
    """What happened once. `key` names the happening, so that telling it twice makes one row."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[EventKind] = mapped_column(words(EventKind))
    key: Mapped[str | None] = mapped_column(unique=True)
    at: Mapped[datetime]
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    link_id: Mapped[int | None] = mapped_column(ForeignKey("link.id"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    machine: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")  # why it is a machine's, or the bounce's status code
    reference: Mapped[str | None] = mapped_column(unique=True)  # carried to the booking page; lives 60 days
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index("ix_event_at", "at"),
        Index("ix_event_subscriber", "subscriber_id", "at"),
        Index("ix_event_message", "message_id"),
        Index("ix_event_link", "link_id"),
        Index("ix_event_kind", "kind", "at"),
        # What people followed: one visit in twenty, the others being machines'.
        Index(
            "ix_event_followed",
            "link_id",
            "subscriber_id",
            postgresql_where=text(FOLLOWED),
        ),
        Index(
            "ix_event_followed_when",
            "at",
            "subscriber_id",
            postgresql_include=["link_id"],  # the hours of an issue are read from it
            postgresql_where=text(FOLLOWED),
        ),
    )


class Booking(Base):
    """A session asked for or booked, and the mail and post that led to it."""

    __tablename__ = "booking"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[BookingState] = mapped_column(words(BookingState))
    how: Mapped[BookingHow] = mapped_column(words(BookingHow))
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", use_alter=True))  # the mail that led here
    source: Mapped[str] = mapped_column(default="")  # the post or ?src= that led here
    language: Mapped[str] = mapped_column(default="en", server_default="en")  # of the page it was asked for on
    name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    suits: Mapped[str] = mapped_column(default="")  # when they can come; free text, deleted after 90 days
    note: Mapped[str] = mapped_column(default="")  # free text, deleted after 90 days
    created_at: Mapped[datetime] = mapped_column(index=True)
    text_deleted_at: Mapped[datetime | None]
