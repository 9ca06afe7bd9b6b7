"""Sending: a mail goes once, whatever the server does, and every one of them is accounted for."""

from datetime import timedelta

import pytest

from funnel.db import utc_now
from funnel.mail import breaker, delivery, edition, halt, record, rests
from funnel.mail.replies import Meaning
from funnel.models.mail import MessageState, Queue
from funnel.relay import Relay
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message
from tests.mail_cast import a_confirmation, a_tip, send

POOL = Relay("127.0.0.1", 25).pool  # connections of a process, unless SMTP_URL says otherwise


def test_a_mail_that_is_taken_is_sent(session, sink):
    tip = a_tip(session)
    assert send(session) == 1
    assert (tip.state, tip.sent_at, tip.ended_at, tip.reason) == (MessageState.SENT, NOW, NOW, "")
    assert tip.reply == "250 2.0.0 Ok: queued as 000001"
    assert tip.relay == f"127.0.0.1:{sink.port}"
    assert sink.counts == {tip.message_id: 1}
    assert_balance(session, waiting=0)


def test_nothing_is_sent_twice(session, sink):
    a_tip(session)
    send(session)
    assert send(session, NOW + timedelta(days=1)) == 0
    assert set(sink.counts.values()) == {1}


def test_many_mails_go_over_few_connections(session, sink):
    for _ in range(30):
        a_tip(session)
    assert send(session) == 30
    assert (len(sink.caught), sink.connections) == (30, POOL)
    assert_balance(session, waiting=0)


def test_the_two_queues_are_apart(session, sink):
    tip, confirmation = a_tip(session), a_confirmation(session)
    assert send(session, queue=Queue.URGENT) == 1
    assert (tip.state, confirmation.state) == (MessageState.QUEUED, MessageState.SENT)


def test_a_refusal_for_now_is_tried_again_later_and_later(session, sink):
    tip = a_tip(session)
    sink.at("RCPT", "451 4.7.1 Come back later", times=2)
    send(session)
    assert (tip.state, tip.reason) == (MessageState.DEFERRED, Meaning.DEFERRED.value)
    first = tip.due_at - NOW
    assert timedelta(minutes=4) < first < timedelta(minutes=6)
    send(session, tip.due_at)
    assert timedelta(minutes=13) < tip.due_at - NOW - first < timedelta(minutes=17)
    assert_balance(session, waiting=1)
    send(session, tip.due_at)
    assert (tip.state, tip.attempts) == (MessageState.SENT, 3)
    assert_balance(session, waiting=0)


def test_a_refusal_for_now_ends_when_the_mail_expires(session, sink):
    tip = a_tip(session, expires_at=NOW + timedelta(minutes=2))
    sink.at("dot", "451 4.2.0 Busy")
    send(session)
    assert tip.due_at == tip.expires_at
    send(session, tip.due_at)
    assert (tip.state, tip.reply) == (MessageState.EXPIRED, "451 4.2.0 Busy")
    assert_balance(session, waiting=0)


def test_after_two_days_of_refusals_it_is_given_up(session, sink):
    tip = a_tip(session, attempts=record.MOST_TRIES)
    sink.at("MAIL", "450 4.4.1 No")
    send(session)
    assert (tip.state, tip.reason) == (MessageState.FAILED, record.TIRED)
    assert sum(record.RETRY_AFTER, timedelta()) + 11 * record.RETRY_AFTER[-1] >= timedelta(days=2)


@pytest.mark.parametrize("stage", ["RCPT", "dot"])
def test_without_a_code_a_refusal_for_good_fails(session, sink, stage):
    tip = a_tip(session)
    sink.at(stage, "550 No")
    send(session)
    assert (tip.state, tip.reason, tip.reply) == (MessageState.FAILED, Meaning.UNCLEAR.value, "550 No")
    assert_balance(session, waiting=0)


def test_a_refusal_about_us_is_tried_until_the_mail_expires(session, sink):
    tip = a_tip(session, attempts=record.MOST_TRIES)
    sink.at("dot", "550 5.7.515 Access denied")
    send(session)
    assert (tip.state, tip.reason) == (MessageState.DEFERRED, Meaning.ABOUT_US.value)


def test_too_many_refusals_about_us_in_a_row_pause_the_stream(session, sink):
    tips = [a_tip(session) for _ in range(breaker.MOST_ABOUT_US + POOL + 5)]
    sink.at("dot", "550 5.7.1 Blocked")
    send(session)
    states = [tip.state for tip in tips]
    assert breaker.MOST_ABOUT_US <= states.count(MessageState.DEFERRED) < breaker.MOST_ABOUT_US + POOL
    assert states.count(MessageState.QUEUED) == len(tips) - states.count(MessageState.DEFERRED)
    paused = rests.paused(rests.resting(session, NOW), Queue.BULK)
    assert paused
    assert "in a row about us" in paused.why
    assert_balance(session, waiting=len(tips))


def test_the_answer_is_kept_without_the_address(session, sink):
    tip = a_tip(session)
    sink.at("RCPT", "550 <ada@example.org>: no such user here")
    send(session)
    assert tip.reply == "550 <<address>>: no such user here"


def test_what_one_mail_meets_does_not_touch_the_next(session, sink):
    first, second, third = (a_tip(session) for _ in range(3))
    sink.at("RCPT", "552 5.2.2 Full", times=1)
    sink.at("dot", "554 5.0.0 No", times=1)
    send(session)
    assert [tip.state for tip in (first, second, third)] == [
        MessageState.FAILED,
        MessageState.FAILED,
        MessageState.SENT,
    ]
    assert sink.counts == {third.message_id: 1}


def test_a_mail_that_cannot_be_written_fails_with_its_reason(session, sink):
    message = a_message(session, kind="notice", template="booking_notice", queue="bulk", to_address="o@example.org")
    tip = a_tip(session)
    send(session)
    assert message.reason == "the tag owner_link has no value in this mail: take it out"
    assert (message.state, message.to_address, tip.state) == (MessageState.FAILED, None, MessageState.SENT)
    assert_balance(session, waiting=0)


def test_an_error_of_ours_fails_its_mail_only(session, sink, caplog):
    broken = a_message(session, kind="notice", template="no such", queue="bulk", to_address="o@example.org")
    tip = a_tip(session)
    send(session)
    assert (broken.state, broken.reason) == (MessageState.FAILED, edition.OUR_ERROR)
    assert tip.state == MessageState.SENT
    assert "ValueError" in caplog.text


def test_told_to_stop_it_gives_back_what_it_has_not_begun(session, sink, monkeypatch):
    tips = [a_tip(session) for _ in range(POOL + 5)]
    taken = sink.handle_DATA

    async def take_and_stop(*given):
        halt.told.set()
        return await taken(*given)

    monkeypatch.setattr(sink, "handle_DATA", take_and_stop)
    sent = send(session)
    assert 1 <= sent <= POOL  # what was past its dot as it was told arrives
    monkeypatch.undo()
    states = [tip.state for tip in tips]
    assert (states.count(MessageState.SENT), states.count(MessageState.QUEUED)) == (sent, len(tips) - sent)
    assert [tip.attempts for tip in tips] == [int(state == MessageState.SENT) for state in states]
    assert_balance(session, waiting=len(tips) - sent)
    halt.told.clear()
    assert send(session) == len(tips) - sent
    assert set(sink.counts.values()) == {1}


def test_time_up_ends_a_turn(session, sink):
    a_tip(session, due_at=utc_now())
    session.commit()
    assert delivery.deliver(Queue.BULK, seconds=0) == 0
    assert delivery.deliver(Queue.BULK, seconds=5) == 1
