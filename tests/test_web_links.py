"""The links mail programs call: a counted link, and leaving with the button or with RFC 8058."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience.wishes import Wish
from funnel.db import utc_now
from funnel.models.mail import LinkKind
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.responses import Event, EventKind
from funnel.tokens import Purpose
from funnel.web.pages import wished
from tests.factories import a_form, a_link, a_message, a_subscriber
from tests.readers import PHONE

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
BOUNDARY = "----=_part"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--{BOUNDARY}--\r\n'
)


@pytest.fixture
def person(session):
    return a_subscriber(session, email="ada@example.org", form_id=a_form(session, slug="back-care").id)


@pytest.fixture
def leaving(session, person):
    message = a_message(session, person)
    session.commit()
    return f"/unsubscribe/{tokens.sign(Purpose.UNSUBSCRIBE, person.id, message.id)}"


def state(session):
    session.expire_all()
    return session.scalars(select(Subscriber.state)).one()


def test_a_counted_link_leads_on_and_is_kept_by_no_cache(session, client):
    link = a_link(session, url="https://example.org/page")
    session.commit()
    answer = client.get(f"/go/{tokens.sign(Purpose.GO, link.id, 0)}", headers={"User-Agent": PHONE})
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://example.org/page")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    (event,) = session.scalars(select(Event)).all()
    assert (event.kind, event.link_id, event.machine) == (EventKind.CLICK, link.id, False)


def test_asking_for_the_headers_only_is_a_machines_visit(session, client):
    link = a_link(session)
    session.commit()
    answer = client.head(f"/go/{tokens.sign(Purpose.GO, link.id, 0)}", headers={"User-Agent": PHONE})
    assert answer.status_code == 302
    assert session.scalars(select(Event.machine)).one() is True


def test_a_booking_link_of_a_page_leads_to_the_booking_page_with_a_reference(session, client):
    link = a_link(session, url="booking", kind=LinkKind.BOOKING)
    session.commit()
    answer = client.get(f"/go/{tokens.sign(Purpose.GO, link.id, 0)}", headers={"User-Agent": PHONE})
    assert answer.headers["Location"].startswith("http://127.0.0.1:8000/book?ref=")


@pytest.mark.parametrize("path", ["/go/x", "/go/%00", "/unsubscribe/x", "/unsubscribe/" + "a" * 3000])
def test_a_broken_link_is_a_friendly_404(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "not whole" in answer.text


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.GO])
def test_a_link_for_something_else_ends_nothing(session, client, person, purpose):
    session.commit()
    path = f"/unsubscribe/{tokens.sign(purpose, person.id, 0)}"
    assert client.post(path, data=ONE_CLICK).status_code == 404
    assert state(session) == SubscriberState.ACTIVE


@pytest.mark.parametrize("ask", ["get", "head", "options"])
def test_looking_at_the_leaving_page_ends_nothing(session, client, leaving, ask):
    assert getattr(client, ask)(leaving).status_code == 200
    assert state(session) == SubscriberState.ACTIVE


def test_the_leaving_page_has_one_large_button_and_two_gentler_ways(client, leaving):
    page = client.get(leaving).text
    assert page.count("<button") == 3
    assert "ada@example.org" not in page
    assert "Pause for 30 days" in page


def test_the_button_ends_it_and_offers_the_way_back(session, client, leaving):
    assert 'name="pressed" value="1"' in client.get(leaving).text
    pressed = client.post(leaving, data={"pressed": "1"})
    assert pressed.status_code == 303
    assert pressed.location.startswith(f"{leaving}?done=stop&")
    for answer in (client.get(pressed.location), client.post(leaving)):  # the other as a mail program may post it
        assert answer.status_code == 200
        assert "You have left" in answer.text
        assert 'href="/f/back-care"' in answer.text
    assert state(session) == SubscriberState.UNSUBSCRIBED


def test_an_hour_after_leaving_its_address_asks_again_and_so_does_one_we_never_gave(session, client, leaving):
    now = utc_now()
    good, old = (wished.until(Wish.STOP, now - timedelta(minutes=minutes)) for minutes in (59, 61))
    assert "You have left" in client.get(f"{leaving}?done=stop&until={good}").text
    question = client.get(leaving).data
    for until in (old, wished.until(Wish.PAUSE, now), "x", ""):
        assert client.get(f"{leaving}?done=stop&until={until}").data == question


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"data": ONE_CLICK, "content_type": "multipart/form-data"},
        {"data": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"},
        {"data": MULTIPART, "content_type": f'multipart/form-data; boundary="{BOUNDARY}"'},
    ],
)
def test_one_click_answers_200_without_a_redirect_and_may_be_repeated(session, client, leaving, body):
    for _ in range(3):
        answer = client.post(leaving, **body)
        assert answer.status_code == 200
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
    assert state(session) == SubscriberState.UNSUBSCRIBED
    events = session.scalars(select(Event).where(Event.kind == EventKind.UNSUBSCRIBE)).all()
    assert [event.message_id for event in events] == [tokens.read(Purpose.UNSUBSCRIBE, leaving.split("/")[2])[1]]
    assert "one-click" in events[0].reason


def test_a_mail_programs_body_in_disorder_still_ends_it(session, client, leaving):
    assert client.post(leaving, data=b"\xff\xfe", content_type="text/plain").status_code == 200
    assert state(session) == SubscriberState.UNSUBSCRIBED


def test_leaving_works_after_the_person_is_gone(session, client):
    path = f"/unsubscribe/{tokens.sign(Purpose.UNSUBSCRIBE, 999, 0)}"
    assert client.post(path, data=ONE_CLICK).status_code == 200
    assert client.post(path).status_code == 200
