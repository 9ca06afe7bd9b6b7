"""What a dead process knew is replayed: its journal says on which side of the final dot each of its mails was."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import suppression
from funnel.mail import abandoned, delivery, journal, reap
from funnel.mail.journal import answer, dot
from funnel.mail.replies import Reply, Stage
from funnel.models.mail import Message, MessageState, Queue
from funnel.models.people import Subscriber, SuppressionReason
from funnel.models.sending import Claim
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message
from tests.journals import LATER, Dead
from tests.mail_cast import a_confirmation, a_tip, send

QUEUED, SENT, DEFERRED = MessageState.QUEUED, MessageState.SENT, MessageState.DEFERRED
FAILED, UNKNOWN = MessageState.FAILED, MessageState.UNKNOWN
TAKEN = Reply(Stage.DOT, 250, "2.0.0 Ok: queued as 4XyZ")


@pytest.fixture(autouse=True)
def place(clean, setting, tmp_path):
    setting(DATA_DIR=str(tmp_path))


def test_what_was_not_begun_waits_again_its_try_unspent(session):
    tip = a_tip(session)
    assert Dead(session).replayed() == 1
    assert (tip.state, tip.attempts, tip.due_at) == (QUEUED, 0, NOW)
    assert not session.scalars(select(Claim)).all()
    assert_balance(session, waiting=1)


def test_a_dot_without_an_answer_is_unknown(session):
    tip = a_tip(session)
    dead = Dead(session)
    dead.dot(tip)
    dead.replayed()
    assert (tip.state, tip.reason, tip.claim_id, tip.ended_at) == (UNKNOWN, reap.SILENT, dead.claim_id, LATER)
    assert_balance(session, waiting=0)


def test_a_confirmations_dot_without_an_answer_is_repeated(session):
    confirmation = a_confirmation(session)
    dead = Dead(session, Queue.URGENT)
    dead.dot(confirmation)
    dead.replayed()
    assert (confirmation.state, confirmation.attempts) == (QUEUED, 1)
    assert_balance(session, waiting=1)


@pytest.mark.parametrize(
    ("reply", "state", "attempts"),
    [
        (TAKEN, SENT, 1),
        (Reply(Stage.DOT, 451, "4.7.1 Later"), DEFERRED, 1),
        (Reply(Stage.DOT, 421, "4.7.0 Too many"), DEFERRED, 1),
        (Reply(Stage.DOT, 451, "4.3.0 Disk"), QUEUED, 0),
        (Reply(Stage.DOT, 550, "5.7.1 Blocked"), DEFERRED, 1),
        (Reply(Stage.DOT, 554, "No"), FAILED, 1),
        (Reply(Stage.DOT, 0, "no answer in time"), UNKNOWN, 1),
        (Reply(Stage.RCPT, 451, "4.2.2 Full"), DEFERRED, 1),
        (Reply(Stage.RCPT, 550, "No"), FAILED, 1),
        (Reply(Stage.DATA, 0, "the server closed the connection"), QUEUED, 1),
    ],
)
@pytest.mark.parametrize("boot", ["this", "another"])
def test_an_answer_counts_as_if_its_process_had_recorded_it(session, monkeypatch, reply, state, attempts, boot):
    tip = a_tip(session)
    dead = Dead(session)
    if reply.stage == Stage.DOT:
        dead.dot(tip)
    dead.answer(tip, reply)
    if boot == "another":
        monkeypatch.setattr(abandoned, "boot_id", lambda: "another")
    assert dead.replayed() == 1
    assert (tip.state, tip.attempts) == (state, attempts)
    assert (tip.claim_id is not None) == (state == UNKNOWN)
    assert_balance(session, waiting=state in {QUEUED, DEFERRED})


def test_a_bad_address_is_given_up(session):
    tip = a_tip(session)
    dead = Dead(session)
    dead.answer(tip, Reply(Stage.RCPT, 550, "5.1.1 No such person"))
    dead.replayed()
    person = session.get(Subscriber, tip.subscriber_id)
    assert tip.state == FAILED
    assert suppression.reason(session, person.address_hash) == SuppressionReason.BOUNCE


def other_boot(dead, monkeypatch):
    monkeypatch.setattr(abandoned, "boot_id", lambda: "another")


def damaged(dead, monkeypatch):
    size = dead.book.size
    dead.book.write(b"\xff" * 40)
    assert dead.book.size > size


def lost_header(dead, monkeypatch):
    os.truncate(dead.book.path, 5)


@pytest.mark.parametrize("how", [other_boot, damaged, lost_header])
def test_where_records_may_be_lost_nobody_can_say_what_was_not_begun(session, monkeypatch, how):
    tips = [a_tip(session) for _ in range(2)]
    dead = Dead(session)
    how(dead, monkeypatch)
    assert dead.replayed() == 2
    assert [tip.state for tip in tips] == [UNKNOWN] * 2
    assert_balance(session, waiting=0)


def test_a_record_torn_off_at_the_end_was_followed_by_no_dot(session):
    first, second = a_tip(session), a_tip(session)
    dead = Dead(session)
    dead.dot(first)
    dead.book.write((answer(dead.claim_id, first.id, TAKEN) + dot(dead.claim_id, second.id))[:-3])
    assert dead.replayed() == 2
    assert (first.state, second.state) == (SENT, QUEUED)
    assert_balance(session, waiting=1)


def test_what_was_recorded_before_the_end_is_not_touched(session):
    first, second = a_tip(session), a_tip(session)
    dead = Dead(session)
    held = session.scalars(select(Claim)).one()
    held.ids = [second.id]
    first.state, first.ended_at, first.sent_at = SENT, NOW, NOW
    session.commit()
    dead.dot(first)  # its answer is missing, as if the journal had been torn: the database knows better
    assert dead.replayed() == 1
    assert (first.state, first.ended_at, second.state) == (SENT, NOW, QUEUED)


def test_a_claim_that_was_reaped_meanwhile_is_put_right_by_the_answers(session):
    taken, silent, refused, resolved = (a_tip(session) for _ in range(4))
    dead = Dead(session)
    for tip in (taken, silent, refused, resolved):
        dead.dot(tip)
    dead.answer(taken, TAKEN)
    dead.answer(refused, Reply(Stage.DOT, 554, "No"))
    dead.answer(resolved, Reply(Stage.DOT, 554, "No"))
    reaped_at = dead.held[0].lease_until + reap.GRACE * 2
    assert reap.reap(session, reaped_at) == 4
    session.commit()
    session.expire_all()
    assert [tip.state for tip in (taken, silent, refused, resolved)] == [UNKNOWN] * 4
    resolved.state, resolved.claim_id, resolved.troubled_at = SENT, None, None  # a link in it was followed
    session.commit()
    assert dead.replayed(reaped_at + timedelta(hours=1)) == 2
    assert [tip.state for tip in (taken, silent, refused, resolved)] == [SENT, UNKNOWN, FAILED, SENT]
    assert (taken.troubled_at, taken.claim_id, taken.reply) == (None, None, TAKEN.words)
    assert_balance(session, waiting=0)


def test_what_was_sent_again_after_reaping_is_not_put_right_by_the_old_answer(session):
    confirmation = a_confirmation(session)
    dead = Dead(session, Queue.URGENT)
    dead.dot(confirmation)
    dead.answer(confirmation, Reply(Stage.DOT, 554, "No"))
    assert reap.reap(session, dead.held[0].lease_until + timedelta(seconds=1)) == 1
    session.commit()
    assert dead.replayed() == 0
    assert confirmation.state == QUEUED
    assert_balance(session, waiting=1)


def test_replaying_again_changes_nothing(session):
    tips = [a_tip(session) for _ in range(3)]
    dead = Dead(session)
    dead.dot(tips[0])
    dead.answer(tips[0], TAKEN)
    dead.dot(tips[1])
    assert dead.replayed() == 3
    before = [(tip.state, tip.ended_at, tip.attempts) for tip in tips]
    assert dead.replayed(LATER + timedelta(days=1)) == 0
    assert [(tip.state, tip.ended_at, tip.attempts) for tip in tips] == before
    assert_balance(session, waiting=1)


def test_a_journal_says_nothing_of_claims_of_others(session):
    a_tip(session)
    first = Dead(session)
    a_tip(session)
    second = Dead(session)
    second.book.close(keep=True)
    os.rename(second.book.path, second.book.path.with_suffix(".away"))
    assert first.replayed() == 1
    assert session.scalars(select(Claim.id)).all() == [second.claim_id]
    assert_balance(session, waiting=2)


def test_a_living_process_is_left_alone(session):
    a_tip(session)
    dead = Dead(session)
    assert list(abandoned.journals(journal.folder())) == []
    dead.book.close()


def test_a_turn_begins_with_it_and_takes_the_journal_away(session, sink):
    tips = [a_tip(session) for _ in range(3)]
    dead = Dead(session)
    dead.dot(tips[0])
    dead.book.close(keep=True)
    assert send(session) == 2
    assert [tip.state for tip in tips] == [UNKNOWN, SENT, SENT]
    assert not list(journal.folder().iterdir())
    assert tips[0].message_id not in sink.counts


def test_a_journal_stays_until_what_it_tells_is_committed(session, sink, monkeypatch):
    tip = a_tip(session)
    dead = Dead(session)
    dead.dot(tip)
    dead.answer(tip, TAKEN)
    dead.book.close(keep=True)
    with monkeypatch.context() as patch:
        patch.setattr(reap, "replay", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            delivery.deliver_now(Queue.BULK, NOW)
    assert dead.book.path.exists()
    assert send(session) == 0
    assert (tip.state, sink.caught) == (SENT, [])


def test_a_mail_to_somebody_we_do_not_keep_can_wait_again_from_its_claim(session):
    notice = a_message(
        session, kind="notice", template="booking_thanks", queue=Queue.URGENT, to_address="typed@example.org"
    )
    Dead(session, Queue.URGENT).replayed()
    assert (notice.state, notice.to_address) == (QUEUED, "typed@example.org")
    assert session.get(Message, notice.id).attempts == 0
