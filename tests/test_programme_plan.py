import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from funnel.models.mail import MARKETING, WAITING, Message, MessageKind, MessageState, Queue
from funnel.programme import plan, waiting
from tests import factories
from tests.balance import assert_balance
from tests.conftest import NOW

DAY = timedelta(days=1)


def a_notice(session, key="note:1", **changes):
    values = {
        "template": "note",
        "queue": Queue.URGENT,
        "due_at": NOW,
        "expires_at": NOW + DAY,
        "now": NOW,
        "to_address": "owner@example.org",
    }
    return plan.plan(session, MessageKind.NOTICE, key, **(values | changes))


def test_a_mail_is_planned_once_whoever_asks_again(session):
    first = a_notice(session)
    assert first is not None
    assert a_notice(session, template="another") is None
    assert session.get(Message, first).template == "note"
    assert_balance(session, waiting=1)


def test_the_same_key_of_another_kind_is_another_mail(session):
    a_notice(session)
    assert plan.plan(
        session,
        MessageKind.TEST,
        "note:1",
        template="note",
        queue=Queue.URGENT,
        due_at=NOW,
        expires_at=NOW + DAY,
        now=NOW,
        to_address="owner@example.org",
    )


def test_a_planned_mail_holds_what_it_was_planned_with(session):
    reader = factories.a_subscriber(session)
    enrolment = factories.an_enrolment(session, reader, factories.a_sequence(session))
    sign_up = factories.a_sign_up(session)
    found = session.get(
        Message,
        a_notice(
            session,
            to_address=None,
            subscriber_id=reader.id,
            sign_up_id=sign_up.id,
            step_id=enrolment.step_id,
            enrolment_id=enrolment.id,
        ),
    )
    assert (found.state, found.queue, found.attempts, found.reason) == (MessageState.QUEUED, Queue.URGENT, 0, "")
    assert (found.due_at, found.expires_at, found.created_at) == (NOW, NOW + DAY, NOW)
    assert (found.subscriber_id, found.sign_up_id, found.step_id, found.enrolment_id, found.booking_id) == (
        reader.id,
        sign_up.id,
        enrolment.step_id,
        enrolment.id,
        None,
    )


def test_every_mail_has_a_message_id_of_its_own_at_our_domain(session, setting):
    setting(MAIL_FROM="post@münchen.example")
    for number in range(20):
        a_notice(session, f"note:{number}")
    ids = session.scalars(select(Message.message_id)).all()
    assert len(set(ids)) == 20
    assert all(
        found.startswith("<") and found.endswith("@xn--mnchen-3ya.example>") and found.isascii() for found in ids
    )


@pytest.mark.parametrize("name", ["due_at", "expires_at", "now"])
def test_a_time_without_a_zone_is_refused(session, name):
    with pytest.raises(ValueError, match=f"{name} has no time zone"):
        a_notice(session, **{name: NOW.replace(tzinfo=None)})


def test_a_mail_that_expires_before_it_is_due_is_refused(session):
    with pytest.raises(ValueError, match="expire before"):
        a_notice(session, expires_at=NOW)


def test_a_mail_to_nobody_is_refused(session):
    with pytest.raises(ValueError, match="nobody"):
        a_notice(session, to_address=None)


def test_many_mails_are_planned_at_once_and_those_planned_before_are_left_out(session):
    a_notice(session, "note:2")
    drafts = [
        plan.draft(
            MessageKind.NOTICE,
            f"note:{number}",
            template="note",
            queue=Queue.URGENT,
            due_at=NOW,
            expires_at=NOW + DAY,
            now=NOW,
            to_address="owner@example.org",
        )
        for number in range(1500)
    ]
    assert len(plan.plan_all(session, drafts)) == 1499
    assert plan.plan_all(session, []) == []
    assert assert_balance(session, waiting=1500).planned == 1500


