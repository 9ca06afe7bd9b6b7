"""Letting in what was refused: the mail goes out, the address stays protected, and it can be taken back until then."""

from datetime import timedelta

from sqlalchemy import select

from funnel import tokens
from funnel.audience import by_hand, confirmation, ending, holdings, letting_in, settle, suppression
from funnel.models.mail import Message, MessageState
from funnel.models.people import SignUp, SignUpState, Subscriber, SubscriberState, SuppressionReason
from funnel.programme import waiting
from tests.audience_cast import VISIT, confirms, count, signs_up
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_refused(session, email="zoe@example.org", form=None, reason=settle.NETWORK_LIMIT, **changes):
    refused = {"state": SignUpState.REFUSED, "reason": reason}
    return a_sign_up(session, form, email=email, **(refused | changes))


def test_who_is_let_in_is_asked_to_confirm_and_can(session):
    row = a_refused(session)
    assert letting_in.let_in(session, [row.id], NOW + HOUR).let_in == {row.id: settle.NETWORK_LIMIT}
    assert (row.state, row.reason, row.let_in_at) == (SignUpState.SETTLED, "confirmation planned", NOW + HOUR)
    assert confirms(session, row, NOW + DAY).state == SubscriberState.ACTIVE


def test_the_link_of_one_that_waited_for_days_is_good_from_then_on(session):
    row = a_refused(session, created_at=NOW - 20 * DAY)
    letting_in.let_in(session, [row.id], NOW)
    assert confirmation.look(session, confirmation.token(row), NOW + 6 * DAY).state == "open"
    assert confirmation.look(session, confirmation.token(row), NOW + 7 * DAY).state == "expired"
    (mail,) = session.scalars(select(Message))
    assert mail.expires_at == NOW + 7 * DAY


def test_a_suppressed_address_stays_out_and_says_why(session):
    row = a_refused(session, reason="suppressed: complaint")
    suppression.suppress(session, row.address_hash, SuppressionReason.COMPLAINT, NOW)
    outcome = letting_in.let_in(session, [row.id], NOW)
    assert outcome.kept_out == {row.id: by_hand.WHY_SUPPRESSED[SuppressionReason.COMPLAINT]}
    assert count(session, Message) == 0


def test_one_mailbox_gets_no_more_mails_for_it_and_the_newest_goes_first(session):
    form = a_form(session)
    emails = ("zoe@gmail.com", "z.oe@gmail.com")
    marks = (None, tokens.address_hash("zoe@gmail.com"))
    first, second = (
        a_refused(session, email, form, mailbox_hash=mark) for email, mark in zip(emails, marks, strict=True)
    )
    outcome = letting_in.let_in(session, [first.id, second.id], NOW)
    assert outcome.let_in.keys() == {second.id}
    assert outcome.kept_out == {first.id: letting_in.ENOUGH}


def test_who_left_since_comes_back_by_themselves_only(session):
    form = a_form(session)
    zoe = confirms(session, signs_up(session, form, "zoe@example.org", now=NOW - DAY), NOW - DAY)
    row = a_refused(session, form=form, created_at=NOW - HOUR)
    ending.leave(session, zoe.id, "page", VISIT, NOW)
    assert letting_in.let_in(session, [row.id], NOW + HOUR).kept_out == {row.id: letting_in.LEFT}


def test_whoever_is_in_is_told_so_and_changes_nothing(session):
    form = a_form(session)
    confirms(session, signs_up(session, form, "zoe@example.org", now=NOW - DAY), NOW - DAY)
    row = a_refused(session, form=form)
    letting_in.let_in(session, [row.id], NOW)
    assert row.reason == "already in, told so"


def test_what_is_settled_deleted_or_unknown_is_not_let_in(session):
    settled = signs_up(session, a_form(session))
    deleted = a_refused(session, reason=holdings.ERASED, email="")
    ids = [settled.id, deleted.id, 4711]
    assert letting_in.let_in(session, ids, NOW).kept_out == dict.fromkeys(ids, letting_in.GONE)


def test_it_is_taken_back_until_the_mail_leaves_and_let_in_again(session):
    row = a_refused(session)
    reasons = letting_in.let_in(session, [row.id], NOW).let_in
    assert letting_in.take_back(session, reasons, NOW, NOW) == [row.id]
    assert (row.state, row.reason, row.let_in_at) == (SignUpState.REFUSED, settle.NETWORK_LIMIT, None)
    assert letting_in.take_back(session, reasons, NOW, NOW) == []
    assert letting_in.let_in(session, [row.id], NOW + HOUR).let_in == reasons
    states = session.scalars(select(Message.state).order_by(Message.id)).all()
    assert states == [MessageState.SKIPPED, MessageState.QUEUED]


def test_a_mail_that_has_left_is_not_taken_back(session):
    row = a_refused(session)
    reasons = letting_in.let_in(session, [row.id], NOW).let_in
    waiting.take(session)  # as a claim does
    assert letting_in.take_back(session, reasons, NOW, NOW) == []
    assert session.get_one(SignUp, row.id).state == SignUpState.SETTLED
    assert session.scalars(select(Subscriber.state)).all() == [SubscriberState.PENDING]
