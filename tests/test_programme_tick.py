from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.models.content import EnrolmentState, SequenceState, StopReason
from funnel.models.mail import WAITING, Message, MessageKind, MessageState, Queue
from funnel.models.people import SubscriberState, Suppression, SuppressionReason
from funnel.programme import calendar, enrolment
from funnel.programme.tick import tick
from tests import factories
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.postman import deliver

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def course(session):
    return factories.a_sequence(session, days=(0, 2, 4))


@pytest.fixture
def reader(session):
    return factories.a_subscriber(session)


@pytest.fixture
def place(session, course, reader):
    """On mail 2, with mail 1 delivered."""
    found = enrolment.enrol(session, reader.id, course.id, NOW)
    deliver(session, NOW)
    return found


def tips(session):
    session.expire_all()
    return session.scalars(select(Message).where(Message.queue == Queue.BULK).order_by(Message.id)).all()


def test_a_due_step_is_planned_for_the_bulk_queue_and_the_next_is_set(session, course, place):
    due_at = place.due_at
    assert tick(session, due_at) == 1
    (tip,) = tips(session)
    assert (tip.kind, tip.template, tip.state) == (MessageKind.STEP, "step", MessageState.QUEUED)
    assert tip.key == f"step:{course.steps[1].id}:{place.subscriber_id}"
    assert (tip.step_id, tip.enrolment_id, tip.subscriber_id) == (course.steps[1].id, place.id, place.subscriber_id)
    assert (tip.due_at, tip.expires_at, tip.created_at) == (due_at, due_at + 3 * DAY, due_at)
    assert place.step_id == course.steps[2].id
    assert place.due_at == place.next_at == calendar.next_due(course, calendar.zone(""), place.id, due_at, 2)
    assert_balance(session, waiting=1)


def test_nothing_is_planned_a_moment_before(session, place):
    assert tick(session, place.next_at - timedelta(microseconds=1)) == 0
    assert tips(session) == []


def test_the_same_moment_plans_nothing_twice(session, place):
    due_at = place.due_at
    assert [tick(session, due_at), tick(session, due_at), tick(session, due_at + HOUR)] == [1, 0, 0]
    assert len(tips(session)) == 1


def test_the_last_step_finishes_the_course(session, place):
    for _ in range(2):
        session.expire_all()
        at = place.next_at
        tick(session, at)
        deliver(session, at)
    assert (place.state, place.ended_at, place.reason) == (EnrolmentState.FINISHED, at, None)
    assert (place.step_id, place.due_at, place.next_at) == (None, None, None)
    assert tick(session, at + 30 * DAY) == 0
    assert assert_balance(session, waiting=0).states[MessageState.SENT] == 3


def test_someone_who_booked_gets_no_more(session, place):
    enrolment.stop(session, place.subscriber_id, StopReason.BOOKED, NOW)
    assert tick(session, NOW + 30 * DAY) == 0
    assert tips(session) == []


def test_leaving_after_the_tip_was_planned_skips_it(session, place):
    tick(session, place.due_at)
    enrolment.stop(session, place.subscriber_id, StopReason.LEFT, NOW + 3 * DAY)
    (tip,) = tips(session)
    assert (tip.state, tip.reason) == (MessageState.SKIPPED, "they left")
    assert_balance(session, waiting=0)


def test_a_newsletter_20_hours_before_puts_the_tip_off_and_not_its_due_time(session, reader, place):
    due_at = place.due_at
    factories.a_stamp(session, reader, due_at - HOUR)
    assert tick(session, due_at) == 1
    assert tips(session) == []
    assert (place.due_at, place.next_at) == (due_at, due_at + DAY)
    assert tick(session, due_at + DAY) == 1
    assert len(tips(session)) == 1


def test_a_second_tip_waits_for_the_first_to_leave(session, place):
    planned = place.due_at
    tick(session, planned)
    session.expire_all()
    (first,) = tips(session)
    for state in (*WAITING, "being sent"):
        if state in WAITING:
            first.state = state
        else:
            factories.a_claim(session, first)
        at = place.next_at
        assert tick(session, at) == 1
        assert len(tips(session)) == 1
        assert place.next_at >= at + 20 * HOUR
    first.state, first.ended_at, first.reason = MessageState.UNKNOWN, place.next_at, "the connection was lost"
    assert tick(session, place.next_at) == 1
    assert len(tips(session)) == 2


