"""What the engine asks of the database, when that fails, loses an answer, or is asked too late."""

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from funnel.audience import ending
from funnel.audience.visit import Visit
from funnel.db import Session, engine
from funnel.mail import batch, claim, delivery, desk, holding, lease, pace
from funnel.mail.desk import Desk
from funnel.mail.holding import Holding
from funnel.models.mail import Message, MessageState, Queue
from funnel.models.people import SubscriberState
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_subscriber
from tests.mail_cast import a_newsletter, a_tip, send, states

SENT, QUEUED = MessageState.SENT, MessageState.QUEUED


def test_what_was_taken_is_recorded_though_the_database_dropped_every_connection(session, single, monkeypatch):
    a_tip(session)
    taken, take, nothing_more = single.handle_DATA, Desk.take, threading.Event()

    def take_and_tell(own):
        found = take(own)
        if found is None:
            nothing_more.set()
        return found

    async def take_and_drop(*given):
        answer = await taken(*given)
        await asyncio.to_thread(nothing_more.wait, 50)
        with engine().connect() as admin:
            admin.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
        return answer

    monkeypatch.setattr(Desk, "take", take_and_tell)
    monkeypatch.setattr(single, "handle_DATA", take_and_drop)
    session.commit()
    session.close()
    assert delivery.deliver_now(Queue.BULK, NOW) == 1
    assert states(session) == [SENT]


def test_what_is_known_is_told_again_until_the_database_is_back(monkeypatch, clean):
    monkeypatch.setattr(desk, "RECORD_WAITS_S", (0.001,) * 3)
    tries = []

    def work(session):
        tries.append(session)
        if len(tries) < 4:
            raise OperationalError("update", {}, Exception("away"))
        return "told"

    assert desk.kept(work) == "told"
    assert len(tries) == 4


def test_an_error_as_the_mails_are_made_ready_takes_none(session, sink, monkeypatch):
    tips = [a_tip(session) for _ in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(batch, "prepared", lambda *_: (_ for _ in ()).throw(SQLAlchemyError("away")))
        with pytest.raises(SQLAlchemyError):
            send(session)
    session.expire_all()
    assert [(tip.state, tip.attempts) for tip in tips] == [(QUEUED, 0)] * 3
    assert_balance(session, waiting=3)
    assert send(session) == 3


def test_near_the_end_of_its_lease_no_dot_is_written(session, single, monkeypatch):
    tip = a_tip(session)
    take = Desk.take

    def take_once_for_a_moment(own):
        with monkeypatch.context() as patch:
            if not single.commands:
                patch.setattr(desk, "LEASE_MARGIN_S", lease.LEASE.total_seconds())
            return take(own)

    monkeypatch.setattr(Desk, "take", take_once_for_a_moment)
    assert send(session) == 1
    assert (tip.state, tip.attempts) == (SENT, 1)
    assert len(single.caught) == 1
    assert single.commands.count("DATA") == 2  # to the first it answered 354, and nothing followed


def test_what_is_held_up_for_long_is_gated_again(session, single, monkeypatch):
    first, second = (a_tip(session, due_at=NOW - timedelta(hours=hours)) for hours in (2, 1))
    monkeypatch.setattr(desk, "HELD_S", 0.3)
    taken, stop, stopped = single.handle_DATA, Holding.stop, threading.Event()

    async def take_and_leave(*given):
        if not single.caught:
            with Session.begin() as own:
                ending.leave(own, second.subscriber_id, "link", Visit("", ""), NOW)
            await asyncio.to_thread(stopped.wait, 50)
        return await taken(*given)

    monkeypatch.setattr(single, "handle_DATA", take_and_leave)
    monkeypatch.setattr(Holding, "stop", lambda own: (stop(own), stopped.set()))
    assert send(session) == 1
    assert (first.state, second.state) == (SENT, MessageState.SKIPPED)
    assert second.attempts == 0
    assert_balance(session, waiting=0)


def test_what_an_error_of_ours_left_unrecorded_the_journal_tells(session, single, monkeypatch):
    tips = [a_tip(session, due_at=NOW - timedelta(hours=hours)) for hours in (3, 2, 1)]
    with monkeypatch.context() as patch:
        patch.setattr(holding, "RECORDED_EVERY_S", 600)  # so that all three are answered by then
        patch.setattr(Desk, "record", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            send(session)
    session.expire_all()
    assert [tip.state for tip in tips] == [QUEUED] * 3
    assert len(single.caught) == 3
    assert_balance(session, waiting=3)
    assert send(session) == 0
    assert [tip.state for tip in tips] == [SENT] * 3
    assert len(single.caught) == 3


def test_an_engine_that_fails_as_it_claims_leaves_a_journal_that_gives_back(session, sink, monkeypatch):
    tip = a_tip(session)
    session.commit()
    under_way = threading.Event()
    take, stir = Desk.take, delivery.Engine._stir

    def take_late(own):
        under_way.set()
        return take(own)

    async def fail(own):
        await stir(own)
        under_way.wait(50)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Desk, "take", take_late)
        patch.setattr(delivery.Engine, "_stir", fail)
        with pytest.raises(ZeroDivisionError):
            delivery.deliver_now(Queue.BULK, NOW)
    assert_balance(session, waiting=1)
    assert send(session) == 1
    assert (tip.state, tip.attempts) == (SENT, 1)


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
    assert (tip.state, tip.attempts, tip.reason) == (QUEUED, 0, desk.LOST_CLAIM)
    assert send(session) == 1
    assert set(sink.counts.values()) == {1}


def test_many_that_are_turned_back_are_turned_back_in_transactions_of_their_own(session, sink, monkeypatch):
    gone = a_subscriber(session, state=SubscriberState.UNSUBSCRIBED)
    for _ in range(2 * pace.FIRST):
        a_newsletter(session, gone, due_at=NOW - timedelta(hours=1))
    a_tip(session)
    session.commit()
    left, claims = [], claim.claim

    def counted(own, *given):
        with Session.begin() as other:
            left.append(other.scalar(select(func.count()).where(Message.state == QUEUED)))
        return claims(own, *given)

    monkeypatch.setattr(claim, "claim", counted)
    assert send(session) == 1
    assert left == [2 * pace.FIRST + 1, pace.FIRST + 1, 1]
