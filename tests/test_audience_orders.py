"""A resend: once, with another subject, to those who got an issue and did not click."""

import pytest

from funnel.audience import ending, orders, segments
from funnel.audience.visit import Visit
from funnel.models.content import NewsletterState, Part
from funnel.models.people import Subscriber
from funnel.programme import outgoing, subject_trial
from funnel.programme.outgoing import NotNow, Order
from funnel.programme.subject_trial import Trial
from tests.conftest import NOW
from tests.factories import a_booking
from tests.issue_cast import START, an_issue, assert_settled, click, mails, place, readers, whose, work
from tests.mail_cast import send

NEXT_WEEK = START.replace(day=START.day + 7)


@pytest.fixture
def sent(session, sink):
    """An issue that six people got, one of whom has left since."""
    people = readers(session, 6)
    sink.at("RCPT", "550 No", times=1)
    issue = place(session, an_issue(session))
    work(session)
    send(session, START)
    work(session)
    assert_settled(session, issue)
    ending.leave(session, people[5], "a test", Visit("", ""), START)
    session.commit()
    return issue


def test_it_goes_to_those_who_got_it_and_did_not_click(session, sent, sink):
    got = [mail.subscriber_id for mail in mails(session, sent) if mail.state == "sent"]
    click(session, sent, got[:2])
    click(session, sent, got[2:3], machine=True)
    late = readers(session, 2)
    again = orders.resend(session, sent.id, "Sit less", NEXT_WEEK)
    assert (again.part, again.parent_id, again.body, again.state) == (Part.RESEND, sent.id, sent.body, "draft")
    orders.place(session, again.id, Order(), NEXT_WEEK)
    work(session, NEXT_WEEK.replace(minute=30))
    expected = {number for number in got[2:] if session.get_one(Subscriber, number).state == "active"}
    assert len(expected) in (2, 3)
    assert set(whose(session, again)) == expected
    assert not expected & set(late)
    assert {mail.key for mail in mails(session, again)} == {f"newsletter:{again.id}:{number}" for number in expected}
    send(session, NEXT_WEEK.replace(minute=30))
    work(session, NEXT_WEEK.replace(minute=31))
    assert_settled(session, again)
    assert sent.state is NewsletterState.SENT


def test_once_is_enough(session, sent):
    again = orders.resend(session, sent.id, "Sit less", NEXT_WEEK)
    assert orders.resent(session, sent.id) is again
    with pytest.raises(NotNow, match=orders.ONCE):
        orders.resend(session, sent.id, "Sit even less", NEXT_WEEK)
    with pytest.raises(NotNow, match=orders.NOT_OF_ONE):
        orders.resend(session, again.id, "Sit even less", NEXT_WEEK)


@pytest.mark.parametrize("state", [state for state in NewsletterState if state is not NewsletterState.SENT])
def test_what_has_not_been_sent_is_not_sent_again(session, state):
    with pytest.raises(NotNow, match=orders.NOT_SENT):
        orders.resend(session, an_issue(session, state=state).id, "Sit less", NOW)


def test_it_wants_another_subject(session, sent):
    for subject, why in (("  ", outgoing.NO_SUBJECT), ("Chairs ", orders.SAME_AGAIN)):
        with pytest.raises(NotNow, match=why):
            orders.resend(session, sent.id, subject, NEXT_WEEK)
    with pytest.raises(NotNow, match=outgoing.NO_ISSUE):
        orders.resend(session, 10**9, "Sit less", NEXT_WEEK)


def test_of_an_issue_with_a_trial_those_of_all_its_wordings_count(session, sink, monkeypatch):
    monkeypatch.setattr(subject_trial, "LEAST", 4)
    readers(session, 20)
    issue = place(session, an_issue(session), trial=Trial("Stools", 50, 1))
    for now in (START, START.replace(hour=18)):
        work(session, now)
        send(session, now)
        work(session, now)
    assert_settled(session, issue)
    assert len(whose(session)) == 20
    parts = {mail.newsletter_id for mail in mails(session)}
    assert len(parts) == 3
    clicked = []
    for number in parts:
        wording = session.get_one(type(issue), number)
        clicked += whose(session, wording)[:1]
        click(session, wording, whose(session, wording)[:1])
    again = orders.resend(session, issue.id, "Sit less", NEXT_WEEK)
    orders.place(session, again.id, Order(), NEXT_WEEK)
    work(session, NEXT_WEEK.replace(minute=30))
    assert set(whose(session, again)) == set(whose(session, issue, *parts_of(session, issue))) - set(clicked)


def parts_of(session, issue):
    return [session.get_one(type(issue), number) for number in outgoing.family(session, issue.id)]


def test_a_segment_named_in_the_rule_is_the_one_of_the_moment_it_was_scheduled(session):
    ada, bob = readers(session, 2)
    a_booking(session, session.get_one(Subscriber, ada), state="booked")
    segment = segments.keep(session, "Clients", {"is": "booked"}, NOW)
    issue = place(session, an_issue(session), rule={"is": "segment", "segment": segment.id}, segment_id=segment.id)
    segments.keep(session, "Clients", {"not": {"is": "booked"}}, NOW, segment.id)
    work(session)
    assert (whose(session), issue.segment_id) == ([ada], segment.id)
    assert bob not in whose(session)


def test_where_its_draft_was_thrown_away_that_is_said(session, sent):
    again = orders.resend(session, sent.id, "Sit less", NEXT_WEEK)
    outgoing.throw_away(session, again.id, NEXT_WEEK)
    with pytest.raises(NotNow, match="Fetch it back"):
        orders.resend(session, sent.id, "Sit even less", NEXT_WEEK)
