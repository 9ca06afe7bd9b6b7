"""What follows for the address, and who may still say what became of a mail."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from funnel.audience import suppression
from funnel.mail import breaker, reap, record, rests
from funnel.mail.ledger import Result
from funnel.mail.replies import Meaning, Outcome, Reply, Stage, outcome
from funnel.models.mail import WAITING, Message, MessageKind, MessageState, Queue
from funnel.models.people import Subscriber, SubscriberState, SuppressionReason
from funnel.models.responses import Event, EventKind
from funnel.models.sending import RelayTally
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message, a_subscriber, add
from tests.mail_cast import Asked, a_confirmation, a_newsletter, a_tip, claimed, send

BAD = "550 5.1.1 No such user"
TAKEN = outcome(Reply(Stage.DOT, 250, "2.0.0 Ok"), "relay")


def test_a_bad_address_is_never_mailed_again(session, sink):
    person = a_subscriber(session)
    tip, waiting = a_tip(session, person), a_newsletter(session, person, due_at=NOW + timedelta(days=1))
    sink.at("RCPT", BAD)
    send(session)
    assert (tip.state, tip.reason) == (MessageState.FAILED, Meaning.NO_SUCH_ADDRESS.value)
    assert suppression.reason(session, person.address_hash) == SuppressionReason.BOUNCE
    assert (person.state, waiting.state) == (SubscriberState.BOUNCED, MessageState.SKIPPED)
    event = session.scalars(select(Event)).one()
    assert (event.kind, event.reason, event.message_id, event.subscriber_id) == (
        EventKind.BOUNCE,
        "5.1.1",
        tip.id,
        person.id,
    )
    assert_balance(session, waiting=0)


def test_a_pending_subscriber_whose_address_is_bad_is_suppressed_too(session, sink):
    asked = Asked(session)
    sink.at("dot", BAD)
    send(session, queue=Queue.URGENT)
    assert suppression.reason(session, asked.person.address_hash) == SuppressionReason.BOUNCE


def test_a_sign_up_without_a_subscriber_is_known_by_its_own_hash(session, sink):
    asked = Asked(session)
    asked.mail.subscriber_id = None
    sink.at("RCPT", BAD)
    send(session, queue=Queue.URGENT)
    assert suppression.reason(session, asked.sign_up.address_hash) == SuppressionReason.BOUNCE


def test_a_bad_address_of_somebody_we_do_not_keep_fails_and_no_more(session, sink):
    notice = a_message(
        session, kind="notice", template="booking_thanks", queue=Queue.URGENT, to_address="typed@example.org"
    )
    sink.at("RCPT", BAD)
    send(session, queue=Queue.URGENT)
    assert (notice.state, notice.to_address) == (MessageState.FAILED, None)


def test_over_five_percent_of_bad_addresses_nobody_is_given_up_and_sending_pauses(session, sink):
    tally(session, sink, bad=breaker.LATEST // breaker.BAD_SHARE)
    tip, next_one = a_tip(session), a_tip(session)
    sink.at("RCPT", BAD)
    send(session)
    assert (tip.state, tip.reason) == (MessageState.DEFERRED, Meaning.TOO_MANY_BAD.value)
    assert next_one.state in WAITING
    assert session.get(Subscriber, tip.subscriber_id).state == SubscriberState.ACTIVE
    assert rests.paused(rests.resting(session, NOW), Queue.BULK)
    assert_balance(session, waiting=2)


def test_exactly_five_percent_is_not_too_many(session, sink):
    tally(session, sink, bad=breaker.LATEST // breaker.BAD_SHARE - 1)
    tip = a_tip(session)
    sink.at("RCPT", BAD)
    send(session)
    assert tip.state == MessageState.FAILED


def tally(session, sink, bad):
    """The last 200 mails were delivered, the last `bad` of them to addresses that do not exist."""
    marks = list(range(breaker.LATEST, breaker.LATEST - bad, -1))
    relay = f"127.0.0.1:{sink.port}"
    day = NOW.date()
    add(session, RelayTally(name=relay, first_at=NOW, day=day, today=0, delivered=breaker.LATEST, bad_marks=marks))


def test_five_soft_bounces_over_a_week_give_the_address_up(session, sink):
    person = a_subscriber(session)
    sink.at("RCPT", "552 5.2.2 Mailbox full")
    for day in (0, 2, 4, 6):
        a_tip(session, person, due_at=NOW + timedelta(days=day))
        send(session, NOW + timedelta(days=day))
    assert person.state == SubscriberState.ACTIVE
    a_tip(session, person, due_at=NOW + timedelta(days=8))
    send(session, NOW + timedelta(days=8))
    assert person.state == SubscriberState.BOUNCED
    assert_balance(session, waiting=0)


def test_a_refusal_about_us_leaves_no_mark_on_the_address(session, sink):
    tip = a_tip(session)
    sink.at("dot", "550 5.7.1 Blocked")
    send(session)
    assert session.scalars(select(Event)).all() == []
    assert session.get(Subscriber, tip.subscriber_id).state == SubscriberState.ACTIVE


def test_handing_back_restores_the_try_and_only_what_is_still_ours(session):
    ours, recorded = a_tip(session), a_tip(session)
    found = {claim.id: claim for claim in claimed(session)}
    claim_id = found[ours.id].claim_id
    record.record(session, claim_id, [Result(found[recorded.id], TAKEN)], NOW)
    record.hand_back_all(session, claim_id, "given back")
    record.hand_back_all(session, claim_id, "given back")
    session.commit()
    session.expire_all()
    assert (ours.state, ours.attempts, ours.reason) == (MessageState.QUEUED, 0, "given back")
    assert recorded.state == MessageState.SENT
    assert_balance(session, waiting=1)


def test_all_of_a_claim_is_recorded_at_once_each_as_it_went(session):
    taken, later, bad, back = (a_tip(session) for _ in range(4))
    found = {claim.id: claim for claim in claimed(session)}
    results = [
        Result(found[taken.id], TAKEN),
        Result(found[later.id], outcome(Reply(Stage.RCPT, 451, "4.2.0 Later"), "relay")),
        Result(found[bad.id], outcome(Reply(Stage.RCPT, 550, "5.1.1 No\x1fbody"), "relay")),
    ]
    judged = record.record(session, found[taken.id].claim_id, results, NOW, [found[back.id]])
    meanings = [result.outcome.meaning for result in judged]
    session.commit()
    session.expire_all()
    assert meanings == [Meaning.ACCEPTED, Meaning.DEFERRED, Meaning.NO_SUCH_ADDRESS]
    assert [(tip.state, tip.attempts) for tip in (taken, later, bad, back)] == [
        (MessageState.SENT, 1),
        (MessageState.DEFERRED, 1),
        (MessageState.FAILED, 1),
        (MessageState.QUEUED, 0),
    ]
    assert (bad.reply, bad.troubled_at, taken.troubled_at) == ("550 5.1.1 No body", NOW, None)
    assert_balance(session, waiting=2)


def test_mails_that_go_well_are_written_on_their_own_page_and_into_no_index(session):
    counts = text("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'message'")
    for _ in range(60):
        a_tip(session)
    found = claimed(session)
    before = session.execute(counts).one()
    record.record(session, found[0].claim_id, [Result(one, TAKEN) for one in found], NOW)
    updated, in_place = (after - was for after, was in zip(session.execute(counts).one(), before, strict=True))
    assert updated == 60
    assert in_place >= 45  # the others found their page full


def test_a_claim_whose_process_died_becomes_unknown_once_nobody_can_tell_any_more(session):
    tip = a_tip(session)
    (found,) = claimed(session)
    assert reap.reap(session, found.lease_until + reap.GRACE) == 0
    after = found.lease_until + reap.GRACE + timedelta(seconds=1)
    assert reap.reap(session, after) == 1
    session.commit()
    assert (tip.state, tip.reason, tip.ended_at) == (MessageState.UNKNOWN, reap.SILENT, after)
    assert_balance(session, waiting=0)


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (TAKEN, MessageState.SENT),
        (outcome(Reply(Stage.DOT, 451, ""), "relay"), MessageState.DEFERRED),
        (Outcome(Meaning.UNKNOWN, "still nothing"), MessageState.UNKNOWN),
    ],
)
def test_who_comes_back_late_with_the_answer_corrects_an_unknown(session, late, state):
    tip = a_tip(session)
    (found,) = claimed(session)
    reap.reap(session, found.lease_until + reap.GRACE * 2)
    assert record.record(session, found.claim_id, [Result(found, late)], NOW) == [Result(found, late)]
    session.commit()
    session.expire_all()
    assert tip.state == state
    assert_balance(session)


def test_a_confirmation_whose_process_died_goes_again_when_its_lease_ends(session):
    confirmation = a_confirmation(session)
    (found,) = claimed(session, queue=Queue.URGENT)
    after = found.lease_until + timedelta(seconds=1)
    assert reap.reap(session, after) == 1
    session.expire_all()
    assert [again.id for again in claimed(session, confirmation.due_at, Queue.URGENT)] == [confirmation.id]
    session.execute(update(Message).values(attempts=record.MOST_REPEATED))
    assert reap.reap(session, after + timedelta(hours=1)) == 1
    session.commit()
    session.expire_all()
    assert (confirmation.kind, confirmation.state) == (MessageKind.CONFIRMATION, MessageState.UNKNOWN)


def test_mails_taken_by_two_relays_are_recorded_each_with_its_answer(session):
    tips = [a_tip(session) for _ in range(3)]
    found = {claim.id: claim for claim in claimed(session)}
    answers = [outcome(Reply(Stage.DOT, 250, f"Ok {name}"), name) for name in ("one", "two", "one")]
    results = [Result(found[tip.id], answer) for tip, answer in zip(tips, answers, strict=True)]
    record.record(session, results[0].claimed.claim_id, results, NOW)
    session.commit()
    session.expire_all()
    assert [(tip.relay, tip.reply, tip.sent_at) for tip in tips] == [
        ("one", "250 Ok one", NOW), ("two", "250 Ok two", NOW), ("one", "250 Ok one", NOW),
    ]  # fmt: skip


def test_a_mail_that_was_taken_without_a_word_is_recorded_too(session):
    tip = a_tip(session)
    (found,) = claimed(session)
    record.record(session, found.claim_id, [Result(found, Outcome(Meaning.ACCEPTED, "taken"))], NOW)
    session.commit()
    session.expire_all()
    assert (tip.state, tip.reply, tip.relay) == (MessageState.SENT, "", "")