def test_who_is_on_two_courses_gets_one_mail_a_day(session, reader, place):
    other = enrolment.enrol(session, reader.id, factories.a_sequence(session).id, NOW)
    deliver(session, NOW)
    other.due_at = other.next_at = place.due_at
    session.flush()
    at = place.due_at
    assert tick(session, at) == 2
    assert len(tips(session)) == 1
    assert min(place.next_at, other.next_at) >= at + 20 * HOUR
    assert min(place.due_at, other.due_at) == at < max(place.due_at, other.due_at)  # who is put off keeps the due time


def test_after_a_month_of_downtime_one_tip_a_day_leaves(session, place):
    now, left = NOW + 30 * DAY, []
    for _ in range(14 * 24):
        tick(session, now)
        left += [now for _ in deliver(session, now)]
        now += HOUR
    assert len(left) == 2
    assert left[1] - left[0] >= 20 * HOUR
    assert_balance(session, waiting=0)


def test_a_step_that_is_retired_is_passed_over(session, course, place):
    course.steps[1].state = SequenceState.RETIRED
    tick(session, place.due_at)
    assert tips(session) == []
    assert place.step_id == course.steps[2].id
    tick(session, place.due_at)
    assert [tip.step_id for tip in tips(session)] == [course.steps[2].id]


def test_a_pause_nobody_shifted_for_holds_the_tip(session, reader, place):
    reader.paused_until = place.due_at + 5 * DAY
    session.flush()
    assert tick(session, place.due_at) == 1
    assert tips(session) == []
    assert place.next_at >= reader.paused_until


@pytest.mark.parametrize("state", [found for found in SubscriberState if found is not SubscriberState.ACTIVE])
def test_who_may_not_be_mailed_is_not_planned_for(session, reader, place, state):
    reader.state = state
    session.flush()
    assert tick(session, place.due_at) == 1
    assert tips(session) == []
    assert place.next_at > NOW + 2 * DAY


def test_a_suppressed_address_is_not_planned_for_and_goes_on_when_that_is_lifted(session, reader, place):
    suppression = factories.add(
        session, Suppression(address_hash=reader.address_hash, reason=SuppressionReason.OWNER, created_at=NOW)
    )
    tick(session, place.due_at)
    assert tips(session) == []
    session.delete(suppression)
    session.flush()
    tick(session, place.next_at)
    assert len(tips(session)) == 1


def test_a_mail_planned_before_by_its_key_is_not_planned_again(session, course, reader, place):
    key = f"step:{course.steps[1].id}:{reader.id}"
    factories.a_message(session, reader, key=key, state=MessageState.FAILED, ended_at=NOW, reason="5.1.1", queue="bulk")
    assert tick(session, place.due_at) == 1
    assert len(tips(session)) == 1
    assert place.step_id == course.steps[2].id


def test_the_limit_is_kept_and_the_longest_due_come_first(session, course):
    people = [factories.a_subscriber(session) for _ in range(5)]
    for number, person in enumerate(people):
        at = NOW - timedelta(minutes=number)
        step_id = course.steps[1].id
        factories.an_enrolment(session, person, course, step_id=step_id, due_at=at, next_at=at)
    open_at = NOW.replace(hour=9)
    assert tick(session, NOW + HOUR, limit=3) == 3  # outside the window: only put off
    session.expire_all()
    assert tick(session, NOW + HOUR) == 2
    assert tips(session) == []
    assert tick(session, open_at + DAY + 2 * HOUR) == 5


def test_a_rehearsal_scales_how_long_a_tip_lasts(session, setting):
    setting(DAY_SECONDS="2", SMTP_URL="")
    found = enrolment.enrol(session, factories.a_subscriber(session).id, factories.a_sequence(session).id, NOW)
    deliver(session, NOW)
    due_at = found.due_at
    assert due_at == NOW + timedelta(seconds=4)
    tick(session, due_at)
    (tip,) = tips(session)
    assert tip.expires_at == due_at + timedelta(seconds=6)
