from datetime import timedelta

import pytest

from funnel.insight import advice, tallies
from funnel.models.mail import LinkKind, MessageState
from funnel.models.responses import BookingState, EventKind
from tests.conftest import NOW
from tests.factories import a_booking, a_link, a_message, a_post, a_sequence, a_subscriber, an_event

LATELY = NOW - timedelta(days=3)


@pytest.fixture
def somebody(session):
    """So that it is not silent."""
    return a_subscriber(session, created_at=LATELY)


def sent(session, step, count, left=0, bounced=0):
    for number in range(count):
        reader = a_subscriber(session, created_at=LATELY)
        mail = a_message(
            session, reader, step_id=step.id, due_at=LATELY, state=MessageState.SENT, sent_at=LATELY, ended_at=LATELY
        )
        if number < left:
            an_event(session, EventKind.UNSUBSCRIBE, mail, at=LATELY)
        if number < bounced:
            an_event(session, EventKind.BOUNCE, mail, at=LATELY)


def drawn(session):
    tallies.freshen(session, NOW)
    return advice.drawn(session, NOW)


def test_when_all_is_well_nothing_is_asked_for(session, somebody):
    assert "by itself" in drawn(session).text


def test_whoever_waits_for_a_word_comes_first(session, somebody):
    first = a_booking(session, created_at=LATELY)
    assert drawn(session).text.startswith("Somebody asks for a session")
    a_booking(session, created_at=LATELY)
    a_booking(session, created_at=NOW)
    a_booking(session, created_at=LATELY, state=BookingState.BOOKED)
    told = drawn(session)
    assert told.text.startswith("2 people ask for a session")
    assert told.path == f"/owner/bookings/{first.id}"


def test_mails_that_come_back_more_than_providers_put_up_with(session, somebody, monkeypatch):
    monkeypatch.setattr(advice.health, "ENOUGH_MAILS", 50)
    sent(session, a_sequence(session).steps[0], 50, bounced=2)
    assert drawn(session).text.startswith("2 of the last 50 mails could not be reached")


def test_people_who_do_not_confirm(session):
    for number in range(advice.ENOUGH_SIGN_UPS):
        a_subscriber(session, created_at=LATELY, confirmed_at=LATELY if number < 11 else None)
    told = drawn(session)
    assert "Of 20 people" in told.text
    assert "11 confirmed" in told.text


def test_two_of_three_who_do_not_confirm_are_too_few_to_tell(session, somebody):
    for _ in range(2):
        a_subscriber(session, created_at=LATELY, confirmed_at=None)
    assert "by itself" in drawn(session).text


def test_the_mail_that_people_leave_from(session):
    steps = a_sequence(session).steps
    sent(session, steps[0], advice.ENOUGH_READERS, left=1)
    sent(session, steps[1], advice.ENOUGH_READERS, left=advice.ENOUGH_LEFT)
    told = drawn(session)
    assert f"“{steps[1].subject}” loses most people: 5 of 50" in told.text
    assert told.path == f"/owner/mails/{steps[1].id}"


def test_people_who_looked_at_the_booking_page_and_booked_nothing(session):
    link = a_link(session, kind=LinkKind.BOOKING)
    for number in range(advice.ENOUGH_LOOKERS + 1):
        reader = a_subscriber(session, created_at=LATELY)
        mail = a_message(session, reader)
        an_event(session, EventKind.CLICK, mail, at=LATELY, link_id=link.id)
        an_event(session, EventKind.CLICK, mail, at=LATELY, link_id=link.id)
        if not number:
            a_booking(session, reader, created_at=LATELY, state=BookingState.BOOKED)
    assert drawn(session).text.startswith("3 people opened your booking page")


def test_a_week_without_a_sign_up(session):
    assert drawn(session).text.startswith("Nobody signed up")


def test_the_post_that_brings_bookings_is_named_and_a_word_somebody_typed_is_not(session, somebody):
    post = a_post(session, title="A stiff back")
    for number in range(5):
        source = post.slug if number < advice.ENOUGH_BOOKINGS else "typed-by-a-stranger"
        a_booking(session, created_at=LATELY, state=BookingState.BOOKED, source=source)
    told = drawn(session)
    assert told.text.startswith("“A stiff back” brought 3 bookings")
    assert told.path == f"/posts/{post.slug}"
