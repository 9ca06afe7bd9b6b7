"""What the owner wishes of mails that wait or failed: done once, taken back, and the account stays even."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from funnel.db import Session
from funnel.mail import record, unknown, wishes
from funnel.mail.ledger import Result
from funnel.mail.replies import Reply, Stage, outcome
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.sending import QueueEntry
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_subscriber
from tests.mail_cast import a_confirmation, a_tip, claimed

LATER = outcome(Reply(Stage.RCPT, 451, "4.2.0 Later"), "relay")
BROKE = outcome(Reply(Stage.MAIL, 0, "closed"), "relay")  # LOST: certainly not handed over
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


@pytest.mark.parametrize("answer", [LATER, BROKE])
def test_a_mail_that_was_put_off_is_tried_now_and_the_press_costs_no_try(session, told, answer):
    tip = told(answer)
    assert claimed(session, NOW + timedelta(seconds=1)) == []
    assert wishes.hasten(session, NOW, Message.id == tip.id) == [tip.id]
    session.expire_all()
    assert (tip.reason, tip.due_at, tip.attempts) == (wishes.AGAIN, NOW, 0)
    assert [(found.id, found.attempts) for found in claimed(session, NOW)] == [(tip.id, 1)]


def test_what_waits_for_its_own_time_is_not_hurried(session):
    tip = a_tip(session, due_at=NOW + HOUR)
    assert wishes.hasten(session, NOW) == []
    assert tip.due_at == NOW + HOUR


def test_a_failed_mail_is_sent_again_with_all_its_tries(session, told):
    tip = told(REFUSED)
    assert tip.state == MessageState.FAILED
    later = NOW + timedelta(days=10)  # past the day it would have expired
    assert wishes.revive(session, later, tip.id)
    session.expire_all()
    assert (tip.state, tip.attempts, tip.ended_at, tip.troubled_at) == (MessageState.QUEUED, 0, None, None)
    assert tip.expires_at > later
    assert_balance(session, waiting=1)
    assert [found.id for found in claimed(session, later)] == [tip.id]


FAILED = {"state": MessageState.FAILED, "ended_at": NOW, "troubled_at": NOW, "reason": "refused"}


def hindered(session, mail):
    """Why it cannot be sent again; and that it then is not."""
    (why,) = session.scalars(select(wishes.hindrance(NOW)).where(Message.id == mail.id))
    assert wishes.revive(session, NOW, mail.id) == (not why)
    return why


def test_a_failed_mail_to_nobody_or_with_a_link_that_has_ended_stays_failed(session):
    assert hindered(session, a_message(session, None, kind=MessageKind.TEST, **FAILED)) == unknown.NO_ADDRESS
    past = {"expires_at": NOW - HOUR, "due_at": NOW - 2 * HOUR}
    asks = a_message(session, a_subscriber(session), kind=MessageKind.CONFIRMATION, **past, **FAILED)
    assert hindered(session, asks) == unknown.OUTDATED


def test_a_failed_tip_to_somebody_who_left_or_bounced_stays_failed(session):
    for state in (SubscriberState.UNSUBSCRIBED, SubscriberState.BOUNCED):
        assert hindered(session, a_tip(session, a_subscriber(session, state=state), **FAILED)) == wishes.TURNED_AWAY


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.UNKNOWN, MessageState.QUEUED])
def test_a_failed_tip_is_not_sent_to_somebody_who_had_it_in_another_round(session, state):
    person, sequence = a_subscriber(session), a_sequence(session)
    failed = a_tip(session, person, step_id=sequence.steps[1].id, **FAILED)
    a_tip(session, person, step_id=sequence.steps[2].id)
    assert hindered(session, failed) == ""
    failed = a_tip(session, person, step_id=sequence.steps[2].id, **FAILED)
    session.execute(update(Message).where(Message.state == MessageState.QUEUED).values(state=state))
    assert hindered(session, failed) == wishes.HAD_SINCE


def test_what_is_sent_again_is_still_gated(session, told):
    tip = told(REFUSED)
    assert wishes.revive(session, NOW, tip.id)
    session.get_one(Subscriber, tip.subscriber_id).state = SubscriberState.UNSUBSCRIBED
    session.commit()
    assert claimed(session, NOW + HOUR) == []
    assert (tip.state, tip.reason) == (MessageState.SKIPPED, "they left")


def test_a_cancelled_mail_is_skipped_and_says_who_wished_it(session):
    tip, other = a_tip(session), a_tip(session)
    assert wishes.cancel(session, NOW, Message.id == tip.id) == [tip.id]
    session.expire_all()
    assert (tip.state, tip.reason, tip.ended_at) == (MessageState.SKIPPED, wishes.CANCELLED, NOW)
    assert session.get(QueueEntry, tip.id) is None
    assert_balance(session, waiting=1)
    assert [found.id for found in claimed(session)] == [other.id]


def test_one_that_may_have_arrived_is_not_called_never_received(session, told):
    again = told(outcome(Reply(Stage.DOT, 0, "no answer"), "relay"))
    unknown.resend(session, NOW, Message.id == again.id)
    asks = a_confirmation(session)
    (found,) = claimed(session, queue=Queue.URGENT)
    lost = outcome(Reply(Stage.DOT, 0, "no answer"), "relay")
    record.record(session, found.claim_id, [Result(found, lost)], NOW)
    session.commit()
    assert wishes.cancel(session, NOW) == wishes.hasten(session, NOW) == []
    assert session.get_one(Message, asks.id).state == MessageState.QUEUED
    assert_balance(session, waiting=2)


def test_two_presses_at_once_do_it_once(session):
    tip = a_tip(session)
    session.commit()
    with Session.begin() as first, Session.begin() as second:
        assert wishes.cancel(first, NOW) == [tip.id]
        assert wishes.cancel(second, NOW) == []


def test_no_more_than_so_many_are_cancelled_by_a_press(session, monkeypatch):
    monkeypatch.setattr(wishes, "MOST", 2)
    tips = [a_tip(session).id for _ in range(3)]
    session.commit()
    assert set(session.scalars(select(Message.id).where(wishes.waits()))) == set(tips[:2])
    assert wishes.cancel(session, NOW) == tips[:2]
    assert wishes.cancel(session, NOW) == tips[2:]


def test_what_is_being_sent_is_its_workers(session):
    a_tip(session)
    (found,) = claimed(session)
    assert wishes.cancel(session, NOW) == wishes.hasten(session, NOW) == []
    record.record(session, found.claim_id, [Result(found, outcome(Reply(Stage.DOT, 250, "Ok"), "relay"))], NOW)
    assert_balance(session, waiting=0)


def test_a_cancellation_is_taken_back_once(session, told):
    tip = told(LATER)
    ids = wishes.cancel(session, NOW)
    session.expire_all()
    assert tip.to_address is None
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


@pytest.mark.parametrize("answer", [LATER, BROKE])
@pytest.mark.parametrize("hurried", [False, True])
def test_a_mail_that_may_have_arrived_is_not_cancelled_however_its_later_tries_end(session, answer, hurried):
    tip = a_tip(session, state=MessageState.UNKNOWN, ended_at=NOW, troubled_at=NOW, attempts=1, reason="no answer")
    unknown.resend(session, NOW, Message.id == tip.id)
    (found,) = claimed(session)
    record.record(session, found.claim_id, [Result(found, answer)], NOW)
    if hurried:
        assert wishes.hasten(session, NOW, Message.id == tip.id) == [tip.id]
    assert wishes.cancel(session, NOW, Message.id == tip.id) == []
    session.expire_all()
    assert (tip.doubted_at, tip.ended_at) == (NOW, None)
