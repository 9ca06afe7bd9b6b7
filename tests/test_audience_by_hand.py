"""Somebody added by the owner, with evidence; and a mistyped address put right."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import by_hand, confirmation, own_data, suppression
from funnel.audience.by_hand import KnownError, Newcomer, RefusedError
from funnel.models.content import Enrolment
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import Consent, ConsentKind, SignUp, Subscriber, SubscriberState, SuppressionReason
from tests.audience_cast import VISIT, signs_up
from tests.conftest import NOW
from tests.factories import a_form, a_subscriber

PAPER = "a signed paper of 3 March"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def form(session):
    return a_form(session)


def newcomer(form, email="Zoe@Example.org"):
    return Newcomer(email, " Zoë ", PAPER, form)


def lines(session):
    return [(line.kind, line.how, line.wording) for line in session.scalars(select(Consent).order_by(Consent.id))]


def test_by_default_they_are_asked_and_come_in_by_the_button(session, form):
    zoe = by_hand.ask(session, newcomer(form), NOW)
    assert (zoe.state, zoe.first_name, zoe.email) == (SubscriberState.PENDING, "", "Zoe@example.org")
    assert lines(session) == [(ConsentKind.ASKED, by_hand.TOLD, PAPER)]
    sign_up = session.scalars(select(SignUp)).one()
    assert confirmation.confirm(session, confirmation.token(sign_up), VISIT, LATER).state == "done"
    assert (zoe.state, zoe.first_name, zoe.source) == (SubscriberState.ACTIVE, "Zoë", by_hand.SOURCE)
    assert session.scalars(select(Enrolment.subscriber_id)).one() == zoe.id


def test_with_evidence_they_are_in_and_get_a_course_only_when_that_was_asked_for(session, form):
    zoe = by_hand.add(session, newcomer(form), False, NOW)
    kim = by_hand.add(session, newcomer(form, "kim@example.org"), True, NOW)
    assert (zoe.state, zoe.first_name, zoe.confirmed_at) == (SubscriberState.ACTIVE, "Zoë", NOW)
    assert lines(session)[:2] == [
        (ConsentKind.ASKED, by_hand.TOLD, PAPER),
        (ConsentKind.CONFIRMED, by_hand.SHOWN, PAPER),
    ]
    assert session.scalars(select(Enrolment.subscriber_id)).all() == [kim.id]


def test_an_address_that_is_known_is_not_added_twice(session, form):
    ada = a_subscriber(session, email="zoe@example.org")
    with pytest.raises(KnownError) as refused:
        by_hand.ask(session, newcomer(form), NOW)
    assert refused.value.person_id == ada.id


@pytest.mark.parametrize("reason", SuppressionReason)
def test_a_suppressed_address_is_refused_with_why(session, form, reason):
    ada = a_subscriber(session, email="zoe@example.org")
    suppression.suppress(session, ada.address_hash, reason, NOW)
    own_data.erase(session, ada.id, NOW)
    with pytest.raises(RefusedError) as refused:
        by_hand.add(session, newcomer(form), False, NOW)
    assert str(refused.value) == by_hand.WHY_SUPPRESSED[reason]
    assert set(by_hand.WHY_SUPPRESSED) == set(SuppressionReason)


def test_what_is_wrong_is_said_by_field():
    assert set(by_hand.problems("zoe", "https://x.example/", "yes")) == {"email", "first_name", "evidence"}
    assert by_hand.problems("zoe@example.org", "", PAPER) == {}
    assert "shorten" in by_hand.problems("zoe@example.org", "", "x" * 1001)["evidence"]


def test_a_mistyped_address_is_corrected_and_asked_to_confirm_and_the_old_one_confirms_nothing(session, form):
    old = signs_up(session, form, email="zoe@exmaple.org")
    zoe = session.scalars(select(Subscriber)).one()
    assert by_hand.correct(session, zoe.id, "zoe@example.org", PAPER, LATER)
    assert (zoe.email, zoe.state) == ("zoe@example.org", SubscriberState.PENDING)
    first, second = session.scalars(
        select(Message).where(Message.kind == MessageKind.CONFIRMATION).order_by(Message.id)
    )
    assert (first.state, second.state) == (MessageState.SKIPPED, MessageState.QUEUED)
    assert (old.remind_at, old.email) == (None, "zoe@exmaple.org")
    assert confirmation.confirm(session, confirmation.token(old), VISIT, LATER).state == "expired"
    new = session.scalars(select(SignUp).order_by(SignUp.id.desc())).first()
    assert confirmation.confirm(session, confirmation.token(new), VISIT, LATER).state == "done"


def test_of_whoever_has_confirmed_the_reason_is_kept_as_evidence(session, form):
    ada = a_subscriber(session, email="ada@old.example")
    assert not by_hand.correct(session, ada.id, "ada@new.example", PAPER, NOW)
    assert (ada.email, ada.state) == ("ada@new.example", SubscriberState.ACTIVE)
    assert lines(session) == [(ConsentKind.ASKED, by_hand.CORRECTED, PAPER)]


def test_only_the_spelling_of_an_address_may_change(session):
    ada = a_subscriber(session, email="ada@example.org")
    assert not by_hand.correct(session, ada.id, "Ada@example.org", PAPER, NOW)
    assert ada.email == "Ada@example.org"


def test_an_address_that_bounced_is_corrected_and_asked(session, form):
    ada = a_subscriber(session, state=SubscriberState.BOUNCED, form_id=form.id, ended_at=NOW)
    suppression.suppress(session, ada.address_hash, SuppressionReason.BOUNCE, NOW)
    assert by_hand.correct(session, ada.id, "ada@new.example", PAPER, NOW)
    assert (ada.state, ada.ended_at) == (SubscriberState.PENDING, None)


def test_a_correction_is_refused_where_either_address_is_not_to_be_mailed_or_is_somebody_s(session):
    ada, ben = a_subscriber(session), a_subscriber(session)
    gone = a_subscriber(session, state=SubscriberState.UNSUBSCRIBED)
    suppression.suppress(session, ada.address_hash, SuppressionReason.OWNER, NOW)
    with pytest.raises(RefusedError, match="You decided"):
        by_hand.correct(session, ada.id, "new@example.org", PAPER, NOW)
    with pytest.raises(KnownError):
        by_hand.correct(session, ben.id, ada.email, PAPER, NOW)
    with pytest.raises(RefusedError, match="has ended"):
        by_hand.correct(session, gone.id, "new@example.org", PAPER, NOW)


def test_nobody_is_asked_more_often_than_by_a_form_nor_without_words_to_agree_to(session, form):
    zoe = by_hand.ask(session, newcomer(form), NOW)
    with pytest.raises(RefusedError, match="moment ago"):
        by_hand.correct(session, zoe.id, "zoe@Example.org", PAPER, NOW + timedelta(minutes=1))
    session.expire_all()


def test_without_any_form_there_are_no_words_to_confirm(session):
    ada = a_subscriber(session, state=SubscriberState.PENDING)
    with pytest.raises(RefusedError, match="no form"):
        by_hand.correct(session, ada.id, "new@example.org", PAPER, NOW)


def test_who_has_not_confirmed_is_asked_once_more_by_a_fresh_link_and_for_the_same_words(session, form):
    zoe = by_hand.ask(session, newcomer(form), NOW)
    first = session.scalars(select(SignUp)).one()
    form.wording = "Other words"
    by_hand.ask_again(session, zoe.id, LATER)
    again = session.scalars(select(SignUp).order_by(SignUp.id.desc())).first()
    assert (again.wording, again.first_name, again.remind_at) == (first.wording, "Zoë", None)
    assert lines(session)[-1] == (ConsentKind.ASKED, by_hand.AGAIN, first.wording)
    mails = session.scalars(select(Message.sign_up_id).where(Message.kind == MessageKind.CONFIRMATION)).all()
    assert sorted(mails) == [first.id, again.id]
    assert confirmation.confirm(session, confirmation.token(again), VISIT, LATER).state == "done"


def test_nobody_is_asked_again_too_soon_nor_when_they_are_in_or_barred(session, form):
    zoe = by_hand.ask(session, newcomer(form), NOW)
    with pytest.raises(RefusedError, match="a moment ago"):
        by_hand.ask_again(session, zoe.id, NOW + timedelta(minutes=1))
    suppression.suppress(session, zoe.address_hash, SuppressionReason.OWNER, NOW)
    with pytest.raises(RefusedError, match="not to be mailed"):
        by_hand.ask_again(session, zoe.id, LATER)
    zoe.state = SubscriberState.ACTIVE
    with pytest.raises(RefusedError, match="not waiting"):
        by_hand.ask_again(session, zoe.id, LATER)


def test_who_came_without_a_form_is_asked_by_none(session, form):
    zoe = a_subscriber(session, state=SubscriberState.PENDING, form_id=None)
    with pytest.raises(RefusedError, match="no form"):
        by_hand.ask_again(session, zoe.id, NOW)
    zoe.form_id = form.id
    by_hand.ask_again(session, zoe.id, NOW)
    assert lines(session)[-1] == (ConsentKind.ASKED, by_hand.AGAIN, form.wording)
