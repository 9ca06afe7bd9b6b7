"""Whom an issue is for is asked again whenever a mail that was skipped is to wait again."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from funnel.audience import addressees
from funnel.models.content import Newsletter, ZoneMode
from funnel.models.mail import Message, MessageState
from funnel.models.people import Subscriber
from funnel.models.sending import QueueEntry
from funnel.programme import outgoing
from tests.factories import a_booking, a_sequence, an_enrolment
from tests.issue_cast import START, an_issue, mails, place, readers, work

HOUR = timedelta(hours=1)


@pytest.fixture
def skipped(session):
    """An issue to who has not booked; its only mail was skipped since its reader was put on a course, and is off it."""
    (number,) = readers(session, 1)
    issue = place(session, an_issue(session), rule={"not": {"is": "booked"}})
    work(session)
    course = an_enrolment(session, session.get_one(Subscriber, number), a_sequence(session))
    gone = addressees.look_again_at_many(session, [number], START)
    session.delete(course)
    session.commit()
    assert gone == {number: [mails(session)[0].id]}
    return issue, gone[number]


def waits(session, ids):
    session.expire_all()
    assert session.get_one(Message, *ids).state in (MessageState.QUEUED, MessageState.SKIPPED)
    return session.get(QueueEntry, *ids)


def test_whom_it_is_still_for_has_it_after_all(session, skipped):
    addressees.mean_again(session, skipped[1], START, START + HOUR)
    assert waits(session, skipped[1]).due_at == START + HOUR


def test_who_booked_meanwhile_has_none_of_it(session, skipped):
    a_booking(session, session.get_one(Subscriber, mails(session)[0].subscriber_id), state="booked")
    addressees.mean_again(session, skipped[1], START, START + HOUR)
    assert waits(session, skipped[1]) is None


def test_what_was_cancelled_meanwhile_stays_so(session, skipped):
    outgoing.cancel(session, skipped[0].id, START)
    addressees.mean_again(session, skipped[1], START, START + HOUR)
    assert waits(session, skipped[1]) is None


def test_by_readers_clocks_an_hour_that_passed_is_that_of_the_next_day(session, skipped):
    session.execute(update(Newsletter).values(zone_mode=ZoneMode.READER, send_at=START))
    session.execute(update(Message).values(due_at=START))
    session.commit()
    addressees.mean_again(session, skipped[1], START, START + 3 * HOUR)
    assert waits(session, skipped[1]).due_at == START + timedelta(days=1)
