"""A session asked for."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import retention
from funnel.db import utc_now
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.house import AuditEntry
from funnel.models.responses import Booking, BookingHow, BookingState
from funnel.programme import enrolment
from funnel.response import bookings
from funnel.web.owner import words
from tests.owner_data import Practice, press, signed_in


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def state_of(practice, booking_id):
    practice.session.expire_all()
    return practice.session.get_one(Booking, booking_id).state


def test_the_page_shows_what_was_typed_and_when_it_goes(desk, practice):
    asked = bookings.Asked("Ada", "ada@example.org", "020 7946 0000", "<Tuesdays>\nor later", "Two flights up?")
    booking = bookings.ask(practice.session, asked, "", "instagram", practice.now)
    practice.session.commit()
    page = desk.get(f"/owner/bookings/{booking.id}").text

    for typed in ("Ada", 'href="mailto:ada@example.org"', 'href="tel:020 7946 0000"', "Two flights up?", "instagram"):
        assert typed in page
    assert "&lt;Tuesdays&gt;\nor later" in page
    assert words.day_of(practice.now + retention.BOOKING_TEXT) in page


def test_the_mail_and_the_person_behind_it_are_a_link_away(desk, practice):
    person = practice.newcomer("Ada")
    message = practice.mail(person, practice.now, step_id=practice.steps[6].id)
    booking = practice.booking(person, message, practice.now)
    practice.session.commit()
    page = desk.get(f"/owner/bookings/{booking.id}").text

    assert f'<a href="/owner/mails/{practice.steps[6].id}">{practice.steps[6].subject}</a>' in page
    assert f'href="/owner/people/{person.id}"' in page


def test_once_its_text_is_deleted_the_page_says_so(desk, practice):
    booking = practice.booking(practice.newcomer("Ada"), None, practice.now - timedelta(days=100))
    booking.text_deleted_at, booking.phone, booking.suits, booking.note = practice.now, "", "", ""
    practice.session.commit()
    page = desk.get(f"/owner/bookings/{booking.id}").text

    assert "was deleted on" in page
    assert "What suits" not in page


def test_a_booking_that_was_only_told_names_its_person(desk, practice):
    told = {"how": BookingHow.SAID, "state": BookingState.BOOKED, "name": "", "email": "", "phone": ""}
    booking = practice.booking(practice.newcomer("Ada"), None, practice.now, suits="", note="", **told)
    practice.session.commit()
    page = desk.get(f"/owner/bookings/{booking.id}").text

    assert "Said they have booked already" in page
    assert "<h1>Ada</h1>" in page
    assert "Mark as booked" not in page


def test_it_is_marked_as_booked_or_cancelled_and_back(desk, practice):
    booking = practice.booking(practice.newcomer("Ada"), None, practice.now)
    practice.session.commit()
    here = f"/owner/bookings/{booking.id}"

    assert press(desk, f"{here}/booked", on=here).location == here
    assert state_of(practice, booking.id) == BookingState.BOOKED
    assert "Marked as booked." in desk.get(here).text
    assert press(desk, f"{here}/cancelled", on=here).location == here
    assert state_of(practice, booking.id) == BookingState.CANCELLED
    assert "Marked as cancelled." in desk.get(here).text
    assert press(desk, f"{here}/booked", on=here).status_code == 303
    assert state_of(practice, booking.id) == BookingState.BOOKED
    entries = practice.session.scalars(select(AuditEntry.action).where(AuditEntry.action.contains("booking"))).all()
    assert len(entries) == 3


def test_booked_stops_a_course_that_still_runs(desk, practice):
    person = practice.newcomer("Ada")
    booking = practice.booking(person, None, practice.now)
    enrolment.enrol(practice.session, person.id, practice.course.id, practice.now)
    practice.session.commit()

    press(desk, f"/owner/bookings/{booking.id}/booked", on=f"/owner/bookings/{booking.id}")

    practice.session.expire_all()
    assert practice.session.scalars(select(Enrolment.state)).one() == EnrolmentState.STOPPED


def test_a_stranger_s_booking_is_marked_too(desk, practice):
    booking = bookings.ask(practice.session, bookings.Asked("Ada", "ada@example.org"), "", "", practice.now)
    practice.session.commit()
    assert booking.subscriber_id is None

    press(desk, f"/owner/bookings/{booking.id}/booked", on=f"/owner/bookings/{booking.id}")

    assert state_of(practice, booking.id) == BookingState.BOOKED


@pytest.mark.parametrize("what", ["booked", "cancelled"])
def test_a_booking_that_is_not_there_cannot_be_marked(desk, practice, what):
    assert press(desk, f"/owner/bookings/99/{what}", on="/owner/").status_code == 404
