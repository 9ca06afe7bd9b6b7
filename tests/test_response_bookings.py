from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import suppression
from funnel.choices import Limits
from funnel.models.content import EnrolmentState, StopReason
from funnel.models.house import Owner
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.people import SubscriberState, SuppressionReason
from funnel.models.responses import Booking, BookingHow, BookingState, Event, EventKind
from funnel.response import bookings, notices
from funnel.response.bookings import Asked
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_subscriber, add, an_enrolment

ADA = Asked("Ada Byron", "ada@example.org", "020 7946 0000", "Tuesdays", "Is there parking?")


def asked(session, typed=ADA, reference="", source="", now=NOW):
    return bookings.ask(session, typed, reference, source, now)


def an_owner(session, email="alessandro@example.org"):
    return add(session, Owner(email=email, password_hash="", session_key="", created_at=NOW))


def thanks(session):
    found = select(Message).where(Message.template == notices.THANKS).order_by(Message.id)
    return session.scalars(found).all()


def enrolled(session, **changes):
    ada = a_subscriber(session, **({"email": "ada@example.org"} | changes))
    return ada, an_enrolment(session, ada, a_sequence(session))


def stopped(session, enrolment):
    session.refresh(enrolment)
    return enrolment.state == EnrolmentState.STOPPED and enrolment.reason


def test_what_was_asked_is_kept_for_the_owner_whoever_asks(session):
    booking = asked(session, source="quadratus-lumborum")
    assert (booking.state, booking.how, booking.subscriber_id, booking.created_at) == (
        BookingState.REQUESTED,
        BookingHow.PAGE,
        None,
        NOW,
    )
    assert (booking.name, booking.email, booking.phone) == ("Ada Byron", "ada@example.org", "020 7946 0000")
    assert (booking.suits, booking.note, booking.source) == ("Tuesdays", "Is there parking?", "quadratus-lumborum")
    event = session.scalars(select(Event)).one()
    assert (event.kind, event.booking_id, event.subscriber_id) == (EventKind.BOOKING, booking.id, None)


def test_it_stops_the_course_of_who_has_exactly_this_address(session):
    ada, enrolment = enrolled(session)
    waiting = a_message(session, ada)
    booking = asked(session, Asked("Somebody", "ADA@example.org"))
    assert booking.subscriber_id == ada.id
    assert stopped(session, enrolment) == StopReason.BOOKED
    session.refresh(waiting)
    assert waiting.state == MessageState.SKIPPED


def test_a_name_is_never_a_match(session):
    _, enrolment = enrolled(session, email="another@example.org", first_name="Ada Byron")
    assert asked(session).subscriber_id is None
    assert not stopped(session, enrolment)


def test_the_person_is_thanked_and_every_owner_told_at_once(session):
    owners = [an_owner(session), an_owner(session, "second@example.org")]
    booking = asked(session)
    mails = session.scalars(select(Message).order_by(Message.id)).all()
    assert [(mail.key, mail.template, mail.to_address) for mail in mails] == [
        (f"booking-thanks:{booking.id}", "booking_thanks", "ada@example.org"),
        (f"booking-notice:{booking.id}:{owners[0].id}", "booking_notice", "alessandro@example.org"),
        (f"booking-notice:{booking.id}:{owners[1].id}", "booking_notice", "second@example.org"),
    ]
    assert {(mail.kind, mail.queue, mail.due_at, mail.booking_id, mail.subscriber_id) for mail in mails} == {
        (MessageKind.NOTICE, Queue.URGENT, NOW, booking.id, None)
    }


def test_the_thanks_to_a_subscriber_stand_among_their_mails(session):
    ada, _ = enrolled(session)
    asked(session)
    asked(session, Asked("Ben", "ben@example.org", "", "Mondays", ""))
    assert [(mail.subscriber_id, mail.to_address) for mail in thanks(session)] == [
        (ada.id, None),
        (None, "ben@example.org"),
    ]


def test_the_same_words_posted_twice_are_one_booking(session):
    an_owner(session)
    first = asked(session)
    assert asked(session, now=NOW + bookings.SAME_POST - timedelta(seconds=1)) is first
    assert asked(session, now=NOW + bookings.SAME_POST) is not first
    assert len(session.scalars(select(Message)).all()) == 4


