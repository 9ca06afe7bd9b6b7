"""Someone who was on a course asks again: it goes on with the mails they never received."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from funnel.models.content import EnrolmentState, SequenceState, StepKind, StopReason
from funnel.models.mail import Message, MessageState, Queue
from funnel.programme import calendar, enrolment
from funnel.programme.tick import tick
from tests import factories
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.postman import deliver

DAY = timedelta(days=1)
LONDON = ZoneInfo("Europe/London")
LATER = NOW + 20 * DAY


@pytest.fixture
def course(session):
    return factories.a_sequence(session, days=(0, 2, 4, 7))


@pytest.fixture
def enrolled(session, course):
    reader = factories.a_subscriber(session)
    return enrolment.enrol(session, reader.id, course.id, NOW)


def again(session, enrolled, now=LATER):
    return enrolment.enrol(session, enrolled.subscriber_id, enrolled.sequence_id, now)


def next_mail(session, enrolled, state=MessageState.SENT):
    """Plans what is next and ends it in `state`; returns when."""
    session.expire_all()
    at = enrolled.next_at
    assert tick(session, at) == 1
    (message,) = deliver(session, at, state)
    return message


def test_the_course_goes_on_the_next_day_with_the_first_mail_not_received(session, course, enrolled):
    deliver(session, NOW)
    next_mail(session, enrolled)
    enrolment.stop(session, enrolled.subscriber_id, StopReason.LEFT, NOW + 3 * DAY)
    found = again(session, enrolled)
    assert (found.id, found.round, found.state) == (enrolled.id, 2, EnrolmentState.ACTIVE)
    assert (found.reason, found.ended_at) == (None, None)
    assert found.step_id == course.steps[2].id
    assert found.due_at == found.next_at == calendar.first_due(course, LONDON, found.id, LATER, 1)
    assert len(session.scalars(select(Message)).all()) == 2


@pytest.mark.parametrize("state", [MessageState.SKIPPED, MessageState.EXPIRED, MessageState.FAILED])
def test_a_mail_that_never_arrived_is_planned_again_under_the_key_of_its_round(session, course, enrolled, state):
    deliver(session, NOW)
    never = next_mail(session, enrolled, state)
    enrolment.stop(session, enrolled.subscriber_id, StopReason.LEFT, NOW + 3 * DAY)
    found = again(session, enrolled)
    assert found.step_id == never.step_id
    retried = next_mail(session, enrolled)
    assert retried.key == f"{never.key}:2"
    assert_balance(session, waiting=0)


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.UNKNOWN])
def test_a_mail_that_arrived_or_may_have_is_not_repeated(session, course, enrolled, state):
    deliver(session, NOW, state)
    enrolment.stop(session, enrolled.subscriber_id, StopReason.LEFT, NOW)
    assert again(session, enrolled).step_id == course.steps[1].id


def test_a_mail_on_its_way_when_they_left_is_not_repeated(session, course, enrolled):
    factories.a_claim(session, session.scalars(select(Message)).one())
    enrolment.stop(session, enrolled.subscriber_id, StopReason.LEFT, NOW)
    assert again(session, enrolled, NOW + timedelta(minutes=1)).step_id == course.steps[1].id


def test_a_welcome_that_was_skipped_is_sent_at_once(session, course, enrolled):
    enrolment.stop(session, enrolled.subscriber_id, StopReason.LEFT, NOW)  # before it left
    found = again(session, enrolled)
    skipped, welcome = session.scalars(select(Message).order_by(Message.id)).all()
    assert (welcome.key, welcome.queue, welcome.due_at) == (f"{skipped.key}:2", Queue.URGENT, LATER)
    assert found.step_id == course.steps[1].id
    assert found.due_at == calendar.first_due(course, LONDON, found.id, LATER, 2)


def test_mails_received_in_between_are_passed_over(session, course, enrolled):
    deliver(session, NOW)
    next_mail(session, enrolled, MessageState.FAILED)
    received = next_mail(session, enrolled)
    enrolment.stop(session, enrolled.subscriber_id, StopReason.LEFT, NOW + 7 * DAY)
    again(session, enrolled)
    assert next_mail(session, enrolled).step_id == course.steps[1].id
    assert received.step_id == course.steps[2].id
    assert next_mail(session, enrolled).step_id == course.steps[3].id
    session.expire_all()
    assert enrolled.state is EnrolmentState.FINISHED


def test_who_received_all_of_it_gets_nothing_more(session, course, enrolled):
    deliver(session, NOW)
    for _ in range(3):
        next_mail(session, enrolled)
    session.expire_all()
    finished_at = enrolled.ended_at
    found = again(session, enrolled)
    assert (found.state, found.ended_at, found.next_at) == (EnrolmentState.FINISHED, finished_at, None)
    assert len(session.scalars(select(Message)).all()) == 4


def test_who_left_with_the_last_mail_in_hand_is_finished_when_they_ask_again(session, course, enrolled):
    deliver(session, NOW)
    for step in course.steps[1:]:
        step.state = SequenceState.RETIRED
    enrolment.stop(session, enrolled.subscriber_id, StopReason.LEFT, NOW)
    found = again(session, enrolled)
    assert (found.state, found.ended_at, found.step_id) == (EnrolmentState.FINISHED, LATER, None)


def test_a_step_added_later_reaches_someone_finished_only_when_they_ask_again(session, course, enrolled):
    deliver(session, NOW)
    for _ in range(3):
        next_mail(session, enrolled)
    step = factories.a_step(session, course, day=9)
    session.expire_all()
    assert tick(session, LATER) == 0
    assert again(session, enrolled).step_id == step.id


def test_a_step_added_later_reaches_those_on_the_course(session, course, enrolled):
    step = factories.a_step(session, course, day=9)
    deliver(session, NOW)
    assert [next_mail(session, enrolled).step_id for _ in range(4)][-1] == step.id


def test_a_retired_step_is_not_made_up_for(session, course, enrolled):
    deliver(session, NOW)
    enrolment.stop(session, enrolled.subscriber_id, StopReason.LEFT, NOW)
    course.steps[1].state = SequenceState.RETIRED
    assert again(session, enrolled).step_id == course.steps[2].id


def test_who_booked_lately_is_left_in_peace(session, course, enrolled):
    deliver(session, NOW)
    enrolment.stop(session, enrolled.subscriber_id, StopReason.BOOKED, NOW)
    found = again(session, enrolled, NOW + enrolment.REST_AFTER_BOOKING - timedelta(seconds=1))
    assert (found.state, found.reason, found.round) == (EnrolmentState.STOPPED, StopReason.BOOKED, 1)
    found = again(session, enrolled, NOW + enrolment.REST_AFTER_BOOKING)
    assert (found.state, found.step_id) == (EnrolmentState.ACTIVE, course.steps[1].id)


def test_a_late_welcome_waits_no_longer_than_its_kind_asks(session, course):
    course.steps[0].day = 1  # a welcome leaves at once whatever its day
    session.flush()
    found = enrolment.enrol(session, factories.a_subscriber(session).id, course.id, NOW)
    assert course.steps[0].kind is StepKind.WELCOME
    assert found.step_id == course.steps[1].id
    assert session.scalars(select(Message)).one().due_at == NOW
