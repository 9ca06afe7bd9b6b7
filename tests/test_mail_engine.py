"""The engine over several turns, connections and relays; and what it does where it cannot write its journal."""

import asyncio
import os
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from funnel.mail import delivery, desk, journal, lease, line, record, relays, rests
from funnel.mail.delivery import Engine
from funnel.mail.journal import Journal, JournalError
from funnel.models.mail import MessageState, Queue
from funnel.models.sending import Claim
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_sequence
from tests.mail_cast import a_confirmation, a_tip, in_step, send, states, wait_for
from tests.sink import Sink

SENT, QUEUED, UNKNOWN = MessageState.SENT, MessageState.QUEUED, MessageState.UNKNOWN


class Clock:
    """The database's, which a test moves."""

    now = NOW

    def __call__(self, session):
        return self.now


@pytest.fixture
def engine(single):
    made = Engine(Queue.BULK, Clock())
    yield made
    if not made.loop.is_closed():
        made.close()


@pytest.fixture
def second():
    """Another server."""
    opened = Sink()
    opened.listen()
    yield opened
    opened.stop()


def hold_answers(sink, monkeypatch):
    """The sink takes mails and does not say so until the event is set."""
    taken, answers = sink.handle_DATA, threading.Event()

    async def take_and_wait(*given):
        answer = await taken(*given)
        while not answers.is_set():
            await asyncio.sleep(0.01)
        return answer

    monkeypatch.setattr(sink, "handle_DATA", take_and_wait)
    return answers


def turn_until_taken(engine, sink):
    """Short turns, as a worker makes them, until a mail is past its dot."""
    assert engine.run(0, 0) == 0
    while not sink.caught:
        assert engine.run(0.5, 0.1) == 0


def tips(session, count):
    step = a_sequence(session, window_start=0, window_end=24 * 60, weekends=True).steps[1]
    made = [a_tip(session, step_id=step.id) for _ in range(count)]
    in_step(session)
    return made


def test_a_dot_unanswered_at_the_end_of_a_turn_is_waited_for_in_the_next(session, single, engine, monkeypatch):
    tips(session, 1)
    answers = hold_answers(single, monkeypatch)
    turn_until_taken(engine, single)
    assert states(session) == [QUEUED]
    assert session.scalar(select(func.count()).select_from(Claim)) == 1
    assert engine.journal.size > engine.journal._start  # so that it is known if this process dies between turns
    answers.set()
    assert engine.run(50, 50) == 1
    assert states(session) == [SENT]
    assert engine.journal.size == engine.journal._start
    assert set(single.counts.values()) == {1}
    assert_balance(session, waiting=0)


def test_what_is_waited_for_keeps_its_lease(session, single, engine, monkeypatch):
    tips(session, 1)
    answers = hold_answers(single, monkeypatch)
    turn_until_taken(engine, single)
    monkeypatch.setattr(delivery, "RENEW_S", 0)
    clock = engine.desk.clock
    clock.now = NOW + lease.LEASE - timedelta(seconds=30)
    assert engine.run(0.2, 0.2) == 0
    session.expire_all()
    assert session.scalars(select(Claim.lease_until)).one() == clock.now + lease.LEASE
    answers.set()
    assert engine.run(50, 50) == 1
    assert states(session) == [SENT]


def test_an_engine_that_ends_amid_a_dot_leaves_it_to_the_journal(session, single, engine, monkeypatch):
    tips(session, 2)
    monkeypatch.setattr(desk, "HELD_S", 0.3)  # then the second goes back, and the turn ends
    answers = hold_answers(single, monkeypatch)
    turn_until_taken(engine, single)
    engine.close()
    answers.set()
    assert len(list(journal.folder().iterdir())) == 1
    assert send(session) == 1
    assert sorted(states(session)) == [SENT, UNKNOWN]
    assert set(single.counts.values()) == {1}
    assert_balance(session, waiting=0)


def test_connections_are_kept_from_turn_to_turn(session, single, engine):
    for _ in range(3):
        tips(session, 1)
        assert engine.run(50, 50) == 1
    assert single.connections == 1


def test_a_connection_that_was_idle_for_long_is_not_trusted(session, single, engine, monkeypatch):
    tips(session, 1)
    assert engine.run(50, 50) == 1
    monkeypatch.setattr(line, "IDLE_S", 0)
    tips(session, 1)
    assert engine.run(50, 50) == 1
    assert single.connections == 2