def test_nobodys_inbox_can_be_filled_with_thanks(session):
    for number in range(Limits.address_day + 2):
        asked(session, Asked("Ada", "Ada@example.org" if number % 2 else "ada@example.org", note=str(number)))
    assert len(thanks(session)) == Limits.address_day
    assert len(session.scalars(select(Booking)).all()) == Limits.address_day + 2
    for day in range(1, 29):
        asked(session, now=NOW + timedelta(days=day))
    assert len(thanks(session)) == Limits.address_month
    asked(session, now=NOW + timedelta(days=31))
    assert len(thanks(session)) == Limits.address_month + 1


@pytest.mark.parametrize("reason", SuppressionReason)
def test_an_address_not_to_be_mailed_is_not_thanked_and_its_booking_kept(session, reason):
    suppression.suppress(session, tokens.address_hash("ada@example.org"), reason, NOW)
    assert asked(session).id
    assert not thanks(session)


def test_a_name_that_cannot_stand_in_a_mail_is_refused_in_words(session):
    with pytest.raises(ValueError, match="leave the signs"):
        asked(session, Asked("=?utf-8?q?Bcc?=", "ada@example.org"))
    with pytest.raises(ValueError, match="@ sign"):
        asked(session, Asked("Ada", "ada"))
    assert not session.scalars(select(Booking)).all()


def test_any_other_text_is_cut_to_what_fits_and_can_be_kept(session):
    booking = asked(session, Asked(" Ada ", " ada@Example.org ", "0" * 50, "a\x00b\r\n\ttea \ud800🙂‍↕️", "x" * 2000))
    assert (booking.name, booking.email) == ("Ada", "ada@example.org")
    assert (booking.phone, booking.suits) == ("0" * bookings.LONGEST_PHONE, "ab\n\ttea 🙂‍↕️")
    assert len(booking.note) == bookings.LONGEST_TEXT


def test_i_have_already_booked_is_one_booking_however_often_it_is_said(session):
    ada, enrolment = enrolled(session, source="quadratus-lumborum")
    mail = a_message(session, ada, state=MessageState.SENT)
    assert bookings.said_booked(session, ada.id, mail.id, NOW)
    assert not bookings.said_booked(session, ada.id, mail.id, NOW + bookings.SAME_BOOKING - timedelta(seconds=1))
    [booking] = session.scalars(select(Booking)).all()
    assert (booking.state, booking.how, booking.email) == (BookingState.BOOKED, BookingHow.SAID, "")
    assert (booking.subscriber_id, booking.message_id, booking.source) == (ada.id, mail.id, "quadratus-lumborum")
    assert stopped(session, enrolment) == StopReason.BOOKED
    assert bookings.said_booked(session, ada.id, 0, NOW + bookings.SAME_BOOKING)


def test_who_asked_on_our_page_and_then_says_so_has_booked_once(session):
    ada, _ = enrolled(session)
    asked(session)
    assert not bookings.said_booked(session, ada.id, 0, NOW)
    assert len(session.scalars(select(Booking)).all()) == 1


def test_nobody_and_the_erased_have_nothing_to_say(session):
    ghost = a_subscriber(session, state=SubscriberState.ERASED)
    assert not bookings.said_booked(session, ghost.id, 0, NOW)
    assert not bookings.said_booked(session, ghost.id + 1, 0, NOW)
    assert not session.scalars(select(Booking)).all()


def test_the_owner_marks_somebody_as_booked_once(session):
    ada, enrolment = enrolled(session)
    booking = bookings.mark(session, ada.id, NOW)
    assert (booking.state, booking.how, booking.subscriber_id) == (BookingState.BOOKED, BookingHow.OWNER, ada.id)
    assert bookings.mark(session, ada.id, NOW + timedelta(days=1)) is booking
    assert stopped(session, enrolment) == StopReason.BOOKED


def test_the_owner_marking_a_session_that_was_asked_for_makes_it_booked(session):
    ada, _ = enrolled(session)
    booking = asked(session)
    assert bookings.mark(session, ada.id, NOW) is booking
    assert (booking.state, booking.how) == (BookingState.BOOKED, BookingHow.PAGE)


def test_a_cancelled_session_is_no_reason_not_to_book_another(session):
    ada, _ = enrolled(session)
    bookings.mark(session, ada.id, NOW).state = BookingState.CANCELLED
    assert bookings.said_booked(session, ada.id, 0, NOW)
