"""What the owner decides about a mail of which nobody can say whether it arrived."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import ending
from funnel.audience.visit import Visit
from funnel.db import Session
from funnel.mail import gate, reap, record, unknown
from funnel.mail.ledger import Result
from funnel.mail.replies import Reply, Stage, outcome
from funnel.models.content import Enrolment
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.people import Pace
from funnel.models.sending import MarketingStamp, QueueEntry
from funnel.programme import history, tick
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_stamp, a_subscriber, an_enrolment
from tests.mail_cast import a_confirmation, a_newsletter, a_tip, claimed

LOST = reap.SILENT
LATER = NOW + timedelta(hours=2)
TAKEN = Reply(Stage.DOT, 250, "2.0.0 Ok")


def doubted(session, make=a_tip, *given, **changes):
    """A mail that was handed over an hour ago, as claim 7, and whose answer was lost."""
    ended = {"ended_at": NOW, "claim_id": 7, "attempts": 1, "reason": LOST}
    return make(session, *given, state=MessageState.UNKNOWN, **(ended | changes))


def test_one_sent_again_waits_as_it_was_but_due_now(session):
    tip = doubted(session, expires_at=NOW + timedelta(hours=1))
    before = tip.message_id
    assert unknown.resend(session, LATER, Message.id == tip.id) == {LOST: [tip.id]}
    session.expire_all()
    assert (tip.state, tip.reason, tip.attempts, tip.message_id) == (MessageState.QUEUED, unknown.AGAIN, 1, before)
    assert (tip.due_at, tip.expires_at) == (LATER, LATER + timedelta(days=3))
    assert (tip.claim_id, tip.ended_at, tip.troubled_at) == (None, None, None)
    entry = session.scalars(select(QueueEntry)).one()
    assert (entry.message_id, entry.due_at, entry.attempts, entry.reason) == (tip.id, LATER, 1, unknown.AGAIN)
    assert_balance(session, waiting=1)


def test_a_longer_life_is_not_cut_short(session):
    welcome = doubted(session, queue=Queue.URGENT, expires_at=NOW + timedelta(days=7))
    unknown.resend(session, LATER)
    session.expire_all()
    assert welcome.expires_at == NOW + timedelta(days=7)


def test_it_leaves_with_the_same_message_id_and_is_then_sent(session):
    tip = doubted(session)
    unknown.resend(session, NOW)
    found = claimed(session)
    assert [(one.id, one.message_id, one.attempts) for one in found] == [(tip.id, tip.message_id, 2)]
    record.record(session, found[0].claim_id, [Result(found[0], outcome(TAKEN, "relay"))], NOW)
    session.expire_all()
    assert (tip.state, tip.sent_at, tip.troubled_at) == (MessageState.SENT, NOW, None)
    assert_balance(session, waiting=0)


def test_two_presses_at_once_do_it_once(session):
    tip = doubted(session)
    session.commit()
    with Session.begin() as first, Session.begin() as second:
        assert unknown.resend(first, NOW, Message.id == tip.id)
        assert unknown.resend(second, NOW, Message.id == tip.id) == {}
        assert unknown.accept(second, Message.id == tip.id) == {}
    assert unknown.accept(session) == {}
    assert_balance(session, waiting=1)


@pytest.mark.parametrize("state", [state for state in MessageState if state != MessageState.UNKNOWN])
def test_only_what_is_unknown_is_decided(session, state):
    tip = a_tip(session, state=state, reason="as it was", ended_at=None if state in ("queued", "deferred") else NOW)
    assert unknown.resend(session, NOW) == unknown.accept(session) == {}
    session.expire_all()
    assert (tip.state, tip.reason) == (state, "as it was")


def test_only_those_meant_are_decided(session):
    one, other = doubted(session), doubted(session)
    assert unknown.resend(session, NOW, Message.step_id == one.step_id) == {LOST: [one.id]}
    assert unknown.accept(session, Message.step_id == one.step_id) == {}
    assert unknown.accept(session) == {LOST: [other.id]}


def test_a_mail_whose_address_is_deleted_cannot_be_sent_again_but_taken_as_arrived(session):
    notice = doubted(session, a_message, kind=MessageKind.NOTICE, template="booking_notice", queue=Queue.URGENT)
    assert session.scalars(select(unknown.hindrance(NOW))).one() == unknown.NO_ADDRESS
    assert unknown.resend(session, NOW) == {}
    assert unknown.accept(session) == {LOST: [notice.id]}


def test_a_confirmation_goes_again_only_while_its_link_is_good(session):
    mail = doubted(session, a_confirmation, expires_at=NOW + timedelta(hours=1))
    assert unknown.resend(session, LATER) == {}
    assert session.scalars(select(unknown.hindrance(LATER))).one() == unknown.OUTDATED
    assert unknown.resend(session, NOW) == {LOST: [mail.id]}
    session.expire_all()
    assert mail.expires_at == NOW + timedelta(hours=1)


def test_a_journal_that_comes_back_late_finds_nothing_to_put_right(session):
    again, taken = doubted(session), doubted(session)
    unknown.resend(session, NOW, Message.id == again.id)
    unknown.accept(session, Message.id == taken.id)
    late = [
        Result(one, outcome(Reply(Stage.DOT, 550, "5.1.1 No such user"), "relay"))
        for one in reap._claimed(session, 7, [again.id, taken.id])
    ]
    record.record(session, 7, late, NOW)
    session.expire_all()
    assert (again.state, taken.state) == (MessageState.QUEUED, MessageState.SENT)
    assert_balance(session, waiting=1)


def test_who_left_meanwhile_is_left_out_at_the_gate(session):
    person = a_subscriber(session)
    tip = doubted(session, a_tip, person)
    ending.leave(session, person.id, "the page", Visit("", ""), NOW)
    unknown.resend(session, NOW)
    assert claimed(session) == []
    assert (tip.state, tip.reason) == (MessageState.SKIPPED, "they left")
    assert_balance(session, waiting=0)


def test_its_own_first_try_holds_back_neither_a_tip_nor_a_monthly_newsletter(session):
    monthly = a_subscriber(session, pace=Pace.MONTHLY)
    tip, issue = doubted(session), doubted(session, a_newsletter, monthly)
    for mail in (tip, issue):
        session.add(MarketingStamp(subscriber_id=mail.subscriber_id, at=NOW, message_id=mail.id, newsletter_at=NOW))
    unknown.resend(session, NOW)
    assert {one.id for one in claimed(session)} == {tip.id, issue.id}


def test_another_mail_an_hour_ago_holds_it_back_within_its_life(session):
    person = a_subscriber(session)
    tip = doubted(session, a_tip, person)
    a_stamp(session, person, NOW, message_id=99)
    unknown.resend(session, NOW)
    assert claimed(session) == []
    assert (tip.state, tip.reason, tip.due_at) == (MessageState.QUEUED, gate.QUIET, NOW + timedelta(hours=20))
    assert tip.due_at < tip.expires_at


def test_a_course_stays_where_it_is_and_waits_for_the_mail_sent_again(session):
    course = a_sequence(session, window_start=0, window_end=24 * 60, weekends=True)
    person = a_subscriber(session, time_zone="UTC")
    place = an_enrolment(session, person, course, step_id=course.steps[2].id, due_at=NOW, next_at=NOW)
    tip = doubted(session, a_tip, person, step_id=course.steps[1].id, enrolment_id=place.id)
    had = history.people(session, [person.id])[person.id].had
    unknown.resend(session, NOW)
    assert history.people(session, [person.id])[person.id].had == had == {course.steps[1].id}
    tick.tick(session, NOW)
    session.expire_all()
    assert session.scalars(select(Message.id)).all() == [tip.id]
    place = session.get_one(Enrolment, place.id)
    assert (place.step_id, place.due_at) == (course.steps[2].id, NOW)
    assert place.next_at >= NOW + timedelta(hours=20)


def test_one_taken_as_arrived_was_sent_when_it_was_handed_over(session):
    tip, notice = doubted(session), doubted(session, a_message, kind=MessageKind.NOTICE)
    handed_over = NOW - timedelta(minutes=16)
    session.add(MarketingStamp(subscriber_id=tip.subscriber_id, at=handed_over, message_id=tip.id))
    unknown.accept(session)
    session.expire_all()
    assert (tip.state, tip.reason, tip.sent_at) == (MessageState.SENT, unknown.TAKEN, handed_over)
    assert (tip.ended_at, tip.troubled_at, tip.claim_id) == (NOW, None, None)
    assert (notice.state, notice.sent_at) == (MessageState.SENT, NOW)
    assert_balance(session, waiting=0)


def test_a_stamp_of_another_mail_says_nothing(session):
    tip = doubted(session)
    session.add(MarketingStamp(subscriber_id=tip.subscriber_id, at=LATER, message_id=tip.id + 1))
    unknown.accept(session)
    session.expire_all()
    assert tip.sent_at == NOW


def test_what_still_waits_is_taken_back_and_unknown_for_its_old_reason(session):
    one, other = doubted(session), doubted(session, reason="no answer came")
    known = unknown.resend(session, NOW)
    assert known == {LOST: [one.id], "no answer came": [other.id]}
    assert unknown.take_back(session, known, LATER) == 2
    session.expire_all()
    assert [(mail.state, mail.reason) for mail in (one, other)] == [
        (MessageState.UNKNOWN, LOST),
        (MessageState.UNKNOWN, "no answer came"),
    ]
    assert (one.ended_at, one.troubled_at) == (LATER, LATER)
    assert_balance(session, waiting=0)
    assert unknown.take_back(session, known, LATER) == 0


def test_what_has_left_or_was_turned_back_is_not_taken_back(session):
    left, skipped = doubted(session), doubted(session, a_tip, a_subscriber(session, state="unsubscribed"))
    known = unknown.resend(session, NOW)
    claimed(session)
    assert unknown.take_back(session, known, LATER) == 0
    assert (left.state, skipped.state) == (MessageState.QUEUED, MessageState.SKIPPED)
    assert_balance(session, waiting=1)


def test_taken_as_arrived_is_taken_back_too(session):
    tip = doubted(session)
    known = unknown.accept(session)
    assert unknown.take_back(session, known, LATER) == 1
    session.expire_all()
    assert (tip.state, tip.reason, tip.sent_at) == (MessageState.UNKNOWN, LOST, None)
    assert (tip.ended_at, tip.troubled_at) == (NOW, NOW)
    assert_balance(session, waiting=0)
