"""The mails that wait, and the entries that are the right to decide about them."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from funnel.db import Session
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.sending import QueueEntry
from funnel.programme import waiting
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_claim, a_message, a_sequence, a_sign_up, a_subscriber, an_enrolment

DAY = timedelta(days=1)
COPIED = [column.name for column in QueueEntry.__table__.columns if column.name != "message_id"]


@pytest.fixture
def ada(session):
    return a_subscriber(session)


def entries(session):
    session.expire_all()
    return session.scalars(select(QueueEntry).order_by(QueueEntry.message_id)).all()


def test_an_entry_says_what_its_message_says(session, ada):
    enrolment = an_enrolment(session, ada, a_sequence(session))
    ids = {"sign_up_id": a_sign_up(session).id, "enrolment_id": enrolment.id}
    told = {"queue": Queue.URGENT, "kind": MessageKind.NOTICE, "attempts": 2, "reason": "why", **ids}
    message = a_message(session, ada, due_at=NOW + DAY, **told)
    (entry,) = entries(session)
    assert set(COPIED) == set(waiting.COPIED)
    for name in COPIED:
        assert getattr(entry, name) == getattr(message, name), name


def test_a_mail_cannot_wait_twice(session, ada):
    message = a_message(session, ada)
    with pytest.raises(IntegrityError):
        waiting.put(session, [message.id])


def test_whoever_takes_an_entry_is_the_only_one(session, ada):
    first, other = a_message(session, ada), a_message(session)
    theirs = Message.subscriber_id == ada.id
    assert waiting.take(session, theirs) == [first.id]
    assert waiting.take(session, theirs) == []
    assert [entry.message_id for entry in entries(session)] == [other.id]


def test_what_is_skipped_ends_with_the_reason_and_forgets_its_address(session, ada):
    waits = a_message(session, ada, to_address="owner@example.org")
    sending, sent = a_message(session, ada), a_message(session, ada, state=MessageState.SENT, ended_at=NOW)
    a_claim(session, sending)
    assert waiting.skip(session, "they left", NOW + DAY, Message.subscriber_id == ada.id) == 1
    assert waits.state == MessageState.SKIPPED  # seen without reading it afresh
    assert not entries(session)
    assert (waits.reason, waits.ended_at, waits.to_address) == ("they left", NOW + DAY, None)
    assert [sending.state, sent.state] == [MessageState.QUEUED, MessageState.SENT]
    assert_balance(session, waiting=1)


def test_two_who_skip_the_same_mail_skip_it_once(session, ada):
    a_message(session, ada)
    ada_id = ada.id
    session.commit()
    with Session.begin() as first:
        assert waiting.skip(first, "they left", NOW, Message.subscriber_id == ada_id) == 1
    with Session.begin() as second:
        assert waiting.skip(second, "they booked", NOW, Message.subscriber_id == ada_id) == 0
    session.expire_all()
    assert session.scalars(select(Message.reason)).one() == "they left"


def test_entry_and_message_move_together_and_never_before_the_time_given(session, ada):
    early = a_message(session, ada, due_at=NOW - 3 * DAY, expires_at=NOW - DAY / 2)
    late = a_message(session, ada, due_at=NOW + DAY, expires_at=NOW + 2 * DAY)
    other, sending = a_message(session), a_message(session, ada)
    a_claim(session, sending)
    waiting.shift(session, DAY, NOW, Message.subscriber_id == ada.id)
    expected = [(NOW, NOW + DAY / 2), (NOW + 2 * DAY, NOW + 3 * DAY), (NOW, NOW + 3 * DAY)]
    assert [(message.due_at, message.expires_at) for message in (early, late, other)] == expected
    assert [(entry.due_at, entry.expires_at) for entry in entries(session)] == expected
    assert (sending.due_at, sending.expires_at) == (NOW, NOW + 3 * DAY)
