from datetime import timedelta
from itertools import pairwise

import pytest

from funnel.models.content import SequenceState, StopReason
from funnel.models.people import SubscriberState
from funnel.programme import enrolment
from funnel.programme.outlook import outlook
from funnel.programme.tick import tick
from tests import factories
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.postman import deliver

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def course(session):
    return factories.a_sequence(session, days=(0, 2, 4, 7, 10))


@pytest.fixture
def reader(session):
    return factories.a_subscriber(session, time_zone="America/New_York")


@pytest.fixture
def place(session, course, reader):
    found = enrolment.enrol(session, reader.id, course.id, NOW)
    deliver(session, NOW)
    return found


def foretold(session, reader, now=NOW):
    session.expire_all()
    return [(coming.step.id, coming.at) for coming in outlook(session, reader.id, now)]


def happens(session, *places):
    """What the tick really plans, looked at whenever one of the places is due."""
    found = []
    session.expire_all()
    while looks := [place.next_at for place in places if place.next_at]:
        tick(session, min(looks))
        found += [(message.step_id, min(looks)) for message in deliver(session, min(looks))]
    return found


def test_what_is_foretold_is_what_happens(session, course, reader, place):
    expected = foretold(session, reader)
    assert [step_id for step_id, _ in expected] == [step.id for step in course.steps[1:]]
    assert happens(session, place) == expected
    assert foretold(session, reader, NOW + 30 * DAY) == []
    assert_balance(session, waiting=0)


def test_a_newsletter_in_between_is_foretold_too(session, reader, place):
    factories.a_stamp(session, reader, place.due_at - HOUR)
    expected = foretold(session, reader)
    assert expected[0][1] == place.due_at + DAY
    assert happens(session, place) == expected


def test_what_was_planned_already_is_not_foretold_again(session, course, reader, place):
    at = place.due_at
    tick(session, at)
    expected = foretold(session, reader, at)
    assert expected[0][0] == course.steps[2].id
    assert expected[0][1] >= at + 20 * HOUR


def test_a_mail_that_still_waits_holds_the_next_one_up(session, course, reader, place):
    at = place.due_at
    tick(session, at)
    session.expire_all()
    late = place.next_at + HOUR
    assert foretold(session, reader, late)[0][1] >= late + 20 * HOUR


def test_a_pause_is_foretold(session, reader, place):
    reader.paused_until = NOW + 30 * DAY
    session.flush()
    assert foretold(session, reader)[0][1] >= NOW + 30 * DAY


def test_after_downtime_the_outlook_begins_now(session, reader, place):
    now = place.due_at + 20 * DAY
    expected = foretold(session, reader, now)
    assert expected[0][1] >= now
    assert all(later - earlier >= 20 * HOUR for (_, earlier), (_, later) in pairwise(expected))


@pytest.mark.parametrize("end", ["left", "stopped", "draft", "on no course"])
def test_nothing_is_foretold_where_nothing_can_come(session, course, reader, place, end):
    if end == "left":
        reader.state = SubscriberState.UNSUBSCRIBED
    elif end == "stopped":
        enrolment.stop(session, reader.id, StopReason.BOOKED, NOW)
    elif end == "draft":
        course.state = SequenceState.DRAFT
    else:
        reader = factories.a_subscriber(session)
    session.flush()
    assert foretold(session, reader) == []


def test_two_courses_are_foretold_together_one_mail_a_day(session, reader, place):
    other = factories.a_sequence(session, days=(0, 2, 9))
    second = enrolment.enrol(session, reader.id, other.id, NOW)
    deliver(session, NOW)
    expected = foretold(session, reader)
    assert len(expected) == 6
    assert all(later - earlier >= 20 * HOUR for (_, earlier), (_, later) in pairwise(expected))
    assert sorted(happens(session, place, second), key=lambda found: found[1]) == expected
