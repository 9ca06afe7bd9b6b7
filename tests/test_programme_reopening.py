"""Those who finished a course get its new last mail when that is wished, however many they are."""

from datetime import timedelta

import pytest

from funnel.models.content import EnrolmentState, SequenceState
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import editing, reach, reopening, transfers
from tests.conftest import NOW
from tests.factories import a_booking, a_sequence, a_step, a_subscriber, an_enrolment


@pytest.fixture
def course(session):
    return a_sequence(session, days=(0, 2), window_start=0, window_end=1440, weekends=True)


@pytest.fixture
def last(session, course):
    return a_step(session, course, 20, state=SequenceState.LIVE)


def finished(session, course, at=NOW, **changes):
    over = {"state": EnrolmentState.FINISHED, "step_id": None, "due_at": None, "next_at": None, "ended_at": at}
    return an_enrolment(session, a_subscriber(session, **changes), course, **over)


def waits_for(session, enrolment):
    session.refresh(enrolment)
    return enrolment.step_id


@pytest.fixture
def by_twos(monkeypatch):
    monkeypatch.setattr(reopening.unfold, "__defaults__", (2,))


@pytest.mark.usefixtures("by_twos")
def test_very_many_are_looked_at_in_chunks_and_an_edit_waits_for_that(session, course, last):
    people = [finished(session, course) for _ in range(5)]

    assert reopening.begin(session, course.id, last.id, NOW) == 2
    assert transfers.left(session, course.id) == 5  # two to move, three to look at
    with pytest.raises(editing.Busy):
        editing.move(session, course, {course.steps[1].id: 5}, NOW)
    while transfers.go_on(session, NOW, limit=2):
        pass

    assert {waits_for(session, enrolment) for enrolment in people} == {last.id}
    assert transfers.left(session, course.id) == 0


@pytest.mark.usefixtures("by_twos")
def test_who_finishes_after_the_wish_is_not_meant(session, course, last):
    for _ in range(3):
        finished(session, course)
    reopening.begin(session, course.id, last.id, NOW)
    later = finished(session, course, at=NOW + timedelta(minutes=1))
    while transfers.go_on(session, NOW, limit=2):
        pass
    assert waits_for(session, later) is None


@pytest.mark.usefixtures("by_twos")
def test_a_mail_that_is_retired_again_is_given_to_nobody_more(session, course, last):
    people = [finished(session, course) for _ in range(4)]
    reopening.begin(session, course.id, last.id, NOW)

    editing.retire(session, last, NOW)
    while transfers.go_on(session, NOW, limit=2):
        pass

    assert [waits_for(session, enrolment) for enrolment in people[2:]] == [None, None]


def test_those_who_booked_or_left_are_not_asked(session, course, last):
    booked, left, other = (
        finished(session, course),
        finished(session, course, state=SubscriberState.UNSUBSCRIBED),
        finished(session, course),
    )
    a_booking(session, session.get(Subscriber, booked.subscriber_id))
    asked = reopening.finished(course.id, last.id, [booked.id, left.id, other.id])
    assert session.scalars(asked).all() == [other.id]


def test_of_very_many_the_page_tells_of_those_who_joined_last(session, course, last):
    for _ in range(3):
        finished(session, course)
    told = reach.past(session, course.id, last.id, most=2)
    assert (told.people, told.of, told.more) == (2, 2, True)
    assert not reach.past(session, course.id, last.id).more
