"""Mails that were taken from a claim meanwhile, as from a worker that slept past its lease and wakes."""

import pytest

from funnel.mail import lease, record
from funnel.mail.ledger import Result
from funnel.mail.replies import Reply, Stage, outcome
from funnel.models.mail import MessageState
from funnel.programme import waiting
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.mail_cast import a_tip, claimed

TAKEN = outcome(Reply(Stage.DOT, 250, "2.0.0 Ok"), "relay")
LATER = outcome(Reply(Stage.RCPT, 451, "4.2.0 Later"), "relay")


@pytest.fixture
def lose(session):
    """lose(claim, tip) puts a mail of a claim back into the queue, as reaping does with a confirmation."""

    def lost(claim_id, *tips):
        ids = [tip.id for tip in tips]
        assert lease.give_up(session, claim_id, ids) == set(ids)
        waiting.put(session, ids)

    return lost


def test_one_that_was_put_off_is_left_to_whoever_has_it(session, lose):
    tip = a_tip(session)
    (found,) = claimed(session)
    lose(found.claim_id, tip)
    record.record(session, found.claim_id, [Result(found, LATER)], NOW)
    session.commit()
    session.expire_all()
    assert (tip.state, tip.attempts) == (MessageState.QUEUED, 0)
    assert_balance(session, waiting=1)


def test_one_that_was_given_back_is_not_put_into_the_queue_twice(session, lose):
    gone, kept = a_tip(session), a_tip(session)
    found = {one.id: one for one in claimed(session)}
    claim_id = found[gone.id].claim_id
    lose(claim_id, gone)
    record.record(session, claim_id, [], NOW, list(found.values()))
    session.commit()
    assert_balance(session, waiting=2)
    assert {one.id for one in claimed(session)} == {gone.id, kept.id}


def test_one_that_was_taken_by_the_relay_after_all_is_not_sent_again(session, lose):
    tip, other = a_tip(session), a_tip(session)
    found = {one.id: one for one in claimed(session)}
    claim_id = found[tip.id].claim_id
    lose(claim_id, tip)
    record.record(session, claim_id, [Result(one, TAKEN) for one in found.values()], NOW)
    session.commit()
    session.expire_all()
    assert [mail.state for mail in (tip, other)] == [MessageState.SENT] * 2
    assert claimed(session) == []
    assert_balance(session, waiting=0)


def test_one_that_another_worker_is_sending_is_left_to_it(session, lose):
    tip = a_tip(session)
    (found,) = claimed(session)
    lose(found.claim_id, tip)
    (again,) = claimed(session)
    record.record(session, found.claim_id, [Result(found, TAKEN)], NOW)
    session.commit()
    session.expire_all()
    assert tip.state == MessageState.QUEUED
    record.record(session, again.claim_id, [Result(again, TAKEN)], NOW)
    session.commit()
    session.expire_all()
    assert tip.state == MessageState.SENT
    assert_balance(session, waiting=0)