def test_a_kept_connection_that_the_server_closed_costs_no_mail_a_try(session, single, engine):
    tips(session, 1)
    assert engine.run(50, 50) == 1
    single.stop()
    single.listen()
    (tip,) = tips(session, 1)
    assert engine.run(50, 50) == 1
    session.expire_all()
    assert (tip.state, tip.attempts) == (SENT, 1)


def test_mails_go_over_as_many_connections_as_the_pool_has_and_no_more(session, single, setting, monkeypatch):
    setting(SMTP_URL=f"{single.url}?pool=3")
    tips(session, 9)
    answers = hold_answers(single, monkeypatch)
    thread = threading.Thread(target=delivery.deliver_now, args=(Queue.BULK, NOW))
    thread.start()
    wait_for(lambda: len(single.caught) == 3)  # each without an answer: three connections at once
    answers.set()
    thread.join()
    assert states(session) == [SENT] * 9
    assert single.connections == 3


def test_where_one_relay_is_in_trouble_the_other_takes_its_mails_unspent(session, single, second, setting, monkeypatch):
    setting(SMTP_URL=f"{single.url}?share=2&pool=1 {second.url}")
    monkeypatch.setattr(relays, "_lot", lambda relay: relay.share)
    made = tips(session, 12)
    single.at("MAIL", "451 4.3.0 Disk trouble", times=1)
    assert send(session) == 11  # the one at which it balked comes behind the others
    assert (len(single.caught), set(second.counts.values())) == (0, {1})
    assert rests.resting(session, NOW)[0].name == f"relay:127.0.0.1:{single.port}"
    assert send(session, NOW + record.BROKEN_AFTER) == 1
    assert [(tip.state, tip.attempts) for tip in made] == [(SENT, 1)] * 12


def test_a_server_that_lets_none_of_several_connections_in_rests_at_once(session, single, setting):
    setting(SMTP_URL=f"{single.url}?pool=3")
    tips(session, 5)
    single.at("greeting", "421 4.7.0 Not now", times=3)
    assert send(session) == 0
    assert relays.usable(session, rests.resting(session, NOW), Queue.BULK, NOW) == []
    assert single.connections == 3
    assert_balance(session, waiting=5)


def test_where_further_connections_are_refused_and_the_last_one_breaks_another_is_opened(session, single, setting):
    setting(SMTP_URL=f"{single.url}?pool=3")
    tips(session, 5)
    single.at("greeting", "421 4.7.0 Too many connections", times=2)
    single.at("dot", "250 2.0.0 Taken, and bye", drop=True, taken=True)  # one mail a connection
    assert send(session) == 5
    assert set(single.counts.values()) == {1}


def test_no_dot_is_written_where_the_journal_cannot_be(session, sink, monkeypatch):
    made = tips(session, 6)
    write = Journal.write

    def refuse(own, records):
        if own.size:  # past its header
            raise JournalError("no room")
        write(own, records)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", refuse)
        with pytest.raises(JournalError, match="no room"):
            send(session)
    assert sink.caught == []
    assert_balance(session, waiting=6)
    assert send(session) == 6
    assert [(tip.state, tip.attempts) for tip in made] == [(SENT, 1)] * 6


def test_a_disk_that_fills_up_amid_a_claim_loses_and_repeats_nothing(session, single, monkeypatch):
    tips(session, 6)
    full, write = [], os.write

    def write_until_full(descriptor, data):
        if len(single.caught) == 3:
            full.append(descriptor)
            return write(descriptor, data[:5])  # a short write, as the last room is used up
        return write(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "write", write_until_full)
        with pytest.raises(JournalError, match="Make room"):
            send(session)
    assert (bool(full), len(single.caught)) == (True, 3)
    send(session)
    assert states(session).count(SENT) + states(session).count(UNKNOWN) == 6
    assert states(session).count(UNKNOWN) <= 1
    assert len(single.counts) == 6
    assert set(single.counts.values()) == {1}
    assert_balance(session, waiting=0)


def test_a_confirmation_does_not_wait_for_the_others(session, single, monkeypatch):
    tips(session, 2)
    confirmation = a_confirmation(session)
    in_step(session)
    bulk = threading.Thread(target=delivery.deliver_now, args=(Queue.BULK, NOW))
    with monkeypatch.context() as patch:
        answers = hold_answers(single, patch)
        bulk.start()
        wait_for(lambda: single.caught)
    assert send(session, queue=Queue.URGENT) == 1
    assert confirmation.state == SENT
    answers.set()
    bulk.join()
    assert_balance(session, waiting=0)
