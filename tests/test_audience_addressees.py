"""Whom an issue is for is asked again whenever a mail that was skipped is to wait again."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from funnel.audience import addressees, orders, topics
from funnel.models.content import Newsletter, ZoneMode
from funnel.models.mail import Message, MessageState
from funnel.models.people import Subscriber
from funnel.models.sending import QueueEntry
from funnel.programme import outgoing
from funnel.programme.outgoing import NotNow, Order
from tests.factories import a_booking, a_sequence, an_enrolment
from tests.issue_cast import START, an_issue, arrive, mails, place, readers, whose, work

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


def test_once_more_it_is_for_those_of_its_rule_who_did_not_click(session):
    readers(session, 3)
    issue = place(session, an_issue(session), rule={"not": {"is": "booked"}})
    work(session)
    arrive(session)
    work(session)
    a_booking(session, session.get_one(Subscriber, whose(session, issue)[0]), state="booked")
    assert addressees.count_unmoved(session, issue, START) == 2
    again = orders.resend(session, issue.id, "Still thinking?", START)
    again = orders.place(session, again.id, Order(), START)
    assert addressees.count(session, addressees.chosen(again, START)) == 2


def test_those_told_of_are_without_who_switched_its_topic_off(session):
    people = readers(session, 2)
    topic = topics.make(session, "Sitting", "", START)
    issue = place(session, an_issue(session), topic_id=topic.id)
    work(session)
    arrive(session)
    topics.choose(session, session.get_one(Subscriber, people[0]), set(), START)
    assert addressees.count_unmoved(session, issue, START) == 1


def test_a_draft_about_a_retired_topic_is_refused_and_one_that_is_scheduled_keeps_it(session):
    readers(session, 1)
    topic = topics.make(session, "Sitting", "", START)
    kept = place(session, an_issue(session), topic_id=topic.id)
    topics.retire(session, topic, START)
    place(session, kept, topic_id=topic.id)
    with pytest.raises(NotNow, match="retired"):
        place(session, an_issue(session), topic_id=topic.id)
