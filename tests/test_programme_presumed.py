"""What courses would have sent in a time that was forgotten is what they did send."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.models.content import Enrolment, EnrolmentState, SequenceState
from funnel.models.mail import Message, MessageState, Queue
from funnel.models.sending import GUARD, Rest
from funnel.programme import enrolment, waiting
from funnel.programme.presumed import presume
from funnel.programme.tick import tick
from tests import factories
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.postman import deliver

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LOST = 9 * DAY


@pytest.fixture
def course(session):
    return factories.a_sequence(session, days=(0, 2, 4, 7, 10))


@pytest.fixture
def reader(session):
    return factories.a_subscriber(session, time_zone="America/New_York")


def enrolled(session, reader, course):
    found = enrolment.enrol(session, reader.id, course.id, NOW)
    deliver(session, NOW)
    return found


def happens(session, until):
    """What the clock plans by `until`, looked at whenever something is due, each mail leaving at once."""
    due = select(Enrolment.next_at).where(Enrolment.next_at <= until).order_by(Enrolment.next_at).limit(1)
    found = []
    while at := session.scalar(due):
        tick(session, at)
        found += [(mail.subscriber_id, mail.step_id, mail.due_at) for mail in deliver(session, at)]
    return found


def presumed(session, until, limit=1000):
    moved = 0
    while count := presume(session, until, limit):
        moved += count
        session.expire_all()
    waits = select(Message).where(Message.state == MessageState.QUEUED).order_by(Message.due_at, Message.id)
    return moved, [(mail.subscriber_id, mail.step_id, mail.due_at) for mail in session.scalars(waits)]


def places(session):
    session.expire_all()
    rows = session.scalars(select(Enrolment).order_by(Enrolment.id))
    return [(row.step_id, row.due_at, row.next_at, row.state) for row in rows]


def test_it_is_what_happens(session, course, reader):
    other = factories.a_sequence(session, days=(0, 1, 5))
    enrolled(session, reader, course)
    enrolled(session, factories.a_subscriber(session), course)
    enrolled(session, reader, other)  # on two courses: one mail a day
    session.commit()
    happened = happens(session, NOW + LOST)
    stand = places(session)
    session.rollback()
    moved, mails = presumed(session, NOW + LOST)
    assert sorted(mails) == sorted(happened)
    assert len(mails) >= 6
    assert moved == 3
    assert places(session) == stand


def test_nothing_is_behind_when_nothing_was_due(session, course, reader):
    enrolled(session, reader, course)
    assert presumed(session, NOW + HOUR) == (0, [])


def test_a_course_that_would_have_ended_has_ended(session, course, reader):
    place = enrolled(session, reader, course)
    _, mails = presumed(session, NOW + 60 * DAY)
    assert len(mails) == 4
    assert (place.state, place.ended_at) == (EnrolmentState.FINISHED, NOW + 60 * DAY)
    assert_balance(session, waiting=4)


def test_a_mail_that_waits_does_not_hold_up_those_after_it(session, course, reader):
    enrolment.enrol(session, reader.id, course.id, NOW)  # its first mail was about to leave
    _, mails = presumed(session, NOW + LOST)
    assert len(mails) == 3  # that one, and two


def test_who_is_paused_or_left_gets_nothing(session, course, reader):
    paused = factories.a_subscriber(session)
    for person in (reader, paused):
        enrolled(session, person, course)
    paused.paused_until = NOW + 30 * DAY
    reader.state = "unsubscribed"
    session.flush()
    moved, mails = presumed(session, NOW + LOST)
    assert (moved, mails) == (2, [])
    assert all(next_at > NOW + LOST for _, _, next_at, _ in places(session))


def test_a_course_that_is_not_live_sends_nothing(session, course, reader):
    enrolled(session, reader, course)
    course.state = SequenceState.DRAFT
    session.flush()
    assert presumed(session, NOW + LOST) == (1, [])


def test_many_are_looked_at_in_pieces_of_whole_people(session, course):
    for _ in range(5):
        enrolled(session, factories.a_subscriber(session), course)
    moved, mails = presumed(session, NOW + LOST, limit=2)
    assert (moved, len(mails)) == (5, 15)


def test_the_clock_plans_nothing_while_the_guard_rests(session, course, reader):
    enrolled(session, reader, course)
    session.add(Rest(name=GUARD, why="restored", seconds=0, since=NOW, until=None))
    session.flush()
    assert tick(session, NOW + LOST) == 0
    session.delete(session.get_one(Rest, GUARD))
    session.flush()
    assert tick(session, NOW + LOST) == 1
    assert session.scalars(select(Message.queue).where(Message.state == MessageState.QUEUED)).all() == [Queue.BULK]
    assert waiting.take(session)
