from funnel.insight import tallies
from funnel.models.mail import LinkKind, MessageState
from funnel.models.responses import BookingState, EventKind
from tests.conftest import NOW
from tests.factories import a_booking, a_link, a_message, a_sequence, a_subscriber, an_event
from tests.tally_reference import assert_tallies

SENT = {"state": MessageState.SENT, "sent_at": NOW, "ended_at": NOW}


def test_everything_that_is_there_is_counted(session):
    course = a_sequence(session)
    for number in range(5):
        reader = a_subscriber(session, source="ql" if number % 2 else "")
        for step in course.steps[:number]:
            mail = a_message(session, reader, step_id=step.id, **SENT)
            an_event(session, EventKind.CLICK, mail, link_id=a_link(session, kind=LinkKind.BOOKING).id)
        a_booking(session, reader, state=BookingState.CANCELLED if number == 1 else BookingState.BOOKED)
    tallies.refresh(session, NOW)
    assert_tallies(session)
    assert tallies.as_of(session) == NOW
