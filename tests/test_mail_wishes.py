"""What the owner wishes of mails that wait or failed: done once, taken back, and the account stays even."""

from datetime import timedelta

import pytest

from funnel.mail import record, wishes
from funnel.mail.ledger import Result
from funnel.mail.replies import Reply, Stage, outcome
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.sending import QueueEntry
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message
from tests.mail_cast import a_tip, claimed

LATER = outcome(Reply(Stage.RCPT, 451, "4.2.0 Later"), "relay")
REFUSED = outcome(Reply(Stage.DOT, 554, "No"), "relay")
HOUR = timedelta(hours=1)


@pytest.fixture
def told(session):
    """told(LATER) is a tip that was tried and so answered."""

    def one(answer):
        tip = a_tip(session)
        (found,) = claimed(session)
        record.record(session, found.claim_id, [Result(found, answer)], NOW)
        session.commit()
        session.expire_all()
        return tip

    return one


def test_a_deferred_mail_is_tried_now_and_counts_its_tries_on(session, told):
    tip = told(LATER)
    assert claimed(session, NOW + timedelta(seconds=1)) == []
    assert wishes.hasten(session, NOW, Message.id == tip.id) == [tip.id]
    session.expire_all()
    assert (tip.state, tip.reason, tip.due_at) == (MessageState.DEFERRED, wishes.AGAIN, NOW)
    assert [(found.id, found.attempts) for found in claimed(session, NOW)] == [(tip.id, 2)]


def test_what_waits_for_its_own_time_is_not_hurried(session):
    tip = a_tip(session, due_at=NOW + HOUR)
    assert wishes.hasten(session, NOW) == []
    assert tip.due_at == NOW + HOUR


def test_a_failed_mail_is_sent_again_with_all_its_tries(session, told):
    tip = told(REFUSED)
    assert tip.state == MessageState.FAILED
    later = NOW + timedelta(days=10)  # past the day it would have expired
    assert wishes.revive(session, later) == [tip.id]
    session.expire_all()
    assert (tip.state, tip.attempts, tip.ended_at, tip.troubled_at) == (MessageState.QUEUED, 0, None, None)
    assert tip.expires_at > later
    assert_balance(session, waiting=1)
    assert [found.id for found in claimed(session, later)] == [tip.id]


def test_a_failed_mail_to_nobody_or_with_a_link_that_has_ended_stays_failed(session):
    gone = {"state": MessageState.FAILED, "ended_at": NOW, "troubled_at": NOW, "reason": "refused"}
    a_message(session, None, kind=MessageKind.TEST, **gone)
    a_message(session, kind=MessageKind.CONFIRMATION, expires_at=NOW - HOUR, due_at=NOW - 2 * HOUR, **gone)
    assert wishes.revive(session, NOW) == []


def test_a_cancelled_mail_is_skipped_and_says_who_wished_it(session):
    tip, other = a_tip(session), a_tip(session)
    assert wishes.cancel(session, NOW, Message.id == tip.id) == [tip.id]
    session.expire_all()
    assert (tip.state, tip.reason, tip.ended_at) == (MessageState.SKIPPED, wishes.CANCELLED, NOW)
    assert session.get(QueueEntry, tip.id) is None
    assert_balance(session, waiting=1)
    assert [found.id for found in claimed(session)] == [other.id]


def test_what_is_being_sent_is_its_workers(session):
    a_tip(session)
    (found,) = claimed(session)
    assert wishes.cancel(session, NOW) == wishes.hasten(session, NOW) == []
    record.record(session, found.claim_id, [Result(found, outcome(Reply(Stage.DOT, 250, "Ok"), "relay"))], NOW)
    assert_balance(session, waiting=0)


def test_a_cancellation_is_taken_back_once(session, told):
    tip = told(LATER)
    ids = wishes.cancel(session, NOW)
    assert wishes.restorable(session, ids, NOW) == 1
    assert wishes.restore(session, ids, NOW + HOUR) == 1
    session.expire_all()
    assert (tip.state, tip.reason, tip.attempts, tip.ended_at) == (MessageState.QUEUED, "", 1, None)
    assert tip.due_at == NOW + HOUR
    assert wishes.restorable(session, ids, NOW) == wishes.restore(session, ids, NOW) == 0
    assert_balance(session, waiting=1)


def test_what_was_skipped_for_another_reason_is_not_taken_back(session):
    tip = a_tip(session)
    ids = wishes.cancel(session, NOW)
    session.get_one(Message, tip.id).reason = "they left"
    session.flush()
    assert wishes.restore(session, ids, NOW) == 0
