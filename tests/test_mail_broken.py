"""A server that is away, stalls or drops: always known on which side of the final dot, and what follows from that."""

import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.config import settings
from funnel.local import ports
from funnel.mail import gate, record, relays, rests
from funnel.mail.replies import Meaning
from funnel.models.mail import MessageState, Queue
from funnel.models.responses import Event
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.mail_cast import a_confirmation, a_tip, send

BEFORE = ["MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("stage", BEFORE)
@pytest.mark.parametrize("how", [{"drop": True}, {"stall": 3}, {"reply": "hello?"}])
def test_what_breaks_before_the_dot_was_not_taken_and_goes_again(session, sink, stage, how):
    tip = a_tip(session)
    sink.at(stage, times=1, **how)
    send(session)
    assert (tip.state, tip.reason) == (MessageState.QUEUED, Meaning.LOST.value)
    assert_balance(session, waiting=1)
    send(session, tip.due_at)
    assert (tip.state, sink.counts) == (MessageState.SENT, {tip.message_id: 1})


@pytest.mark.parametrize("how", [{"drop": True}, {"stall": 3}, {"reply": "hello?"}])
@pytest.mark.parametrize("taken", [True, False])
def test_a_tip_without_an_answer_to_the_dot_is_unknown_and_not_repeated(session, sink, how, taken):
    tip = a_tip(session)
    sink.at("dot", taken=taken, times=1, **how)
    send(session)
    assert (tip.state, tip.reason, tip.ended_at) == (MessageState.UNKNOWN, Meaning.UNKNOWN.value, NOW)
    assert_balance(session, waiting=0)
    assert send(session, NOW + timedelta(days=1)) == 0
    assert sink.counts[tip.message_id] == taken


def test_a_confirmation_without_an_answer_goes_again_under_the_same_name(session, sink):
    confirmation = a_confirmation(session)
    sink.at("dot", drop=True, taken=True, times=1)
    send(session, queue=Queue.URGENT)
    assert confirmation.state == MessageState.QUEUED
    send(session, confirmation.due_at, Queue.URGENT)
    assert (confirmation.state, sink.counts) == (MessageState.SENT, {confirmation.message_id: 2})
    assert_balance(session, waiting=0)


def test_a_confirmation_is_not_repeated_for_ever(session, sink):
    confirmation = a_confirmation(session)
    sink.at("dot", drop=True, taken=True)
    for _ in range(5):
        send(session, max(NOW, confirmation.due_at), Queue.URGENT)
    assert (confirmation.state, sink.counts[confirmation.message_id]) == (MessageState.UNKNOWN, record.MOST_REPEATED)


def test_a_connection_lost_after_the_answer_costs_nothing(session, sink):
    first, second = a_tip(session), a_tip(session)
    sink.at("dot", "250 2.0.0 Taken", drop=True, taken=True, times=1)
    send(session)
    assert (first.state, second.state) == (MessageState.SENT, MessageState.SENT)
    assert set(sink.counts.values()) == {1}
    assert sink.connections == 2
    assert_balance(session, waiting=0)


def test_a_connection_closed_by_421_defers_that_mail_and_the_next_one_goes(session, sink):
    first, second = a_tip(session), a_tip(session)
    sink.at("dot", "421 4.7.0 Too many mails on this connection", drop=True, times=1)
    send(session)
    assert (first.state, second.state) == (MessageState.DEFERRED, MessageState.SENT)
    assert sink.connections == 2


def test_a_mail_that_always_breaks_the_connection_is_given_up(session, sink):
    tip = a_tip(session, attempts=record.MOST_TRIES)
    sink.at("DATA", drop=True)
    send(session)
    assert (tip.state, tip.reason) == (MessageState.FAILED, record.NEVER_THROUGH)
    assert not session.scalars(select(Event)).all()  # it says nothing of the address


def test_what_came_too_late_while_no_server_was_there_is_closed(session, sink, setting):
    setting(SMTP_URL=f"smtp://127.0.0.1:{ports.free()}")
    late, tip = a_tip(session, due_at=NOW - timedelta(days=4)), a_tip(session)
    assert send(session) == 0
    assert (late.state, late.reason, late.ended_at) == (MessageState.EXPIRED, gate.TOO_LATE, NOW)
    assert tip.state == MessageState.QUEUED
    assert_balance(session, waiting=1)


def test_a_server_that_is_away_is_said_on_the_mails_that_wait(session, sink, setting):
    port = ports.free()
    setting(SMTP_URL=f"smtp://127.0.0.1:{port}")
    tip = a_tip(session)
    assert send(session) == 0
    assert (tip.state, tip.attempts) == (MessageState.QUEUED, 0)
    assert tip.reason == f"waits for the mail server 127.0.0.1:{port}: Connection refused"
    assert tip.due_at == NOW
    assert_balance(session, waiting=1)


def test_without_any_server_the_mail_says_which_setting_mends_it(session, sink, monkeypatch):
    monkeypatch.setattr(relays, "settings", lambda: replace(settings(), relays=()))
    tip = a_tip(session)
    assert send(session) == 0
    assert "Set SMTP_URL" in tip.reason


@pytest.mark.parametrize("stage", ["greeting", "EHLO"])
def test_a_server_that_lets_only_some_connections_in_is_used_over_those(session, sink, stage):
    for _ in range(3):
        a_tip(session)
    sink.at(stage, "421 4.7.0 Too many connections", times=2)
    assert send(session) == 3
    assert_balance(session, waiting=0)


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("greeting", "554 5.7.1 Go away"),
        ("EHLO", "550 No"),
        ("MAIL", "550 5.1.8 Bad sender"),
        ("MAIL", "550 Sender refused"),
        ("MAIL", "530 5.7.0 Sign in first"),
        ("RCPT", "452 4.3.1 Disk full"),
        ("dot", "451 4.3.0 Trouble here"),
    ],
)
def test_what_is_about_the_server_lets_it_rest_and_gives_the_mails_back_unspent(session, sink, stage, reply):
    tips = [a_tip(session) for _ in range(3)]
    sink.at(stage, reply, times=3 if stage in {"greeting", "EHLO"} else 1)
    taken = send(session)  # others may have been past their dot on another connection
    waits = [tip for tip in tips if tip.state == MessageState.QUEUED]
    assert [tip.attempts for tip in waits] == [0] * (3 - taken)
    assert relays.usable(session, rests.resting(session, NOW), Queue.BULK, NOW) == []
    assert all(reply in tip.reason or reply == tip.reply for tip in waits)
    assert_balance(session, waiting=3 - taken)
    assert send(session, NOW + timedelta(minutes=5)) == 3 - taken


def test_when_a_server_rests_the_next_one_takes_the_mail(session, sink, setting):
    with socket.socket() as silent:  # accepts, and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        setting(SMTP_URL=f"smtp://127.0.0.1:{silent.getsockname()[1]} {sink.url}")
        tip = a_tip(session)
        send(session)
    assert (tip.state, tip.relay) == (MessageState.SENT, f"127.0.0.1:{sink.port}")
