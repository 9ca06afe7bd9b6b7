"""The owner's hand on one person's course."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.db import Session
from funnel.models.content import EnrolmentState, Sequence, SequenceState, StopReason
from funnel.models.mail import Message, MessageState, Queue
from funnel.models.people import SubscriberState
from funnel.programme import crowd, enrolment, steering, tick, waiting
from funnel.programme.steering import CannotError
from tests.conftest import NOW
from tests.factories import a_booking, a_message, a_sequence, a_stamp, a_subscriber, an_enrolment

SOON = NOW + timedelta(days=2)


@pytest.fixture
def course(session):
    return a_sequence(session)


@pytest.fixture
def ada(session):
    return a_subscriber(session)


@pytest.fixture
def place(session, ada, course):
    return an_enrolment(session, ada, course, step_id=course.steps[1].id, due_at=SOON, next_at=SOON)


def test_a_way_tells_where_somebody_stands_and_what_is_left_for_them(session, ada, course, place):
    a_message(session, ada, step_id=course.steps[0].id, state=MessageState.SENT)
    (way,) = steering.ways(session, ada.id)
    assert (way.next_step, way.left) == (course.steps[1], course.steps[1:])
    assert (way.hindrance(NOW), way.quiet_until(NOW)) == ("", None)
    a_stamp(session, ada, NOW - timedelta(hours=1))
    assert steering.ways(session, ada.id)[0].quiet_until(NOW) == NOW + timedelta(hours=19)


def test_a_mail_they_had_is_not_the_next_one(session, ada, course, place):
    a_message(session, ada, step_id=course.steps[1].id, state=MessageState.SENT)
    assert steering.ways(session, ada.id)[0].next_step == course.steps[2]


def test_somebody_is_moved_on_to_another_mail_at_the_same_time(session, ada, course, place):
    assert steering.move(session, place.id, course.steps[2].id, NOW) == course.steps[2]
    assert (place.step_id, place.due_at, place.next_at) == (course.steps[2].id, SOON, SOON)


def test_nobody_is_moved_to_a_mail_they_had_or_on_a_course_that_ended(session, ada, course, place):
    a_message(session, ada, step_id=course.steps[2].id, state=MessageState.SENT)
    with pytest.raises(CannotError, match="had this mail"):
        steering.move(session, place.id, course.steps[2].id, NOW)
    enrolment.stop(session, ada.id, StopReason.BOOKED, NOW)
    with pytest.raises(CannotError, match="ended"):
        steering.move(session, place.id, course.steps[1].id, NOW)


def test_the_next_mail_leaves_at_once_and_those_after_it_count_from_today(session, ada, course, place):
    mail = session.get_one(Message, steering.send_next(session, place.id, course.steps[1].id, NOW))
    assert (mail.queue, mail.due_at, mail.step_id) == (Queue.URGENT, NOW, course.steps[1].id)
    assert place.step_id == course.steps[2].id
    assert NOW + timedelta(days=1) < place.due_at < NOW + timedelta(days=4)


def test_the_last_mail_sent_by_hand_ends_the_course(session, ada, course, place):
    place.step_id = course.steps[2].id
    steering.send_next(session, place.id, course.steps[2].id, NOW)
    assert place.state is EnrolmentState.FINISHED


def test_a_button_pressed_twice_sends_one_mail(session, ada, course, place):
    steering.send_next(session, place.id, course.steps[1].id, NOW)
    with pytest.raises(CannotError):
        steering.send_next(session, place.id, course.steps[1].id, NOW)
    assert len(session.scalars(select(Message.id)).all()) == 1


def test_where_the_next_one_has_become_another_nothing_is_sent(session, ada, course, place):
    with pytest.raises(CannotError, match="in the meantime"):
        steering.send_next(session, place.id, course.steps[2].id, NOW)


MISSED = (MessageState.SKIPPED, MessageState.FAILED, MessageState.EXPIRED)


@pytest.mark.parametrize("state", MISSED)
def test_a_mail_they_missed_is_sent_when_the_owner_wishes_it(session, ada, course, place, state):
    step = course.steps[1]
    a_message(session, ada, step_id=step.id, state=state, key=f"step:{step.id}:{ada.id}")
    mail = session.get_one(Message, steering.send_next(session, place.id, step.id, NOW))
    assert (mail.step_id, mail.state) == (step.id, MessageState.QUEUED)


@pytest.mark.parametrize("state", MISSED)
def test_moved_back_to_a_mail_they_missed_it_and_others_they_missed_are_planned_again(
    session, ada, course, place, state
):
    for step in course.steps[:2]:
        a_message(session, ada, step_id=step.id, state=state, key=f"step:{step.id}:{ada.id}")
    place.step_id = course.steps[2].id
    assert steering.move(session, place.id, course.steps[0].id, NOW) == course.steps[0]
    planned = []
    while place.next_at:
        tick.tick(session, place.next_at)
        for mail in session.scalars(select(Message).where(Message.state == MessageState.QUEUED)).all():
            waiting.take(session, Message.id == mail.id)
            planned, mail.state, mail.ended_at = [*planned, mail.step_id], MessageState.SENT, NOW
        session.refresh(place)
    assert planned == [step.id for step in course.steps]


@pytest.mark.parametrize("act", [steering.send_next, steering.move])
def test_an_edit_of_the_course_waits_until_the_owner_s_hand_is_off(session, ada, course, place, act):
    session.commit()
    act(session, place.id, course.steps[1].id, NOW)
    assert held(course.id)


def test_an_edit_of_the_course_waits_while_many_are_put_on_it(session, ada, course):
    session.commit()
    crowd.enrol(session, [ada.id], course.id, NOW)
    assert held(course.id)


def held(sequence_id):
    """Whether somebody holds the course, as another transaction sees it."""
    free = select(Sequence.id).where(Sequence.id == sequence_id).with_for_update(skip_locked=True)
    with Session() as other:
        return other.scalar(free) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda session, ada, course: setattr(ada, "state", SubscriberState.BOUNCED), "not to be mailed"),
        (lambda session, ada, course: setattr(ada, "paused_until", SOON), "paused"),
        (lambda session, ada, course: setattr(course, "state", SequenceState.RETIRED), "not live"),
        (lambda session, ada, course: a_message(session, ada, step_id=course.steps[0].id), "on its way"),
    ],
)
def test_nothing_is_sent_past_what_holds_everything_back(session, ada, course, place, change, words):
    change(session, ada, course)
    session.flush()
    with pytest.raises(CannotError, match=words):
        steering.send_next(session, place.id, course.steps[1].id, NOW)


def test_somebody_who_had_all_of_it_has_no_next_mail(session, ada, course, place):
    for step in course.steps:
        a_message(session, ada, step_id=step.id, state=MessageState.SENT)
    assert steering.ways(session, ada.id)[0].hindrance(NOW) == "No mail is left for them."


def test_a_course_that_the_owner_stopped_goes_on_where_it_stood_with_what_waited(session, ada, course, place):
    waits = a_message(session, ada, step_id=course.steps[0].id, enrolment_id=place.id)
    enrolment.stop(session, ada.id, StopReason.BY_OWNER, NOW)
    session.refresh(waits)
    assert (waits.state, steering.stopped(session, ada.id)) == (MessageState.SKIPPED, [place])
    steering.take_up(session, place.id, NOW + timedelta(minutes=1))
    assert (place.state, place.reason, place.due_at, place.next_at) == (EnrolmentState.ACTIVE, None, SOON, SOON)
    assert waits.state is MessageState.QUEUED
    with pytest.raises(CannotError):
        steering.take_up(session, place.id, NOW)


def test_a_stopped_course_of_which_nothing_was_left_is_finished(session, ada, course, place):
    place.step_id = place.due_at = None
    enrolment.stop(session, ada.id, StopReason.BY_OWNER, NOW)
    steering.take_up(session, place.id, NOW)
    assert place.state is EnrolmentState.FINISHED


def test_the_courses_somebody_is_not_on_are_offered(session, ada, course, place):
    other = a_sequence(session)
    a_sequence(session, state=SequenceState.DRAFT)
    assert steering.courses(session, ada.id) == [other]
    assert {one.id for one in steering.live(session)} == {course.id, other.id}


def test_who_booked_since_the_stop_is_not_taken_up_again_by_one_nor_with_many(session, ada, place):
    enrolment.stop(session, ada.id, StopReason.BY_OWNER, NOW)
    a_booking(session, ada, created_at=NOW + timedelta(hours=1))
    with pytest.raises(CannotError, match="booked since"):
        steering.take_up(session, place.id, NOW + timedelta(hours=2))
    assert crowd.start_again(session, [[place.id]], NOW, NOW + timedelta(hours=2)) == set()
    session.refresh(place)
    assert place.state is EnrolmentState.STOPPED
