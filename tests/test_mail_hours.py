"""A tip that was held up comes in the morning, as all tips do, and not whenever the relay is back."""

from datetime import UTC, datetime, timedelta

import pytest

from funnel.mail import hours
from funnel.models.mail import MessageState, Queue
from tests.balance import assert_balance
from tests.factories import a_sequence, a_subscriber
from tests.mail_cast import a_tip, send

MORNING = datetime(2026, 3, 3, 7, 30, tzinfo=UTC)  # a Tuesday; London is on UTC


@pytest.fixture
def tip(session):
    step = a_sequence(session).steps[1]
    person = a_subscriber(session, time_zone="Europe/London")
    return a_tip(session, person, step_id=step.id, due_at=MORNING)


def test_in_the_window_it_leaves(session, sink, tip):
    assert send(session, MORNING) == 1
    assert tip.state is MessageState.SENT


def test_a_little_late_is_in_time(session, sink, tip):
    assert send(session, MORNING.replace(hour=10, minute=40)) == 1


def test_at_night_it_waits_for_the_next_morning_and_leaves_then(session, sink, tip):
    assert send(session, MORNING.replace(hour=23)) == 0
    assert (tip.state, tip.reason, tip.attempts) == (MessageState.QUEUED, hours.OUT_OF_HOURS, 0)
    assert tip.due_at.date() == MORNING.date() + timedelta(days=1)
    assert 7 <= tip.due_at.hour < 10
    assert send(session, tip.due_at) == 1
    assert len(sink.caught) == 1
    assert_balance(session, waiting=0)


def test_what_a_friday_held_up_lives_until_monday(session, sink, tip):
    friday = MORNING + timedelta(days=3)
    tip.due_at, tip.expires_at = friday, friday + timedelta(days=3)
    assert send(session, friday.replace(hour=14)) == 0
    assert tip.due_at.weekday() == 0
    assert send(session, tip.due_at) == 1


def test_a_refusal_that_is_tried_again_keeps_hours_too(session, sink, tip):
    sink.at("RCPT", "451 4.7.1 Greylisted", times=1)
    send(session, MORNING)
    assert tip.state is MessageState.DEFERRED
    assert send(session, MORNING.replace(hour=16)) == 0
    assert tip.attempts == 1
    assert send(session, tip.due_at) == 1


def test_the_hours_are_the_readers_own(session, sink, tip):
    step_id = tip.step_id
    far = a_tip(session, a_subscriber(session, time_zone="Asia/Tokyo"), step_id=step_id, due_at=MORNING)
    assert send(session, MORNING) == 1
    assert far.state is MessageState.QUEUED
    assert send(session, far.due_at) == 1


def test_a_mail_that_leaves_at_once_keeps_no_hours(session, sink, tip):
    tip.queue = Queue.URGENT
    assert send(session, MORNING.replace(hour=23), Queue.URGENT) == 1
