"""“I have already booked”: a button, not a link, stops the course."""

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.models.content import Enrolment, EnrolmentState, StopReason
from funnel.models.mail import LinkKind
from funnel.models.responses import Booking, BookingHow
from funnel.tokens import Purpose
from tests.factories import a_link, a_message, a_sequence, a_subscriber, an_enrolment
from tests.readers import PHONE


@pytest.fixture
def door(session):
    """The page behind the link in a mail of somebody on the course."""
    person = a_subscriber(session, email="ada@example.org")
    sequence = a_sequence(session)
    an_enrolment(session, person, sequence)
    message = a_message(session, person, step_id=sequence.steps[0].id)
    link = a_link(session, url="booked", kind=LinkKind.BOOKED)
    session.commit()
    return f"/booked/{tokens.sign(Purpose.GO, link.id, message.id)}"


def enrolment(session):
    session.expire_all()
    return session.scalars(select(Enrolment)).one()


def test_the_link_in_the_mail_leads_to_the_page_and_stops_nothing(session, client, door):
    answer = client.get(door.replace("/booked/", "/go/"), headers={"User-Agent": PHONE})
    assert answer.headers["Location"] == f"http://127.0.0.1:8000{door}"
    page = client.get(door)
    assert page.status_code == client.head(door).status_code == 200
    assert page.text.count("<button") == 1
    assert "ada@example.org" not in page.text
    assert enrolment(session).state == EnrolmentState.ACTIVE


def test_the_button_stops_the_course_and_may_be_pressed_twice(session, client, door):
    for _ in range(2):
        answer = client.post(door)
        assert (answer.status_code, answer.location) == (303, f"{door}?done=booked")
        assert "The course stops here" in client.get(answer.location).text
    assert "<button" in client.get(f"{door}?done=else").text
    found = enrolment(session)
    assert (found.state, found.reason) == (EnrolmentState.STOPPED, StopReason.BOOKED)
    assert session.scalars(select(Booking.how)).all() == [BookingHow.SAID]


def test_a_mail_that_is_deleted_by_now_is_thanked_for_all_the_same(session, client, door):
    link_id, _ = tokens.read(Purpose.GO, door.split("/")[2])
    answer = client.post(f"/booked/{tokens.sign(Purpose.GO, link_id, 999)}", follow_redirects=True)
    assert "Thank you" in answer.text
    assert enrolment(session).state == EnrolmentState.ACTIVE


def test_another_link_of_the_mail_does_not_stop_the_course(session, client, door):
    link = a_link(session)
    session.commit()
    _, message_id = tokens.read(Purpose.GO, door.split("/")[2])
    for token in (tokens.sign(Purpose.GO, link.id, message_id), tokens.sign(Purpose.GO, 999, message_id), "x"):
        assert client.post(f"/booked/{token}").status_code == 404
        assert client.get(f"/booked/{token}").status_code == 404
    assert enrolment(session).state == EnrolmentState.ACTIVE
