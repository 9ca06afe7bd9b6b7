"""Turns of sending that are stopped, share a queue, or lose the database under their feet."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from funnel.audience import ending
from funnel.audience.visit import Visit
from funnel.db import Session, engine, utc_now
from funnel.mail import batch, claim, delivery, halt, render
from funnel.models.mail import Message, MessageState, Queue
from funnel.models.people import SubscriberState
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_subscriber
from tests.mail_cast import a_newsletter, a_tip, send

SEND = "from funnel.mail import delivery; from funnel.models.mail import Queue; print(delivery.deliver(Queue.BULK, 30))"


def states(session):
    session.expire_all()
    return list(session.scalars(select(Message.state).order_by(Message.id)))


def test_sigterm_lets_the_mail_on_its_way_arrive_and_begins_no_other(session, sink):
    for _ in range(5):
        a_tip(session, due_at=utc_now() - timedelta(minutes=1))
    session.commit()
    sink.at("dot", "250 2.0.0 Ok", stall=0.7, taken=True, times=1)
    process = subprocess.Popen([sys.executable, "-c", SEND], stdout=subprocess.PIPE, env=os.environ)
    while "DATA" not in sink.commands:
        pass
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM
    assert states(session) == [MessageState.SENT, *[MessageState.QUEUED] * 4]
    assert_balance(session, waiting=4)


def test_a_killed_process_leaves_its_claims_to_the_reaper(session, sink):
    for _ in range(3):
        a_tip(session, due_at=utc_now() - timedelta(minutes=1))
    session.commit()
    sink.at("dot", "250 2.0.0 Ok", stall=5, taken=True, times=1)
    process = subprocess.Popen([sys.executable, "-c", SEND], env=os.environ)
    while "DATA" not in sink.commands:
        pass
    process.kill()
    process.wait()
    assert states(session) == [MessageState.CLAIMED] * 3
    assert_balance(session, waiting=3)


def test_without_a_signal_a_turn_ends_as_it_began():
    before = signal.getsignal(signal.SIGTERM)
    with halt.by_sigterm():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_in_a_thread_signals_are_left_alone():
    seen = []

    def turn():
        with halt.by_sigterm():
            seen.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=turn)
    thread.start()
    thread.join()
    assert seen == [before]


def test_four_turns_at_once_send_each_mail_once(session, sink):
    for _ in range(60):
        a_tip(session)
    session.commit()
    turns = [threading.Thread(target=delivery.deliver_now, args=(Queue.BULK, NOW)) for _ in range(4)]
    [turn.start() for turn in turns]
    [turn.join() for turn in turns]
    assert states(session) == [MessageState.SENT] * 60
    assert len(sink.counts) == sum(sink.counts.values()) == 60
    assert_balance(session, waiting=0)


def test_what_was_taken_is_recorded_though_the_database_dropped_every_connection(session, sink, monkeypatch):
    a_tip(session)
    taken = sink.handle_DATA

    async def take_and_drop(*given):
        answer = await taken(*given)
        with engine().connect() as admin:
            admin.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
        return answer

    monkeypatch.setattr(sink, "handle_DATA", take_and_drop)
    session.commit()
    session.close()
    assert delivery.deliver_now(Queue.BULK, NOW) == 1
    assert states(session) == [MessageState.SENT]


def test_what_is_known_is_told_again_until_the_database_is_back(monkeypatch, clean):
    monkeypatch.setattr(delivery, "RECORD_WAITS_S", (0.001,) * 3)
    tries = []

    def work(session):
        tries.append(session)
        if len(tries) < 4:
            raise OperationalError("update", {}, Exception("away"))
        return "told"

    assert delivery._kept(work) == "told"
    assert len(tries) == 4


def test_a_database_that_fails_while_rendering_gives_all_back(session, sink, monkeypatch):
    tips = [a_tip(session) for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(render, "rendered", lambda *_: (_ for _ in ()).throw(SQLAlchemyError("away")))
        with pytest.raises(SQLAlchemyError):
            send(session)
    session.expire_all()
    assert [(tip.state, tip.attempts, tip.reason) for tip in tips] == [(MessageState.QUEUED, 0, batch.OUR_ERROR)] * 3
    assert send(session) == 3


def test_near_the_end_of_its_lease_no_mail_is_begun(session, sink, monkeypatch):
    tip = a_tip(session)
    monkeypatch.setattr(claim, "LEASE", timedelta(seconds=delivery.LEASE_MARGIN_S))
    monkeypatch.setattr(delivery._Run, "_over", lambda run, left=[False, True]: left.pop(0))
    assert send(session) == 0
    assert (tip.state, tip.attempts, tip.reason) == (MessageState.QUEUED, 0, delivery.GIVEN_BACK)
    assert sink.caught == []


def test_what_is_held_up_for_long_is_gated_again(session, sink, monkeypatch):
    first, second = (a_tip(session, due_at=NOW - timedelta(hours=hours)) for hours in (2, 1))
    monkeypatch.setattr(delivery, "HELD_S", 0.3)
    taken = sink.handle_DATA

    async def take_and_leave(*given):
        if not sink.caught:
            with Session.begin() as own:
                ending.leave(own, second.subscriber_id, "link", Visit("", ""), NOW)
            await asyncio.sleep(0.4)
        return await taken(*given)

    monkeypatch.setattr(sink, "handle_DATA", take_and_leave)
    assert send(session) == 1
    assert (first.state, second.state) == (MessageState.SENT, MessageState.SKIPPED)
    assert second.attempts == 0
    assert_balance(session, waiting=0)


def test_an_error_of_ours_amid_a_claim_leaves_only_the_mail_it_fell_on(session, sink, monkeypatch):
    tips = [a_tip(session, due_at=NOW - timedelta(hours=hours)) for hours in (3, 2, 1)]
    with monkeypatch.context() as patch:
        patch.setattr(delivery._Run, "_try", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send(session)
    session.expire_all()
    assert [tip.state for tip in tips] == [MessageState.CLAIMED, MessageState.QUEUED, MessageState.QUEUED]
    assert [tip.attempts for tip in tips] == [1, 0, 0]


def test_a_claim_whose_commit_was_never_answered_is_given_back(session, sink, monkeypatch):
    tip = a_tip(session)

    def claim_and_lose_the_answer(session, *given):
        with Session.begin() as own:
            claim_once(own, *given)
        raise OperationalError("commit", {}, Exception("the connection was lost"))

    claim_once = claim.claim
    with monkeypatch.context() as patch:
        patch.setattr(claim, "claim", claim_and_lose_the_answer)
        with pytest.raises(OperationalError):
            send(session)
    session.expire_all()
    assert (tip.state, tip.attempts) == (MessageState.QUEUED, 0)
    assert send(session) == 1
    assert set(sink.counts.values()) == {1}


def test_many_that_are_turned_back_are_turned_back_in_transactions_of_their_own(session, sink, monkeypatch):
    gone = a_subscriber(session, state=SubscriberState.UNSUBSCRIBED)
    for _ in range(2 * batch.FIRST):
        a_newsletter(session, gone, due_at=NOW - timedelta(hours=1))
    a_tip(session)
    session.commit()
    left, claims = [], claim.claim

    def counted(own, *given):
        with Session.begin() as other:
            left.append(other.scalar(select(func.count()).where(Message.state == MessageState.QUEUED)))
        return claims(own, *given)

    monkeypatch.setattr(claim, "claim", counted)
    assert send(session) == 1
    assert left == [2 * batch.FIRST + 1, batch.FIRST + 1, 1]


def test_the_number_claimed_follows_the_pace():
    pace = batch.Pace()
    assert pace.limit == batch.FIRST
    for expected in (20, 40, 80, batch.LARGEST, batch.LARGEST):
        pace.begin()
        pace.end(pace.limit)
        assert pace.limit == expected
    pace._began -= 60
    pace.end(10)
    assert pace.limit == 1
