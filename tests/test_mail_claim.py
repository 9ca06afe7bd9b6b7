"""Claiming: each mail by one worker, in the order they are due, and by nobody else."""

import threading
from datetime import timedelta

from sqlalchemy import func, select

from funnel.db import Session
from funnel.mail import claim, lease, record
from funnel.mail.ledger import Result
from funnel.mail.replies import Reply, Stage, outcome
from funnel.models.mail import MessageState, Queue
from funnel.models.people import SubscriberState
from funnel.models.sending import Claim, QueueEntry
from funnel.programme import plan
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message, a_subscriber
from tests.mail_cast import a_newsletter, a_tip, claimed

HOUR = timedelta(hours=1)


def test_a_claim_is_ours_for_five_minutes_and_counts_as_a_try(session):
    tip = a_tip(session)
    (found,) = claimed(session)
    assert (found.id, found.attempts, found.lease_until) == (tip.id, 1, NOW + lease.LEASE)
    held = session.get_one(Claim, found.claim_id)
    assert (held.ids, held.queue, held.lease_until) == ([tip.id], Queue.BULK, NOW + lease.LEASE)
    assert session.get(QueueEntry, tip.id) is None
    assert (tip.state, tip.attempts) == (MessageState.QUEUED, 0)  # its own row is written when the outcome is known


def test_a_claim_tells_all_that_its_mail_is_written_from(session):
    person = a_subscriber(session, first_name="Ada")
    tip = a_tip(session, person)
    (found,) = claimed(session)
    assert (found.email, found.first_name, found.subscriber_id) == (person.email, "Ada", person.id)
    for name in ("kind", "template", "message_id", "step_id", "created_at", "expires_at", "enrolment_id"):
        assert getattr(found, name) == getattr(tip, name), name


def test_what_is_not_due_is_left(session):
    tip = a_tip(session, due_at=NOW + HOUR)
    assert claimed(session) == []
    assert tip.state == MessageState.QUEUED
    assert not claim.waits(session, Queue.BULK, NOW)
    assert claim.waits(session, Queue.BULK, NOW + HOUR)


def test_the_one_due_first_goes_first_and_no_more_than_asked(session):
    later, first, _ = (a_tip(session, due_at=NOW - hours * HOUR) for hours in (2, 3, 1))
    assert [found.id for found in claimed(session, limit=2)] in ([first.id, later.id], [later.id, first.id])


def test_a_mail_tried_again_is_not_held_back_by_its_own_first_try(session):
    tip = a_tip(session)
    (found,) = claimed(session)
    refused = outcome(Reply(Stage.RCPT, 451, "4.7.1 Later"), "relay")
    record.record(session, found.claim_id, [Result(found, refused)], NOW)
    session.commit()
    assert [again.id for again in claimed(session, tip.due_at + HOUR)] == [tip.id]


def test_the_address_of_somebody_we_do_not_keep_is_blanked_when_its_mail_ends(session):
    notice = a_message(session, kind="notice", to_address="owner@example.org", queue=Queue.URGENT, expires_at=NOW)
    claimed(session, queue=Queue.URGENT)
    assert (notice.state, notice.to_address) == (MessageState.EXPIRED, None)


def test_a_hundred_skipped_mails_do_not_keep_the_next_one_waiting(session):
    gone = a_subscriber(session, state=SubscriberState.UNSUBSCRIBED)
    for _ in range(25):
        a_newsletter(session, gone, due_at=NOW - HOUR)
    tip = a_tip(session)
    assert [found.id for found in claimed(session, limit=10)] == [tip.id]
    assert_balance(session, waiting=1)


def test_who_has_left_by_the_time_of_the_claim_gets_nothing(session):
    person = a_subscriber(session)
    tip = a_tip(session, person)
    session.commit()
    with Session.begin() as leaving:
        leaving.get(type(person), person.id, with_for_update=True).state = SubscriberState.UNSUBSCRIBED
    assert claimed(session) == []
    assert (tip.state, tip.reason) == (MessageState.SKIPPED, "they left")


