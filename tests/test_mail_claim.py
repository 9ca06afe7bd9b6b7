"""Claiming: each mail by one worker, in the order they are due, and by nobody else."""

import threading
from datetime import timedelta

from sqlalchemy import select

from funnel.db import Session
from funnel.mail import claim, record
from funnel.mail.replies import Reply, Stage, outcome
from funnel.models.mail import Message, MessageState, Queue
from funnel.models.people import SubscriberState
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message, a_subscriber
from tests.mail_cast import a_newsletter, a_tip, claimed

HOUR = timedelta(hours=1)


def test_a_claim_is_ours_for_five_minutes_and_counts_as_a_try(session):
    tip = a_tip(session)
    (found,) = claimed(session)
    assert (found.id, found.attempts, found.lease_until) == (tip.id, 1, NOW + claim.LEASE)
    assert (tip.state, tip.claim_id, tip.reason) == (MessageState.CLAIMED, found.claim_id, "")
    assert tip.enrolment_id is None


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
    record.record(session, found, outcome(Reply(Stage.RCPT, 451, "4.7.1 Later"), "relay"), NOW)
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


def test_somebody_who_is_just_leaving_is_waited_for(session):
    person = a_subscriber(session)
    tip = a_tip(session, person)
    session.commit()
    with Session.begin() as leaving:
        leaving.get(type(person), person.id, with_for_update=True).state = SubscriberState.UNSUBSCRIBED
        leaving.flush()
        assert claimed(session) == []
        assert tip.state == MessageState.QUEUED
    assert claimed(session) == []
    assert (tip.state, tip.reason) == (MessageState.SKIPPED, "they left")


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
                found.extend(claim.claim(own, Queue.BULK, NOW, 5) or [])

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    found.extend(claimed(session))
    assert len({row.id for row in found}) == len(found) == 40
    assert len({row.subscriber_id for row in found}) == 40
    states = session.scalars(select(Message.state)).all()
    assert states.count(MessageState.CLAIMED) == states.count(MessageState.QUEUED) == 40
