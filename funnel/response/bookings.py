"""Bookings: asked for on our page, said by the reader, or marked by the owner. Each ends the person's course.

What led here is kept twice: the mail and post in the booking's row, and where the person first signed up in the
subscriber's.
"""

import re
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import addressees, pointer, preferences, signup
from funnel.models.content import StopReason
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.responses import Booking, BookingHow, BookingState, Event, EventKind
from funnel.programme import enrolment
from funnel.response import notices, origin

SAME_BOOKING = timedelta(days=30)  # said or marked again within this, it is the booking we know
SAME_POST = timedelta(minutes=10)  # the same words again within this are one button pressed twice
LONGEST_PHONE = 40
LONGEST_TEXT = 1000

_UNKEEPABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # controls, and halves of signs


@dataclass(frozen=True)
class Asked:
    """What was typed into the booking page."""

    name: str
    email: str
    phone: str = ""
    suits: str = ""
    note: str = ""
    language: str = "en"


def ask(session: Session, asked: Asked, reference: str, source: str, now: datetime) -> Booking:
    """Keeps a session asked for on our page, whoever asks.

    Whose it is: the reader whose click `reference` names (60 days), or else the subscriber with exactly this address;
    never by name. Stops that person's course, and plans the mail of thanks and the owners' notices. The same words
    posted twice are one booking. Raises ValueError, in words for the reader, for a name or address that cannot stand in
    a mail; other text is cut to what fits.
    """
    asked = _tidy(asked)
    notices.one_at_a_time(session, asked.email)
    if (known := _posted(session, asked, now)) is not None:
        return known
    click = _named(session, reference, now)
    reader = _reader(session, click, asked.email)
    booking = Booking(
        state=BookingState.REQUESTED,
        how=BookingHow.PAGE,
        subscriber_id=reader.id if reader else None,
        message_id=origin.mail(session, click, reader.id if reader else None, now),
        source=(click.post if click else "") or signup.clean_source(source) or (reader.source if reader else ""),
        language=asked.language,
        name=asked.name,
        email=asked.email,
        phone=asked.phone,
        suits=asked.suits,
        note=asked.note,
        created_at=now,
    )
    _keep(session, booking, now)
    notices.thank(session, booking, now)
    notices.tell_owners(session, booking, now)
    return booking


def said_booked(session: Session, subscriber_id: int, message_id: int, now: datetime) -> bool:
    """The reader says so, from the mail `message_id` (0: none). Stops the course.

    False when a booking of the last 30 days is known, or the person is not kept: then no other is made.
    """
    subscriber_id = pointer.held(session, subscriber_id)
    reader = session.get(Subscriber, subscriber_id, with_for_update=True, populate_existing=True)
    if reader is None or reader.state == SubscriberState.ERASED:
        return False
    if _known(session, subscriber_id, now):
        enrolment.stop(session, subscriber_id, StopReason.BOOKED, now)
        return False
    _keep(session, _told(session, reader, BookingHow.SAID, message_id or None, now), now)
    return True


def mark(session: Session, subscriber_id: int, now: datetime) -> Booking:
    """The owner says so. A session asked for in the last 30 days becomes booked; one known as booked stays as it is.

    Raises NoResultFound for nobody of ours.
    """
    reader = session.get_one(Subscriber, subscriber_id, with_for_update=True, populate_existing=True)
    known = _known(session, subscriber_id, now)
    if known is None:
        known = _told(session, reader, BookingHow.OWNER, None, now)
        _keep(session, known, now)
    elif known.state == BookingState.REQUESTED:
        known.state = BookingState.BOOKED
        session.flush()
    enrolment.stop(session, subscriber_id, StopReason.BOOKED, now)
    return known


def _told(session: Session, reader: Subscriber, how: BookingHow, said_in: int | None, now: datetime) -> Booking:
    # No name or address: they stand in the subscriber's row, where erasing them is one update.
    return Booking(
        state=BookingState.BOOKED,
        how=how,
        subscriber_id=reader.id,
        message_id=origin.mail(session, None, reader.id, now) or said_in,
        source=reader.source,
        created_at=now,
    )


def _keep(session: Session, booking: Booking, now: datetime) -> None:
    session.add(booking)
    session.flush()
    session.execute(
        insert(Event).values(
            kind=EventKind.BOOKING,
            key=f"booking:{booking.id}",
            at=now,
            subscriber_id=booking.subscriber_id,
            message_id=booking.message_id,
            booking_id=booking.id,
            machine=False,
            reason=booking.how.value,
            detail={},
        )
    )
    if booking.subscriber_id is not None:
        enrolment.stop(session, booking.subscriber_id, StopReason.BOOKED, now)
        addressees.look_again(session, booking.subscriber_id, now)


def _named(session: Session, reference: str, now: datetime) -> origin.Click | None:
    click = origin.named(session, reference, now)
    if click and click.machine:  # whoever books is a person, however the visit looked
        session.execute(update(Event).where(Event.id == click.event_id).values(machine=False, reason=""))
    return click


def _reader(session: Session, click: origin.Click | None, email: str) -> Subscriber | None:
    named = session.get(Subscriber, click.subscriber_id) if click and click.subscriber_id else None
    if named is not None and named.state != SubscriberState.ERASED:
        return named
    return session.scalar(select(Subscriber).where(Subscriber.address_hash == tokens.address_hash(email)))


def _posted(session: Session, asked: Asked, now: datetime) -> Booking | None:
    typed = (Booking.name, Booking.email, Booking.phone, Booking.suits, Booking.note, Booking.language)
    same = [column == value for column, value in zip(typed, astuple(asked), strict=True)]
    return session.scalar(select(Booking).where(Booking.created_at > now - SAME_POST, *same).limit(1))


def _known(session: Session, subscriber_id: int, now: datetime) -> Booking | None:
    return session.scalar(
        select(Booking)
        .where(
            Booking.subscriber_id == subscriber_id,
            Booking.created_at > now - SAME_BOOKING,
            Booking.state != BookingState.CANCELLED,
        )
        .order_by(Booking.id.desc())
        .limit(1)
    )


def _tidy(asked: Asked) -> Asked:
    if problem := signup.email_problem(asked.email) or preferences.name_problem(asked.name):
        raise ValueError(problem)
    return Asked(
        name=preferences.tidy_name(asked.name),
        email=signup.normalised(asked.email),
        phone=_plain(asked.phone, LONGEST_PHONE),
        suits=_plain(asked.suits, LONGEST_TEXT),
        note=_plain(asked.note, LONGEST_TEXT),
        language=asked.language,
    )


def _plain(text: str, most: int) -> str:
    return "\n".join(_UNKEEPABLE.sub("", line) for line in text.splitlines()).strip()[:most]
