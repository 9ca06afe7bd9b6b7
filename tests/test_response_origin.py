"""Which mail and post a booking is put down to."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.models.mail import LinkKind, MessageState
from funnel.models.people import SubscriberState
from funnel.models.responses import Event, EventKind
from funnel.response import bookings, clicks, origin
from funnel.response.bookings import Asked
from tests.conftest import NOW
from tests.factories import a_link, a_message, a_post, a_subscriber, an_event

DAY = timedelta(days=1)


@pytest.fixture
def ada(session):
    return a_subscriber(session, email="ada@example.org", source="first-post")


@pytest.fixture
def link(session):
    return a_link(session, kind=LinkKind.BOOKING, url="booking")


def clicked(session, person, link, at=NOW, **changes):
    mail = a_message(session, person, state=MessageState.SENT, sent_at=at - DAY)
    return an_event(session, EventKind.CLICK, mail, at=at, link_id=link.id, **changes)


def booked(session, reference="", source="", email="ada@example.org"):
    return bookings.ask(session, Asked("Ada", email), reference, source, NOW)


def test_a_reference_tells_who_and_which_mail_whatever_address_is_typed(session, ada, link):
    event = clicked(session, ada, link, reference="abcDEF-_1234")
    booking = booked(session, "abcDEF-_1234", email="at-work@example.com")
    assert (booking.subscriber_id, booking.message_id, booking.source) == (ada.id, event.message_id, "first-post")


def test_a_reference_from_a_post_tells_the_post_and_the_address_who(session, ada, link):
    in_post = a_link(session, kind=LinkKind.BOOKING, url="booking", post_id=a_post(session, slug="ql").id)
    an_event(session, EventKind.CLICK, link_id=in_post.id, reference="abcDEF-_1234")
    mail = clicked(session, ada, link, at=NOW - DAY).message_id
    booking = booked(session, "abcDEF-_1234", source="elsewhere")
    assert (booking.subscriber_id, booking.message_id, booking.source) == (ada.id, mail, "ql")


def test_a_reference_lives_sixty_days_and_brings_its_mail_thirty(session, ada, link):
    old = clicked(session, ada, link, at=NOW - origin.CLICK_COUNTS_FOR - DAY, reference="older-than-30")
    clicked(session, ada, link, at=NOW - origin.REFERENCE_LIFE - DAY, reference="older-than-60")
    booking = booked(session, "older-than-30", email="x@example.com")
    assert (booking.subscriber_id, booking.message_id) == (old.subscriber_id, None)
    assert booked(session, "older-than-60", email="y@example.com").subscriber_id is None


def test_an_older_reference_gives_way_to_a_later_click(session, ada, link):
    clicked(session, ada, link, at=NOW - origin.CLICK_COUNTS_FOR - DAY, reference="older-than-30")
    later = clicked(session, ada, link, at=NOW - 2 * DAY)
    assert booked(session, "older-than-30").message_id == later.message_id


@pytest.mark.parametrize("reference", ["", "never-was", "x" * 300, "a\x00b", "ü" * 12, "' or true --"])
def test_a_reference_we_did_not_give_says_nothing(session, ada, reference):
    assert booked(session, reference, email="x@example.com").subscriber_id is None


def test_without_a_reference_the_last_booking_click_by_a_person_counts(session, ada, link):
    clicked(session, ada, link, at=NOW - 9 * DAY)
    last = clicked(session, ada, link, at=NOW - 3 * DAY)
    clicked(session, ada, a_link(session), at=NOW - 2 * DAY)
    clicked(session, ada, link, at=NOW - DAY, machine=True)
    clicked(session, a_subscriber(session), link)
    assert booked(session).message_id == last.message_id


def test_a_booking_click_counts_for_thirty_days(session, ada, link):
    clicked(session, ada, link, at=NOW - origin.CLICK_COUNTS_FOR - timedelta(seconds=1))
    assert booked(session).message_id is None


def test_the_source_is_the_pages_or_else_the_persons_first(session, ada):
    assert booked(session, source="second-post").source == "second-post"
    assert booked(session, source="not a slug\x00", email="Ada@example.org").source == "first-post"
    assert booked(session, email="x@example.com").source == ""


def test_who_said_so_is_put_down_to_the_booking_click_rather_than_to_the_button(session, ada, link):
    mail = clicked(session, ada, link).message_id
    other = a_message(session, ada, state=MessageState.SENT)
    assert bookings.said_booked(session, ada.id, other.id, NOW)
    assert origin.last(session, ada.id, NOW).message_id == mail
    assert session.scalars(select(Event.message_id).where(Event.kind == EventKind.BOOKING)).one() == mail


def test_whoever_books_was_a_person_however_the_visit_looked(session, ada, link):
    event = clicked(session, ada, link, reference="abcDEF-_1234", machine=True, reason="several links at once")
    assert booked(session, "abcDEF-_1234").message_id == event.message_id
    session.refresh(event)
    assert (event.machine, event.reason) == (False, "")


def test_a_reference_of_somebody_erased_since_matches_nobody(session, ada, link):
    clicked(session, ada, link, reference="abcDEF-_1234")
    ada.state, ada.email, ada.address_hash = SubscriberState.ERASED, None, None
    assert booked(session, "abcDEF-_1234").subscriber_id is None


def test_the_reference_a_click_was_given_finds_its_way_back(session, ada, link):
    from funnel import tokens

    mail = a_message(session, ada, state=MessageState.SENT, sent_at=NOW - DAY)
    token = tokens.sign(tokens.Purpose.GO, link.id, mail.id)
    target = clicks.visit(session, token, head=False, agent="Firefox", now=NOW)
    assert booked(session, target.partition("ref=")[2], email="x@example.com").message_id == mail.id
