"""A person's page after they booked: what can still be marked, and why nothing comes."""

from datetime import timedelta

import pytest

from funnel.db import utc_now
from funnel.models.content import EnrolmentState
from funnel.models.responses import BookingState
from funnel.programme import enrolment
from funnel.response import bookings
from tests.factories import an_enrolment
from tests.owner_data import Practice, signed_in


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
    return practice.newcomer("Ada")


def page_of(desk, practice, person):
    practice.session.commit()
    return desk.get(f"/owner/people/{person.id}").text


def test_who_is_marked_is_not_offered_again_and_the_page_says_why_nothing_comes(desk, practice, ada):
    enrolment.enrol(practice.session, ada.id, practice.course.id, practice.now)
    assert "Mark as booked" in page_of(desk, practice, ada)
    bookings.mark(practice.session, ada.id, practice.now)
    page = page_of(desk, practice, ada)
    assert "Mark as booked" not in page
    assert "The course stopped: booked." in page


@pytest.mark.parametrize(
    ("state", "days", "offered"),
    [
        (BookingState.REQUESTED, 1, True),
        (BookingState.BOOKED, 1, False),
        (BookingState.MOVED, 1, False),
        (BookingState.CANCELLED, 1, True),
        (BookingState.BOOKED, 31, True),
    ],
)
def test_marking_is_offered_where_it_changes_something(desk, practice, ada, state, days, offered):
    practice.booking(ada, None, practice.now - timedelta(days=days), state=state)
    assert ("Mark as booked" in page_of(desk, practice, ada)) == offered


def test_a_course_begun_again_after_a_booking_can_be_stopped(desk, practice, ada):
    practice.booking(ada, None, practice.now, state=BookingState.BOOKED)
    enrolment.enrol(practice.session, ada.id, practice.course.id, practice.now)
    assert "Mark as booked" in page_of(desk, practice, ada)


def test_a_course_that_ended_by_itself_is_finished(desk, practice, ada):
    ended = {"state": EnrolmentState.FINISHED, "ended_at": practice.now, "next_at": None, "step_id": None}
    an_enrolment(practice.session, ada, practice.course, **ended)
    assert "The course is finished." in page_of(desk, practice, ada)