def test_waiting_tips_and_newsletters_are_skipped_with_the_reason_and_nothing_else(session):
    reader, other = factories.a_subscriber(session), factories.a_subscriber(session)
    messages = {
        (kind, state): factories.a_message(session, reader, kind=kind, state=state)
        for kind in MessageKind
        for state in WAITING
    }
    sending = factories.a_message(session, reader)
    factories.a_claim(session, sending)
    someone_elses = factories.a_message(session, other)
    later = NOW + DAY
    assert plan.skip_waiting(session, reader.id, "they left", later) == 4
    session.expire_all()
    for (kind, state), message in messages.items():
        if kind in MARKETING:
            assert (message.state, message.reason, message.ended_at) == (MessageState.SKIPPED, "they left", later)
        else:
            assert (message.state, message.ended_at) == (state, None)
    assert [sending.state, someone_elses.state] == [MessageState.QUEUED] * 2
    assert_balance(session, waiting=2 * (len(MessageKind) - len(MARKETING)) + 2)
    assert plan.skip_waiting(session, reader.id, "they left", later) == 0


def test_skipping_can_be_kept_to_one_kind(session):
    reader = factories.a_subscriber(session)
    factories.a_message(session, reader)
    newsletter = factories.a_message(session, reader, kind=MessageKind.NEWSLETTER)
    assert plan.skip_waiting(session, reader.id, "they booked", NOW, kinds=[MessageKind.STEP]) == 1
    session.refresh(newsletter)
    assert newsletter.state is MessageState.QUEUED


def test_the_balance_counts_every_state(session):
    for state in MessageState:
        ended = NOW if state in plan.LAST_STATES else None
        factories.a_message(session, state=state, ended_at=ended, reason="a reason")
    found = assert_balance(session, waiting=2)
    assert found.planned == len(MessageState)
    assert set(found.states.values()) == {1}
    assert not found.settled


def test_the_balance_is_settled_when_all_mails_have_ended(session):
    assert plan.balance(session).settled
    factories.a_message(session, state=MessageState.SENT, ended_at=NOW)
    factories.a_message(session, state=MessageState.EXPIRED, ended_at=NOW, reason="three days passed")
    assert plan.balance(session).settled


def test_a_mail_that_waits_and_is_nobodys_upsets_the_balance(session):
    queued, sending = factories.a_message(session), factories.a_message(session)
    claim = factories.a_claim(session, sending)
    assert (plan.balance(session).queued, plan.balance(session).claimed) == (1, 1)
    assert_balance(session, waiting=2)
    claim.ids = []
    session.flush()
    assert not plan.balance(session).holds
    waiting.put(session, [sending.id])
    assert_balance(session, waiting=2)
    waiting.take(session, Message.id == queued.id)
    assert not plan.balance(session).holds


def test_a_message_id_names_its_message_and_cannot_be_guessed(session):
    found = session.get_one(Message, a_notice(session))
    assert plan.id_in(found.message_id) == found.id
    assert re.fullmatch(r"<\d+\.[0-9a-f]{32}@\S+>", found.message_id)
    for other in ("", "1234", "<1234@example.org>", "<x.1@example.org>", f"<{10**18}.a@b>", "<1.a@b> <2.a@b>"):
        assert plan.id_in(other) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"state": MessageState.SKIPPED, "ended_at": NOW, "reason": ""},
        {"state": MessageState.SENT, "ended_at": None},
        {"state": MessageState.QUEUED, "ended_at": NOW},
    ],
)
def test_a_mail_that_ended_without_a_reason_or_a_time_upsets_the_balance(session, changes):
    factories.a_message(session, **changes)
    assert plan.balance(session).unexplained == 1
    assert not plan.balance(session).holds
    with pytest.raises(AssertionError):
        assert_balance(session)


def test_times_in_any_zone_are_kept_as_the_instant_they_are(session):
    due_at = datetime(2026, 7, 1, 12, tzinfo=UTC).astimezone()
    found = session.get(Message, a_notice(session, due_at=due_at, expires_at=due_at + DAY))
    assert found.due_at == due_at
