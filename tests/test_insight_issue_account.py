"""The account of an issue adds up to what its mails say, at every moment and whatever becomes of them."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from funnel.audience import ending
from funnel.audience.visit import Visit
from funnel.insight import issue_account, tallies
from funnel.mail import claim, record, unknown, wishes
from funnel.mail.ledger import Result
from funnel.mail.replies import Meaning, Outcome
from funnel.models.content import NewsletterState
from funnel.models.mail import LAST_STATES, Message, MessageState, Queue
from funnel.models.tallies import MailTally
from funnel.programme import outgoing
from tests.issue_cast import START, an_issue, counts, place, readers, work

SENT, UNKNOWN = MessageState.SENT, MessageState.UNKNOWN
TAKEN, LOST, REFUSED, LATER = (
    Outcome(meaning, meaning.value)
    for meaning in (Meaning.ACCEPTED, Meaning.UNKNOWN, Meaning.UNCLEAR, Meaning.DEFERRED)
)


@pytest.fixture
def issue(session):
    readers(session, 12)
    made = place(session, an_issue(session))
    work(session)
    return made


def told(session, issue, now=START):
    """The account, found to be what counting every mail says."""
    session.commit()
    found = issue_account.account(session, issue.id, now)
    counted = counts(session, issue)
    assert found.states == {state: counted.get(state, 0) for state in LAST_STATES}
    waiting = sum(count for state, count in counted.items() if state not in LAST_STATES)
    assert (found.planned, found.waiting + found.in_hand) == (sum(counted.values()), waiting)
    assert found.holds
    return found


def taken(session, count):
    """Claims so many."""
    found = claim.claim(session, Queue.BULK, START, count, claim.new_id(session))
    session.commit()
    return found


def recorded(session, claimed, *outcomes):
    results = [Result(one, outcome) for one, outcome in zip(claimed, outcomes, strict=True)]
    record.record(session, claimed[0].claim_id, results, START)
    session.commit()


def test_at_first_all_of_it_waits(session, issue):
    found = told(session, issue)
    assert (found.planned, found.waiting, found.in_hand, found.ended, found.done) == (12, 12, 0, 0, 0.0)
    assert (found.looked_at, found.is_planning, found.is_whole, found.rate, found.left) == (12, False, False, 0, None)


def test_what_is_being_sent_is_in_hand_and_each_outcome_is_counted_with_its_mail(session, issue):
    claimed = taken(session, 5)
    assert told(session, issue).in_hand == 5
    recorded(session, claimed, TAKEN, TAKEN, LOST, REFUSED, LATER)
    found = told(session, issue, START + timedelta(seconds=10))
    assert (found.states[SENT], found.states[UNKNOWN], found.states[MessageState.FAILED]) == (2, 1, 1)
    assert (found.in_hand, found.waiting, found.later) == (0, 8, 1)


def test_whatever_becomes_of_a_mail_the_account_follows(session, issue):
    claimed = taken(session, 4)
    recorded(session, claimed, TAKEN, LOST, LOST, REFUSED)
    known = unknown.resend(session, START, Message.id == claimed[1].id)
    told(session, issue)
    unknown.take_back(session, known, START)
    unknown.accept(session, Message.id == claimed[2].id)
    told(session, issue)
    wishes.retry(session, issue.id, START)
    told(session, issue)
    cancelled = wishes.cancel(session, START, Message.newsletter_id == issue.id)
    assert told(session, issue).waiting == 0
    wishes.restore(session, cancelled[:3], START)
    ending.leave(session, session.scalars(select(Message.subscriber_id)).all()[-1], "a test", Visit("", ""), START)
    told(session, issue)


def test_what_a_late_journal_says_of_an_unknown_mail_is_counted_and_tallied(session, issue):
    claimed = taken(session, 2)
    recorded(session, claimed, LOST, TAKEN)
    while tallies.refresh(session, START).done:
        pass
    record.record(session, claimed[0].claim_id, [Result(claimed[0], TAKEN)], START)
    assert told(session, issue).states[SENT] == 2
    while tallies.refresh(session, START).done:
        pass
    tallied = dict(
        session.execute(select(MailTally.state, MailTally.mails).where(MailTally.newsletter_id == issue.id)).all()
    )
    assert tallied == {SENT: 2, MessageState.QUEUED: 10}


def test_the_rate_is_of_the_last_minute_and_tells_how_long_it_takes(session, issue):
    recorded(session, taken(session, 6), *[TAKEN] * 6)
    soon = told(session, issue, START + timedelta(seconds=3))
    assert (soon.rate, soon.left) == (2.0, timedelta(seconds=3))
    assert told(session, issue, START + timedelta(seconds=30)).rate == 0.2
    later = told(session, issue, START + timedelta(minutes=2))
    assert (later.rate, later.left) == (0, None)


def test_of_a_paused_issue_all_that_waits_is_held(session, issue):
    outgoing.pause(session, issue.id, START)
    work(session)
    found = told(session, issue)
    assert (found.state, found.held, found.left) == (NewsletterState.PAUSED, 12, None)
    outgoing.resume(session, issue.id, START)
    assert told(session, issue).held == 0


def test_mails_due_later_are_told_apart(session, issue, monkeypatch):
    held = [one.id for one in taken(session, 12)][:4]
    claim_id = session.scalar(text("SELECT id FROM claim"))
    record.hand_back_all(session, claim_id, "")
    at = START + timedelta(hours=2)
    session.execute(text("UPDATE queue_entry SET due_at = :at WHERE message_id = ANY(:ids)"), {"at": at, "ids": held})
    found = told(session, issue)
    assert (found.later, found.later_more, found.next_at, found.put_off) == (4, False, at, 0)
    session.execute(text("UPDATE queue_entry SET attempts = 1 WHERE message_id = ANY(:ids)"), {"ids": held[:2]})
    assert told(session, issue).put_off == 2  # what waits since it was tried; the others wait for their hour
    monkeypatch.setattr(issue_account, "LATER_COUNTED", 3)
    found = told(session, issue)
    assert (found.later, found.later_more, found.left) == (3, True, None)


def test_a_scheduled_issue_that_is_past_its_time_says_by_how_much(session, issue):
    readers(session, 1)
    other = place(session, an_issue(session))
    assert issue_account.account(session, other.id, START).late_by is None
    assert issue_account.account(session, other.id, START + timedelta(hours=3)).late_by == timedelta(hours=3)
