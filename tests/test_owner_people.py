"""The people, and each one's page."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.insight import timeline
from funnel.models.content import Enrolment, EnrolmentState, StopReason
from funnel.models.house import AuditEntry
from funnel.models.people import Pace, SubscriberState
from funnel.models.responses import Booking, BookingHow, BookingState, EventKind
from funnel.programme import enrolment
from tests import factories
from tests.owner_data import Practice, press, signed_in


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def ada(practice):
    """On the course, her first mail planned."""
    person = practice.newcomer("Ada")
    enrolment.enrol(practice.session, person.id, practice.course.id, practice.now)
    practice.session.commit()
    return person


def test_with_nobody_the_list_says_where_people_come_from(desk, practice):
    page = desk.get("/owner/people").text

    assert "Nobody yet" in page
    assert 'href="/owner/"' in page


def test_people_are_found_by_a_part_of_their_address_or_name(desk, practice):
    factories.a_subscriber(practice.session, email="ada@example.org", first_name="Ada")
    factories.a_subscriber(practice.session, email="zoe@example.net", first_name="Zoë")
    practice.session.commit()

    assert "2 people, the newest first" in desk.get("/owner/people").text
    for words in ("EXAMPLE.net", "zoë", "zo net"):
        page = desk.get("/owner/people", query_string={"q": words}).text
        assert ("zoe@example.net" in page, "ada@example.org" in page) == (True, False)
        assert f'value="{words}"' in page


def test_people_are_narrowed_by_their_state(desk, practice):
    factories.a_subscriber(practice.session, email="here@example.org")
    factories.a_subscriber(practice.session, email="gone@example.org", state=SubscriberState.UNSUBSCRIBED)
    practice.session.commit()
    page = desk.get("/owner/people?state=unsubscribed").text

    assert ("gone@example.org" in page, "here@example.org" in page) == (True, False)
    assert '<option value="unsubscribed" selected>left (1)</option>' in page
    assert "here@example.org" in desk.get("/owner/people?state=nonsense").text


def test_a_search_that_finds_nobody_keeps_its_words_and_leads_back(desk, practice, ada):
    page = desk.get("/owner/people?q=<b>&state=bounced").text

    assert "Nobody found" in page
    assert "“&lt;b&gt;” among those who are bounced" in page
    assert "Nobody is bounced." in desk.get("/owner/people?state=bounced").text


def test_a_long_list_is_turned_page_by_page(desk, practice):
    people = [factories.a_subscriber(practice.session, email=f"p{number}@example.org") for number in range(51)]
    practice.session.commit()
    first = desk.get("/owner/people?q=example").text
    last = desk.get(f"/owner/people?q=example&before={people[1].id}").text

    assert "51 people" in first
    assert f'href="/owner/people?before={people[1].id}&amp;q=example"' in first
    assert ("p0@example.org" in first, "p0@example.org" in last) == (False, True)
    assert 'rel="next"' not in last
    assert '<a href="/owner/people?q=example">Newest</a>' in last


def test_how_somebody_wants_mail_is_seen_in_the_list(desk, practice):
    factories.a_subscriber(practice.session, paused_until=practice.now + timedelta(days=3), pace=Pace.MONTHLY)
    practice.session.commit()
    page = desk.get("/owner/people").text

    assert '<span class="chip">paused</span>' in page
    assert '<span class="chip">monthly only</span>' in page


def test_a_person_s_page_tells_what_comes_next_and_when(desk, practice, ada):
    page = desk.get(f"/owner/people/{ada.id}").text

    assert practice.steps[1].subject in page
    assert "in 1 day" in page or "in 2 days" in page or "in 3 days" in page or "in 4 days" in page
    assert "and 6 mails after it" in page


def test_a_person_s_page_tells_what_happened(desk, practice, ada):
    message = practice.mail(ada, practice.now, step_id=practice.steps[3].id)
    practice.event(EventKind.CLICK, ada, message, practice.now, link_id=practice.tip.id)
    practice.mail(ada, practice.now, state="failed", reason="there is no such address", reply="550 5.1.1 Unknown")
    practice.session.commit()
    page = desk.get(f"/owner/people/{ada.id}").text

    assert f"Sent: {practice.steps[3].subject}" in page
    assert "Clicked “At the wall”" in page
    assert "there is no such address" in page
    assert "550 5.1.1 Unknown" in page
    assert "250 2.0.0" not in page
    assert "Waits to be sent" in page
    assert "instagram" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (SubscriberState.PENDING, "Nothing until they confirm"),
        (SubscriberState.ACTIVE, "No mail of a course"),
        (SubscriberState.UNSUBSCRIBED, "they left"),
        (SubscriberState.BOUNCED, "does not take mail"),
        (SubscriberState.COMPLAINED, "called a mail spam"),
    ],
)
def test_where_nothing_comes_the_page_says_why(desk, practice, state, words):
    person = factories.a_subscriber(practice.session, state=state)
    practice.session.commit()

    assert words in desk.get(f"/owner/people/{person.id}").text


def test_nothing_is_left_of_an_erased_person(desk, practice):
    gone = factories.a_subscriber(practice.session, state=SubscriberState.ERASED, first_name="")
    gone.email = gone.address_hash = None
    practice.session.commit()
    page = desk.get(f"/owner/people/{gone.id}").text

    assert "everything about them is deleted" in page
    assert "Mark as booked" not in page
    assert desk.get(f"/owner/people/{gone.id}/booked").status_code == 404
    assert press(desk, f"/owner/people/{gone.id}/booked", on="/owner/").status_code == 404


def test_a_pause_and_a_pace_stand_on_the_page(desk, practice, ada):
    ada.paused_until, ada.pace, ada.utm = practice.now + timedelta(days=9), Pace.MONTHLY, {"utm_source": "spring"}
    ada.ended_at = practice.now
    practice.session.commit()
    page = desk.get(f"/owner/people/{ada.id}").text

    assert "Paused until" in page
    assert "at most one mail in four weeks" in page
    assert "utm_source: spring" in page


def test_marking_as_booked_asks_first_and_then_stops_the_course(desk, practice, ada):
    path = f"/owner/people/{ada.id}/booked"
    asked = desk.get(path).text
    assert "Has Ada booked?" in asked
    assert not practice.session.scalar(select(Booking.id))

    answer = press(desk, path, on=path)

    practice.session.expire_all()
    booking = practice.session.scalars(select(Booking)).one()
    place = practice.session.scalars(select(Enrolment)).one()
    assert (answer.status_code, answer.location) == (303, f"/owner/people/{ada.id}")
    assert (booking.state, booking.how, booking.subscriber_id) == (BookingState.BOOKED, BookingHow.OWNER, ada.id)
    assert (place.state, place.reason) == (EnrolmentState.STOPPED, StopReason.BOOKED)
    assert "Marked as booked. The course has stopped." in desk.get(answer.location).text
    entry = practice.session.scalars(select(AuditEntry).where(AuditEntry.action == "marked a person as booked")).one()
    assert entry.detail == {"subscriber": ada.id, "booking": booking.id}


def test_a_name_that_is_markup_is_shown_as_typed(desk, practice):
    person = factories.a_subscriber(practice.session, first_name="<script>alert(1)</script>")
    practice.session.commit()
    for path in ("/owner/people", f"/owner/people/{person.id}", f"/owner/people/{person.id}/booked"):
        page = desk.get(path).text
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


def test_a_long_story_is_turned_page_by_page(desk, practice, ada, monkeypatch):
    for number in range(3):
        practice.mail(ada, practice.now - timedelta(days=number + 1))
    practice.session.commit()
    monkeypatch.setattr(timeline.page, "__defaults__", (None, 2))
    page = desk.get(f"/owner/people/{ada.id}").text
    older = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")

    assert "Newest" in desk.get(older).text
    assert "Newest" not in page
    assert desk.get(f"/owner/people/{ada.id}?before=yesterday").status_code == 200
