"""Mails of an issue that has ended: of a cancelled one none leaves any more, and one that was sent is sent again."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from funnel.mail import gate, lease, record, unknown, wishes
from funnel.models.content import NewsletterState
from funnel.models.mail import Message, MessageState
from funnel.models.sending import QueueEntry
from funnel.programme import outgoing, settling
from tests.balance import assert_balance
from tests.issue_cast import START, an_issue, assert_settled, mails, place, readers, work
from tests.mail_cast import claimed

LATER = START + timedelta(hours=1)
SKIPPED, UNKNOWN = MessageState.SKIPPED, MessageState.UNKNOWN
AGAIN = {
    "resend": lambda session, mail: unknown.resend(session, LATER, Message.id == mail.id),
    "revive": lambda session, mail: wishes.revive(session, LATER, mail.id),
    "restore": lambda session, mail: wishes.restore(session, [mail.id], LATER),
}
BEFORE = {
    "resend": {"state": UNKNOWN, "troubled_at": START, "reason": "lost"},
    "revive": {"state": MessageState.FAILED, "troubled_at": START, "reason": "refused"},
    "restore": {"state": SKIPPED, "reason": wishes.CANCELLED},
}


@pytest.fixture
def issue(session):
    readers(session, 2)
    made = place(session, an_issue(session))
    work(session)
    return made


def lose_all(session, found):
    """The lease of a claim ran out, and nobody could say what became of its mails."""
    ids = [one.id for one in found]
    lease.give_up(session, found[0].claim_id, ids)
    lost = {"state": UNKNOWN, "claim_id": found[0].claim_id, "ended_at": START, "troubled_at": START}
    session.execute(update(Message).where(Message.id.in_(ids)).values(**lost))
    session.commit()


def end_all(session, **values):
    """The mails are in a last state, taken out of the queue."""
    session.query(QueueEntry).delete()
    session.execute(update(Message).values(**({"ended_at": START} | values)))
    session.commit()


def test_what_a_sleeping_worker_gives_back_of_a_cancelled_issue_is_not_sent(session, issue):
    found = claimed(session, START)
    outgoing.cancel(session, issue.id, START)
    lose_all(session, found)
    work(session)
    assert issue.ended_at
    record.record(session, found[0].claim_id, [], LATER, back=found)
    session.commit()
    assert claimed(session, LATER + timedelta(minutes=1)) == []
    assert {(mail.state, mail.reason) for mail in mails(session)} == {(SKIPPED, settling.CANCELLED)}
    assert_settled(session, issue, NewsletterState.CANCELLED)


def test_a_worker_begins_nothing_of_an_issue_that_was_cancelled_and_has_ended(session, issue):
    outgoing.cancel(session, issue.id, START)
    work(session)
    assert issue.ended_at
    assert outgoing.stopped(session) == {issue.id}


@pytest.mark.parametrize("button", AGAIN)
def test_no_button_sends_a_mail_of_a_cancelled_issue_again(session, issue, button):
    end_all(session, **BEFORE[button])
    outgoing.cancel(session, issue.id, START)
    work(session)
    mail = mails(session)[0]
    assert session.scalar(select(wishes.hindrance(LATER)).where(Message.id == mail.id)) == unknown.CALLED_OFF
    assert not AGAIN[button](session, mail)
    assert_balance(session, waiting=0)


@pytest.mark.parametrize("button", AGAIN)
def test_an_issue_that_was_sent_is_being_sent_again_by_any_button_and_can_be_stopped(session, issue, button):
    end_all(session, **BEFORE[button])
    work(session)
    assert issue.state is NewsletterState.SENT
    mail = mails(session)[0]
    assert AGAIN[button](session, mail)
    session.expire_all()
    assert (issue.state, issue.ended_at) == (NewsletterState.SENDING, None)
    assert mail.expires_at >= LATER + timedelta(days=settling.LASTS_DAYS)
    outgoing.cancel(session, issue.id, LATER)
    work(session, LATER)
    assert_settled(session, issue, NewsletterState.CANCELLED)


def test_an_issue_that_was_sent_is_being_sent_again_when_a_sleeping_worker_gives_mails_back(session, issue):
    found = claimed(session, START)
    lose_all(session, found)
    work(session)
    assert issue.state is NewsletterState.SENT
    record.record(session, found[0].claim_id, [], LATER, back=found)
    session.commit()
    session.expire_all()
    assert (issue.state, issue.ended_at) == (NewsletterState.SENDING, None)


def test_an_issue_lasts_as_long_as_a_warm_up_may_need(session, issue):
    assert claimed(session, START + timedelta(days=29, hours=23))
    assert gate.TOO_LATE not in {mail.reason for mail in mails(session)}
