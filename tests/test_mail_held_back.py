"""Pace and breaker in a real turn of sending: what leaves, what waits, and why it does."""

import time
from collections import Counter
from datetime import timedelta

import pytest

from funnel.mail import gate, relays, rests
from funnel.models.mail import MessageState, Queue
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_subscriber
from tests.mail_cast import a_confirmation, a_tip, send
from tests.sink import Sink

DAY = timedelta(days=1)


@pytest.fixture
def second():
    """Another relay."""
    opened = Sink()
    opened.listen()
    yield opened
    opened.stop()


def states(mails):
    return Counter(mail.state for mail in mails)


def test_what_is_over_the_days_limit_leaves_on_the_next_day(session, sink, setting):
    setting(SMTP_URL=f"{sink.url}?day=4")
    tips = [a_tip(session) for _ in range(6)]
    assert send(session) == 4
    assert states(tips) == {MessageState.SENT: 4, MessageState.QUEUED: 2}
    why = f"waits for the mail server 127.0.0.1:{sink.port}: its 4 mails of today are spent"
    assert all(tip.reason.startswith(why) for tip in tips if tip.state == MessageState.QUEUED)
    assert_balance(session, waiting=2)
    assert send(session, NOW + DAY) == 2
    assert_balance(session, waiting=0)


def test_a_confirmation_still_leaves_when_the_days_tips_are_spent(session, sink, setting):
    setting(SMTP_URL=f"{sink.url}?day=20")
    tips = [a_tip(session) for _ in range(25)]
    asked = a_confirmation(session)
    assert send(session) == 19
    assert send(session, queue=Queue.URGENT) == 1
    assert (states(tips)[MessageState.QUEUED], asked.state) == (6, MessageState.SENT)


def test_what_a_relay_refused_does_not_use_up_its_day(session, sink, setting):
    setting(SMTP_URL=f"{sink.url}?day=4")
    tips = [a_tip(session) for _ in range(4)]
    sink.at("RCPT", "452 4.2.2 Full", times=2)
    send(session)
    tips += [a_tip(session) for _ in range(2)]
    send(session)
    assert states(tips) == {MessageState.SENT: 4, MessageState.DEFERRED: 2}
    assert_balance(session, waiting=2)


def test_the_rate_is_kept(session, sink, setting):
    setting(SMTP_URL=f"{sink.url}?rate=10&pool=2")
    tips = [a_tip(session) for _ in range(15)]
    began = time.monotonic()
    send(session)
    # One at once, and ten a second after it.
    assert time.monotonic() - began >= (len(tips) - 1) / 10 - 0.2
    assert states(tips) == {MessageState.SENT: len(tips)}
    assert_balance(session, waiting=0)


def test_with_redis_away_mails_leave_at_this_process_share_of_the_rate(session, sink, setting, frozen_redis):
    setting(SMTP_URL=f"{sink.url}?rate=80")
    tips = [a_tip(session) for _ in range(4)]
    began = time.monotonic()
    send(session)
    assert time.monotonic() - began >= 3 / (80 / 4) - 0.2
    assert states(tips) == {MessageState.SENT: 4}


def test_a_domain_that_has_enough_waits_and_the_others_do_not(session, sink):
    refused = [a_tip(session, a_subscriber(session, email=f"a{number}@slow.example.org")) for number in range(4)]
    sink.at("RCPT", "421 4.7.28 Unusual rate of mail", recipient="slow")
    send(session)
    assert states(refused) == {MessageState.DEFERRED: 4}
    waits = a_tip(session, a_subscriber(session, email="b@slow.example.org"))
    goes = a_tip(session, a_subscriber(session, email="b@fast.example.org"))
    assert send(session) == 1
    assert (waits.state, waits.reason, waits.due_at) == (MessageState.QUEUED, gate.DOMAIN_RESTS, NOW + gate.DOMAIN_LOOK)
    assert goes.state == MessageState.SENT
    sink.rules.clear()
    assert send(session, NOW + timedelta(minutes=6)) == 5
    assert_balance(session, waiting=0)


def test_a_paused_stream_says_why_on_what_waits_and_goes_on_when_told(session, sink):
    rests.begin(session, "stream:bulk", "10 refusals in a row about us: 550 5.7.1 Spam", NOW, 300, 3600)
    tip, asked = a_tip(session), a_confirmation(session)
    assert (send(session), send(session, queue=Queue.URGENT)) == (0, 1)
    assert tip.reason == "waits: 10 refusals in a row about us: 550 5.7.1 Spam"
    assert asked.state == MessageState.SENT
    rests.end(session, "stream:bulk")
    assert send(session) == 1
    assert_balance(session, waiting=0)


def test_when_a_relays_day_is_spent_the_other_takes_over(session, sink, second, setting):
    setting(SMTP_URL=f"{sink.url}?day=2&share=99 {second.url}")
    tips = [a_tip(session) for _ in range(8)]
    send(session)
    assert states(tips) == {MessageState.SENT: 8}
    assert len(sink.caught) <= 2
    assert_balance(session, waiting=0)


def test_a_relay_in_trouble_is_left_alone_by_every_process(session, sink, second, setting):
    setting(SMTP_URL=f"{sink.url}?share=9999 {second.url}")
    sink.at("MAIL", "451 4.3.0 Trouble here")
    refused = a_tip(session)
    send(session)
    resting = rests.resting(session, NOW)
    assert [row.why for row in resting] == ["451 4.3.0 Trouble here"]
    assert [relay.port for relay in relays.usable(session, resting, Queue.BULK, NOW)] == [second.port]
    tip = a_tip(session)
    assert send(session) == 1
    assert (refused.state, tip.state, tip.relay) == (MessageState.QUEUED, MessageState.SENT, f"127.0.0.1:{second.port}")
    assert_balance(session, waiting=1)
