"""Whom an issue reaches: its rule, and nobody who left, bounced, complained, was erased, suppressed or booked since."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import addressees, dispatch, ending, own_data, suppression
from funnel.audience.visit import Visit
from funnel.db import Session
from funnel.models.content import NewsletterState
from funnel.models.mail import MessageState
from funnel.models.people import Subscriber, SuppressionReason
from funnel.models.responses import BookingState
from funnel.models.sending import Progress
from funnel.programme import outgoing, settling
from funnel.response import bookings
from tests.factories import a_booking, a_sequence, a_subscriber, an_enrolment
from tests.issue_cast import START, an_issue, assert_settled, counts, mails, place, readers, whose, work
from tests.mail_cast import send

NOT_BOOKED = {"not": {"is": "booked"}}


def suppress(session, number, now):
    person = session.get_one(Subscriber, number)
    suppression.suppress(session, person.address_hash, SuppressionReason.OWNER, now)


HAPPENINGS = {
    "left": lambda session, number: ending.leave(session, number, "a test", Visit("", ""), START),
    "bounced": lambda session, number: ending.bounced(session, number, START),
    "complained": lambda session, number: ending.complained(session, number, START),
    "erased": lambda session, number: own_data.erase(session, number, START),
    "suppressed": lambda session, number: suppress(session, number, START),
    "booked": lambda session, number: bookings.mark(session, number, START),
}
MOMENTS = ("before it begins", "between two chunks", "as it waits", "while it is paused", "as it goes on")


@pytest.mark.parametrize("moment", MOMENTS)
def test_who_is_not_to_get_it_any_more_does_not_at_every_moment(session, sink, moment):
    """One person each to whom it happens, between two who stay."""
    first, *others, last = readers(session, len(HAPPENINGS) + 2)
    issue = place(session, an_issue(session), rule=NOT_BOOKED)

    def happens(at):
        for number, happening in zip(others, HAPPENINGS.values(), strict=True):
            if at == moment:
                happening(session, number)
        session.commit()

    happens("before it begins")
    work_one_chunk(issue)
    happens("between two chunks")
    work(session)
    happens("as it waits")
    outgoing.pause(session, issue.id, START)
    work(session)
    happens("while it is paused")
    outgoing.resume(session, issue.id, START)
    work(session)
    happens("as it goes on")
    send(session, START)
    work(session)
    assert {mail.subscriber_id for mail in mails(session) if mail.state is MessageState.SENT} == {first, last}
    assert len(sink.caught) == 2
    assert {mail.state for mail in mails(session) if mail.subscriber_id in others} <= {MessageState.SKIPPED}
    assert_settled(session, issue)


def work_one_chunk(issue):
    number = issue.id
    with Session.begin() as own:
        outgoing.start(own, START)
    with Session.begin() as own:
        dispatch.step(own, number, START, limit=1)


def test_who_booked_still_gets_what_is_for_everybody(session, sink):
    (one,) = readers(session, 1)
    issue = place(session, an_issue(session))
    work(session)
    bookings.mark(session, one, START)
    send(session, START)
    work(session)
    assert counts(session, issue) == {MessageState.SENT: 1}


def test_a_waiting_mail_to_who_booked_says_why_it_does_not_come(session):
    (one,) = readers(session, 1)
    place(session, an_issue(session), rule=NOT_BOOKED)
    work(session)
    bookings.mark(session, one, START)
    assert [mail.reason for mail in mails(session)] == [addressees.NOT_MEANT]


def test_the_rule_is_the_one_it_was_scheduled_with_as_of_its_beginning(session):
    booked, free, late = readers(session, 3)
    a_booking(session, session.get_one(Subscriber, booked), state=BookingState.BOOKED)
    issue = place(session, an_issue(session), rule=NOT_BOOKED)
    assert addressees.count(session, addressees.chosen(issue, START)) == 2
    work(session)
    assert whose(session) == [free, late]


def test_those_in_a_course_are_held_back_unless_said_otherwise(session):
    course = a_sequence(session)
    ada, bob = (a_subscriber(session) for _ in range(2))
    an_enrolment(session, ada, course)
    for wanted, people in ((False, [bob.id]), (True, [ada.id, bob.id])):
        issue = place(session, an_issue(session), with_course=wanted)
        work(session)
        assert whose(session, issue) == people


def test_a_planner_killed_within_any_chunk_is_followed_exactly_there(session):
    people = readers(session, 9)
    issue = place(session, an_issue(session))
    number = issue.id
    with Session.begin() as own:
        outgoing.start(own, START)
    for _ in range(5):
        with Session() as killed:
            dispatch.step(killed, number, START, limit=2)
            killed.rollback()
        with Session.begin() as own:
            dispatch.step(own, number, START, limit=2)
    session.expire_all()
    assert (whose(session), issue.planned, issue.planned_to) == (people, 9, people[-1])


def test_an_issue_is_sent_only_when_the_sum_holds(session, sink):
    readers(session, 4)
    issue = place(session, an_issue(session))
    work(session)
    send(session, START)
    issue.planned += 1
    work(session)
    assert issue.state is NewsletterState.SENDING
    issue.planned -= 1
    work(session)
    assert_settled(session, issue)


def test_two_issues_of_a_day_keep_the_twenty_hours_between_them(session, sink):
    readers(session, 3)
    first, other = place(session, an_issue(session)), place(session, an_issue(session))
    work(session)
    while send(session, START):
        pass
    work(session)
    assert {first.state, other.state} == {NewsletterState.SENT, NewsletterState.SENDING}
    send(session, START + timedelta(hours=20, minutes=1))
    work(session, START + timedelta(hours=21))
    assert_settled(session, first)
    assert_settled(session, other)


def test_what_is_noted_of_its_mails_is_added_up_without_changing_the_sums(session, sink, monkeypatch):
    monkeypatch.setattr(settling, "MANY_ROWS", 1)
    monkeypatch.setattr("funnel.mail.pace.FIRST", 2)
    people = readers(session, 8)
    issue = place(session, an_issue(session))
    work(session)
    ending.leave(session, people[-1], "a test", Visit("", ""), START)
    send(session, START)
    before = noted(session)
    assert len(session.scalars(select(Progress)).all()) > 2
    work(session, START + timedelta(days=400))
    assert noted(session) == before == {MessageState.SENT: 7, MessageState.SKIPPED: 1}
    assert len(session.scalars(select(Progress)).all()) == 2
    assert_settled(session, issue)


def noted(session):
    found = {}
    for row in session.scalars(select(Progress)):
        found[row.state] = found.get(row.state, 0) + row.mails
    return found