def test_who_leaves_while_their_mail_is_claimed_waits_for_the_claim_and_skips_nothing_of_it(session):
    tip = a_tip(session)
    session.commit()
    with Session.begin() as sending:
        (found,) = claim.claim(sending, Queue.BULK, NOW, 10, claim.new_id(sending))
        leaver = threading.Thread(target=leave, args=(tip.subscriber_id,))
        leaver.start()
        leaver.join(0.3)
        assert leaver.is_alive()
    leaver.join()
    session.expire_all()
    assert found.id == tip.id
    assert tip.state == MessageState.QUEUED
    assert_balance(session, waiting=1)


def leave(subscriber_id):
    with Session.begin() as own:
        plan.skip_waiting(own, subscriber_id, "they left", NOW)


def test_renewing_tells_which_claims_are_still_ours(session):
    a_tip(session)
    (found,) = claimed(session)
    later = NOW + HOUR
    assert lease.renew(session, [found.claim_id, found.claim_id + 1000], later) == [found.claim_id]
    assert session.get_one(Claim, found.claim_id).lease_until == later + lease.LEASE


def test_mails_are_given_up_one_after_the_other_and_the_claim_goes_with_the_last(session):
    first, second = a_tip(session), a_tip(session)
    found = claimed(session)
    claim_id = found[0].claim_id
    assert lease.give_up(session, claim_id, [first.id])
    assert session.get_one(Claim, claim_id).ids == [second.id]
    assert lease.give_up(session, claim_id, [second.id])
    assert not lease.give_up(session, claim_id, [second.id])


def test_two_claims_at_once_never_take_the_same_mail_nor_the_same_person_twice(session):
    for _ in range(40):
        person = a_subscriber(session)
        a_tip(session, person)
        a_newsletter(session, person)
    session.commit()
    found, barrier = [], threading.Barrier(4)

    def work():
        barrier.wait()
        for _ in range(12):
            with Session.begin() as own:
                found.extend(claim.claim(own, Queue.BULK, NOW, 5, claim.new_id(own)) or [])

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    found.extend(claimed(session))
    assert len({row.id for row in found}) == len(found) == 40
    assert len({row.subscriber_id for row in found}) == 40
    held = [number for ids in session.scalars(select(Claim.ids)) for number in ids]
    assert sorted(held) == sorted(row.id for row in found)
    assert session.scalar(select(func.count()).select_from(QueueEntry)) == 40
    assert_balance(session, waiting=80)


def test_each_mail_of_a_claim_is_told_with_its_own_values(session):
    """Read by columns: an empty value, or a sign between two of them, moves nobody's words to another."""
    named, nameless = a_subscriber(session, first_name="A\x1fda"), a_subscriber(session, first_name="")
    odd = a_subscriber(session, first_name="Zoë 李")
    tips = [a_tip(session, person) for person in (nameless, named, odd)]
    issue = a_newsletter(session, a_subscriber(session), expires_at=NOW + 9 * HOUR)
    found = {one.id: one for one in claimed(session)}
    assert [found[tip.id].first_name for tip in tips] == [None, "A da", "Zoë 李"]
    assert [found[tip.id].email for tip in tips] == [person.email for person in (nameless, named, odd)]
    for mail in (*tips, issue):
        one = found[mail.id]
        for name in ("subscriber_id", "message_id", "step_id", "newsletter_id", "expires_at", "created_at", "kind"):
            assert getattr(one, name) == getattr(mail, name), name
        assert (one.to_address, one.booking_id, one.sign_up_id) == (None, None, None)


def test_only_what_was_in_a_claim_is_given_up(session):
    first, second = a_tip(session), a_tip(session)
    found = claimed(session)
    claim_id = found[0].claim_id
    assert lease.give_up(session, claim_id, [first.id, 10**12]) == {first.id}
    assert lease.give_up(session, claim_id, [first.id]) == frozenset()
    assert lease.give_up(session, claim_id, [first.id, second.id]) == {second.id}
    assert session.get(Claim, claim_id) is None
