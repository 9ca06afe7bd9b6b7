from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.models.mail import LinkKind, MessageKind, MessageState
from funnel.models.people import SubscriberState
from funnel.models.responses import Event, EventKind
from funnel.response import clicks
from funnel.tokens import BadToken, Purpose
from tests.conftest import NOW
from tests.factories import a_link, a_message, a_post, a_sequence, a_subscriber

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SENT = {"state": MessageState.SENT, "sent_at": NOW - timedelta(hours=1)}


def visited(session, link, message=None, *, now=NOW, head=False, agent=BROWSER):
    token = tokens.sign(Purpose.GO, link.id, message.id if message else 0)
    return clicks.visit(session, token, head=head, agent=agent, now=now)


def events(session):
    return session.scalars(select(Event).order_by(Event.id)).all()


def test_a_click_leads_where_the_links_row_says_and_is_noted_once_for_its_reader(session):
    ada = a_subscriber(session)
    message = a_message(session, ada, **SENT)
    link = a_link(session, url="https://example.org/walking?card=1#week")
    assert visited(session, link, message) == "https://example.org/walking?card=1#week"
    [event] = events(session)
    assert (event.kind, event.subscriber_id, event.message_id, event.link_id) == (
        EventKind.CLICK,
        ada.id,
        message.id,
        link.id,
    )
    assert (event.machine, event.reason, event.at, event.reference) == (False, "", NOW, None)


def test_a_double_click_is_one_row_and_a_later_one_another(session):
    message = a_message(session, a_subscriber(session), **SENT)
    link = a_link(session)
    for seconds in (0, 1, 30, 90):
        visited(session, link, message, now=NOW + timedelta(seconds=seconds))
    assert len(events(session)) == 2


def test_many_people_on_one_pages_link_are_as_many_rows(session):
    link = a_link(session, post_id=a_post(session).id)
    visited(session, link)
    visited(session, link)
    assert [event.message_id for event in events(session)] == [None, None]


@pytest.mark.parametrize(
    "token",
    ["", "rubbish", "x" * 300, "ü"],
)
def test_rubbish_is_no_link(session, token):
    with pytest.raises(BadToken):
        clicks.visit(session, token, head=False, agent=BROWSER, now=NOW)


def test_a_token_of_ours_for_something_else_or_for_no_link_is_refused(session):
    link = a_link(session)
    for token in (
        tokens.sign(Purpose.UNSUBSCRIBE, link.id, 0),
        tokens.sign(Purpose.GO, link.id),
        tokens.sign(Purpose.GO, link.id + 1, 0),
    ):
        with pytest.raises(BadToken):
            clicks.visit(session, token, head=False, agent=BROWSER, now=NOW)
    assert not events(session)


def test_a_link_of_an_erased_person_still_leads_on_and_tells_nothing_of_them(session, setting):
    setting(BOOKING_URL="https://book.example.org/")
    ghost = a_subscriber(session, state=SubscriberState.ERASED)
    ghost.email = ghost.address_hash = None
    message = a_message(session, ghost, **SENT)
    target = visited(session, a_link(session, kind=LinkKind.BOOKING, url="booking"), message)
    [event] = events(session)
    assert target == f"https://book.example.org/?ref={event.reference}"
    assert (event.subscriber_id, event.message_id) == (None, None)


def test_a_link_of_a_deleted_mail_still_leads_on(session):
    link = a_link(session)
    token = tokens.sign(Purpose.GO, link.id, 4711)
    assert clicks.visit(session, token, head=False, agent=BROWSER, now=NOW) == link.url
    assert events(session)[0].message_id is None


def test_the_owner_trying_a_mail_out_is_not_its_reader(session, setting):
    setting(BOOKING_URL="https://book.example.org/")
    message = a_message(session, a_subscriber(session), kind=MessageKind.TEST, **SENT)
    target = visited(session, a_link(session, kind=LinkKind.BOOKING, url="booking"), message)
    assert "email" not in target
    assert events(session)[0].subscriber_id is None


def test_the_booking_link_carries_name_address_and_a_reference_to_the_booking_page(session, setting):
    setting(BOOKING_URL="https://book.example.org/alessandro?length=60")
    ada = a_subscriber(session, email="ada+tips@example.org", first_name="Ada & Söhne")
    target = visited(session, a_link(session, kind=LinkKind.BOOKING, url="booking"), a_message(session, ada, **SENT))
    [event] = events(session)
    assert len(event.reference) == 12
    assert parse_qs(urlsplit(target).query) == {
        "length": ["60"],
        "name": ["Ada & Söhne"],
        "email": ["ada+tips@example.org"],
        "ref": [event.reference],
    }


def test_the_campaign_is_the_step_or_post_that_holds_the_link(session, setting):
    setting(BOOKING_URL="https://calendly.com/alessandro/60min")
    step = a_sequence(session).steps[1]
    message = a_message(session, a_subscriber(session), step_id=step.id, **SENT)
    post = a_post(session, slug="quadratus-lumborum")
    in_mail = a_link(session, kind=LinkKind.BOOKING, url="booking", step_id=step.id)
    in_post = a_link(session, kind=LinkKind.BOOKING, url="booking", post_id=post.id)
    assert "utm_campaign=mail-2&" in visited(session, in_mail, message)
    assert "utm_campaign=quadratus-lumborum&" in visited(session, in_post)


def test_without_a_booking_page_the_link_leads_to_ours_with_the_reference_only(session):
    ada = a_subscriber(session)
    link = a_link(session, kind=LinkKind.BOOKING, url="booking")
    target = visited(session, link, a_message(session, ada, **SENT))
    assert target == f"http://127.0.0.1:8000/book?ref={events(session)[0].reference}"


def test_a_second_booking_click_at_once_carries_the_first_ones_reference(session):
    message = a_message(session, a_subscriber(session), **SENT)
    link = a_link(session, kind=LinkKind.BOOKING, url="booking")
    first = visited(session, link, message)
    assert visited(session, link, message, now=NOW + timedelta(seconds=2)) == first
    assert visited(session, link, message, now=NOW + timedelta(minutes=2)) != first


def test_i_have_already_booked_leads_to_the_page_with_the_button(session):
    message = a_message(session, a_subscriber(session), **SENT)
    link = a_link(session, kind=LinkKind.BOOKED, url="booked")
    token = tokens.sign(Purpose.GO, link.id, message.id)
    assert visited(session, link, message) == f"http://127.0.0.1:8000/booked/{token}"
