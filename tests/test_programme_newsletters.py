"""An issue is planned to everybody once, in chunks, whoever dies or plans beside us."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from funnel.audience import suppression
from funnel.db import Session
from funnel.mail.claim import claim, new_id
from funnel.models.content import Newsletter
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.people import Subscriber, SubscriberState, SuppressionReason
from funnel.models.sending import QueueEntry
from funnel.programme import newsletters, plan, waiting
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_subscriber, add


@pytest.fixture
def issue(session):
    return add(session, Newsletter(subject="Chairs", body="Hello.\n", state="sending", created_at=NOW))


def planned(session, limit=newsletters.CHUNK):
    """Plans all of it, each chunk in a transaction of its own; returns how many people each looked at."""
    session.commit()
    number, looked_at = session.scalars(select(Newsletter.id)).one(), []
    while count := one_chunk(number, limit):
        looked_at.append(count)
    session.expire_all()
    return looked_at


def one_chunk(number, limit):
    with Session.begin() as own:
        return newsletters.queue(own, number, Subscriber.mailable, NOW, limit)


def people_of(session):
    return session.scalars(select(Message.subscriber_id).order_by(Message.id)).all()


def test_everybody_gets_one_mail_each(session, issue):
    people = [a_subscriber(session).id for _ in range(7)]
    assert planned(session) == [7]
    assert people_of(session) == people
    assert_balance(session, waiting=7)


def test_it_goes_in_chunks(session, issue):
    people = [a_subscriber(session).id for _ in range(7)]
    assert planned(session, limit=3) == [3, 3, 1]
    assert people_of(session) == people
    assert issue.planned_to == people[-1]


def test_a_mail_holds_what_it_needs(session, issue):
    ada = a_subscriber(session)
    planned(session)
    mail = session.scalars(select(Message)).one()
    assert (mail.kind, mail.template) == (MessageKind.NEWSLETTER, newsletters.TEMPLATE)
    assert (mail.key, mail.subscriber_id) == (f"newsletter:{issue.id}:{ada.id}", ada.id)
    assert (mail.queue, mail.state, mail.newsletter_id) == (Queue.BULK, MessageState.QUEUED, issue.id)
    assert (mail.due_at, mail.created_at, mail.expires_at - NOW) == (NOW, NOW, timedelta(days=newsletters.LASTS_DAYS))
    entry = session.scalars(select(QueueEntry)).one()
    for name in waiting.COPIED:
        assert getattr(entry, name) == getattr(mail, name), name


def test_every_mail_has_a_message_id_that_names_it_and_cannot_be_guessed(session, issue):
    for _ in range(20):
        a_subscriber(session)
    planned(session, limit=5)
    mails = session.scalars(select(Message)).all()
    assert all(plan.id_in(mail.message_id) == mail.id for mail in mails)
    secrets = {mail.message_id.partition(".")[2].partition("@")[0] for mail in mails}
    assert len(secrets) == 20
    assert {len(secret) for secret in secrets} == {2 * plan.MESSAGE_ID_BYTES}


def test_whoever_must_not_be_mailed_is_passed_by(session, issue):
    for state in SubscriberState:
        if state != SubscriberState.ACTIVE:
            a_subscriber(session, state=state)
    a_subscriber(session, email=None)
    listed = a_subscriber(session)
    suppression.suppress(session, listed.address_hash, SuppressionReason.BOUNCE, NOW)
    ada = a_subscriber(session)
    assert planned(session, limit=4) == [4, 4]
    assert people_of(session) == [ada.id]


def test_an_issue_to_nobody_ends_at_once(session, issue):
    assert planned(session) == []
    assert (issue.planned, issue.planned_at) == (0, NOW)
    assert_balance(session, waiting=0)


def test_who_signs_up_meanwhile_is_reached_too(session, issue):
    first = a_subscriber(session)
    session.commit()
    number, first_id = issue.id, first.id
    assert one_chunk(number, 10) == 1
    second_id = a_subscriber(session).id
    assert planned(session) == [1]
    assert people_of(session) == [first_id, second_id]


def test_a_planner_that_was_killed_is_followed_by_the_next(session, issue):
    people = [a_subscriber(session).id for _ in range(6)]
    number = issue.id
    session.commit()
    one_chunk(number, 2)
    with Session() as killed:
        assert newsletters.queue(killed, number, Subscriber.mailable, NOW, 2) == 2
        killed.rollback()
    assert planned(session, limit=2) == [2, 2]
    assert people_of(session) == people
    assert (issue.planned, issue.looked_at) == (6, 6)
    assert_balance(session, waiting=6)


def test_two_planners_at_once_take_turns(session, issue):
    people = [a_subscriber(session).id for _ in range(12)]
    number = issue.id
    session.commit()

    def plan_all():
        while not ended():
            one_chunk(number, 2)

    def ended():
        with Session() as own:
            return own.get_one(Newsletter, number).planned_at

    threads = [threading.Thread(target=plan_all) for _ in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(people_of(session)) == people
    assert_balance(session, waiting=12)


def test_two_issues_are_two_mails_each(session, issue):
    people = [a_subscriber(session).id for _ in range(3)]
    other = add(session, Newsletter(subject="Tables", body="Hello.\n", state="sending", created_at=NOW))
    session.commit()
    assert [one_chunk(number, 10) for number in (issue.id, other.id)] == [3, 3]
    assert sorted(people_of(session)) == sorted(people * 2)


def test_a_mail_that_was_planned_is_not_planned_again(session, issue):
    ada = a_subscriber(session)
    planned(session)
    same = {"kind": MessageKind.NEWSLETTER, "key": f"newsletter:{issue.id}", "template": "newsletter"}
    times = {"due_at": NOW, "expires_at": NOW + timedelta(days=1), "now": NOW}
    everybody = select(Subscriber.id).where(Subscriber.id == ada.id)
    with pytest.raises(IntegrityError):
        plan.plan_people(session, everybody, newsletter_id=issue.id, **same, **times)
    session.rollback()
    assert_balance(session, waiting=1)


def test_claims_of_hundreds_share_no_mail_and_wait_for_nobody(session, issue):
    for _ in range(900):
        a_subscriber(session)
    planned(session, limit=400)
    with Session() as first, Session() as second:  # side by side, neither committed
        found = [{mail.id for mail in claim(own, Queue.BULK, NOW, 400, new_id(own))} for own in (first, second)]
        first.commit()
        second.commit()
    assert [len(ids) for ids in found] == [400, 400]
    assert not found[0] & found[1]
    assert session.scalar(select(func.count()).select_from(QueueEntry)) == 100
    assert_balance(session, waiting=900)
