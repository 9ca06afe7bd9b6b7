"""Turns of sending that are stopped, killed, or share a queue."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

from funnel.db import utc_now
from funnel.mail import delivery, halt, journal, lease, reap
from funnel.models.mail import MessageState, Queue
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_sequence
from tests.mail_cast import a_tip, states, wait_for

SEND = """
from funnel.mail import delivery
from funnel.models.mail import Queue
delivery.HALT_S = {halt}
delivery.deliver(Queue.BULK, 50)
"""
SENT, QUEUED, UNKNOWN = MessageState.SENT, MessageState.QUEUED, MessageState.UNKNOWN


def sending(halt_s=20):
    return subprocess.Popen([sys.executable, "-c", SEND.format(halt=halt_s)], env=os.environ)


def due_tips(session, count):
    for number in range(count):
        a_tip(session, due_at=utc_now() - timedelta(minutes=count - number))
    session.commit()


def test_sigterm_lets_the_mail_on_its_way_arrive_and_begins_no_other(session, single, monkeypatch):
    due_tips(session, 5)
    taken, answers = single.handle_DATA, threading.Event()

    async def take_and_wait(*given):
        answer = await taken(*given)
        await asyncio.to_thread(answers.wait, 50)
        return answer

    monkeypatch.setattr(single, "handle_DATA", take_and_wait)
    process = sending()
    wait_for(lambda: single.caught)
    process.send_signal(signal.SIGTERM)
    time.sleep(1)  # for it to hear
    answers.set()
    assert process.wait(50) == -signal.SIGTERM
    assert states(session) == [SENT, *[QUEUED] * 4]
    assert len(single.caught) == 1
    assert_balance(session, waiting=4)


def test_sigterm_again_waits_for_no_answer(session, single):
    due_tips(session, 2)
    single.at("dot", stall=600, taken=True, times=1)
    process = sending(halt_s=600)
    wait_for(lambda: single.caught)
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    assert process.wait() == -signal.SIGTERM
    assert states(session) == [UNKNOWN, QUEUED]
    assert_balance(session, waiting=1)


def test_what_a_killed_process_held_is_settled_by_the_next_one(session, single):
    due_tips(session, 3)
    single.at("dot", "250 2.0.0 Ok", stall=600, taken=True, times=1)
    process = sending()
    wait_for(lambda: single.caught)
    process.kill()
    process.wait()
    assert states(session) == [QUEUED] * 3
    assert reap.reap(session, utc_now() + lease.LEASE + reap.GRACE / 2) == 0  # it leaves them to the journal
    assert_balance(session, waiting=3)
    session.commit()
    assert delivery.deliver_now(Queue.BULK, utc_now()) == 2
    assert states(session) == [UNKNOWN, SENT, SENT]
    assert set(single.counts.values()) == {1}
    assert not list(journal.folder().iterdir())
    assert_balance(session, waiting=0)


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


def test_four_turns_at_once_send_each_mail_once(session, single, setting):
    setting(SMTP_URL=f"{single.url}?pool=3")
    step = a_sequence(session, window_start=0, window_end=24 * 60, weekends=True).steps[1]
    for _ in range(60):
        a_tip(session, step_id=step.id)
    session.commit()
    turns = [threading.Thread(target=delivery.deliver_now, args=(Queue.BULK, NOW)) for _ in range(4)]
    [turn.start() for turn in turns]
    [turn.join() for turn in turns]
    assert states(session) == [SENT] * 60
    assert len(single.counts) == sum(single.counts.values()) == 60
    assert_balance(session, waiting=0)
