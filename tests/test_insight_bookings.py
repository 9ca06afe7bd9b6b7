from datetime import timedelta

from funnel.insight import bookings
from funnel.models.mail import MessageKind
from funnel.models.people import SubscriberState
from funnel.models.responses import BookingHow, BookingState
from tests.conftest import NOW
from tests.factories import a_booking, a_message, a_sequence, a_subscriber

DAY = timedelta(days=1)


def test_a_booking_is_shown_with_the_mail_and_post_that_brought_it(session):
    ada = a_subscriber(session, email="ada@example.org", source="first-post")
    mail = a_message(session, ada, step_id=a_sequence(session).steps[1].id)
    booking = a_booking(session, ada, message_id=mail.id, source="second-post", name="Ada Byron", email="a@example.com")
    [found] = bookings.recent(session, None)
    assert (found.id, found.at, found.state, found.how) == (
        booking.id,
        NOW,
        BookingState.REQUESTED,
        BookingHow.PAGE,
    )
    assert (found.name, found.email, found.subscriber_id) == ("Ada Byron", "a@example.com", ada.id)
    assert (found.mail, found.source, found.first_source) == ("Mail 2", "second-post", "first-post")


def test_who_only_said_so_is_shown_by_the_name_we_know(session):
    a_booking(session, a_subscriber(session, email="ada@example.org", first_name="Ada"), how=BookingHow.SAID)
    [found] = bookings.recent(session, None)
    assert (found.name, found.email, found.mail) == ("Ada", "ada@example.org", "")


def test_a_stranger_and_somebody_erased_are_shown_all_the_same(session):
    a_booking(session, name="Grace")
    a_booking(
        session, a_subscriber(session, email=None, address_hash=None, first_name="", state=SubscriberState.ERASED)
    )
    assert [(found.name, found.email, found.first_source) for found in bookings.recent(session, None)] == [
        ("", "", ""),
        ("Grace", "", ""),
    ]


def test_a_mail_that_is_no_step_is_called_by_what_it_is_for(session):
    mail = a_message(session, kind=MessageKind.NEWSLETTER, template="spring_letter")
    a_booking(session, message_id=mail.id)
    assert bookings.recent(session, None)[0].mail == "spring letter"


def test_the_newest_of_the_period_come_first(session):
    ids = [a_booking(session, created_at=NOW - days * DAY).id for days in (9, 2, 1, 0)]
    assert [found.id for found in bookings.recent(session, NOW - 3 * DAY)] == ids[:0:-1]
    assert [found.id for found in bookings.recent(session, None, limit=2)] == ids[:1:-1]
