import pytest
from sqlalchemy.exc import NoResultFound

from funnel.models.content import EnrolmentState, StopReason
from funnel.models.responses import BookingState
from funnel.response import verdict
from tests.conftest import NOW
from tests.factories import a_booking, a_sequence, a_subscriber, an_enrolment


def test_a_session_that_was_asked_for_is_booked_and_the_course_over(session):
    ada = a_subscriber(session)
    enrolment, booking = an_enrolment(session, ada, a_sequence(session)), a_booking(session, ada)
    assert verdict.booked(session, booking.id, NOW).state == BookingState.BOOKED
    session.refresh(enrolment)
    assert enrolment.reason == StopReason.BOOKED


def test_a_strangers_session_is_booked_too(session):
    assert verdict.booked(session, a_booking(session).id, NOW).state == BookingState.BOOKED


def test_a_cancelled_session_begins_no_course_again(session):
    ada = a_subscriber(session)
    enrolment, booking = an_enrolment(session, ada, a_sequence(session)), a_booking(session, ada)
    verdict.booked(session, booking.id, NOW)
    assert verdict.cancelled(session, booking.id, NOW).state == BookingState.CANCELLED
    session.refresh(enrolment)
    assert enrolment.state == EnrolmentState.STOPPED


def test_there_is_no_word_on_a_session_nobody_asked_for(session):
    for word in (verdict.booked, verdict.cancelled):
        with pytest.raises(NoResultFound):
            word(session, 4711, NOW)
