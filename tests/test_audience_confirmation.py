import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import confirmation, ending, own_data, suppression
from funnel.db import Session
from funnel.models.content import Enrolment, EnrolmentState, StopReason
from funnel.models.mail import Message, MessageKind
from funnel.models.people import (
    Consent,
    ConsentKind,
    Pace,
    SignUp,
    Subscriber,
    SubscriberState,
    SuppressionReason,
)
from funnel.programme import enrolment
from funnel.tokens import BadToken, Purpose
from tests.audience_cast import VISIT, confirms, count, signs_up
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up

DAY = timedelta(days=1)


def look(session, sign_up, now=NOW) -> str:
    return confirmation.look(session, confirmation.token(sign_up), now).state


def confirm(session, sign_up, now=NOW) -> str:
    return confirmation.confirm(session, confirmation.token(sign_up), VISIT, now).state


def test_the_button_subscribes_and_starts_the_course(session):
    form = a_form(session)
    sign_up = signs_up(session, form, first_name="Ada", time_zone="Europe/Rome", source="post")
    assert confirm(session, sign_up) == "done"
    ada = session.get(Subscriber, sign_up.subscriber_id)
    assert (ada.state, ada.confirmed_at, ada.email) == (SubscriberState.ACTIVE, NOW, "ada@example.org")
    assert (ada.first_name, ada.time_zone, ada.source, ada.form_id) == ("Ada", "Europe/Rome", "post", form.id)
    assert (sign_up.confirmed_at, sign_up.remind_at) == (NOW, None)
    assert session.scalars(select(Enrolment.sequence_id)).one() == form.sequence_id
    assert count(session, Message, Message.kind == MessageKind.STEP) == 1


def test_confirming_leaves_a_line_of_evidence(session):
    sign_up = signs_up(session, a_form(session))
    confirm(session, sign_up)
    line = session.scalars(select(Consent).where(Consent.kind == ConsentKind.CONFIRMED)).one()
    assert (line.wording, line.sign_up_id, line.form_id) == (sign_up.wording, sign_up.id, sign_up.form_id)
    assert (line.network, line.agent, line.at) == ("192.0.2.0/24", "A browser", NOW)


def test_looking_at_the_page_changes_nothing(session):
    sign_up = signs_up(session, a_form(session))
    session.commit()
    found = confirmation.look(session, confirmation.token(sign_up), NOW)
    assert (found.state, found.sign_up.id, found.form.id) == ("open", sign_up.id, sign_up.form_id)
    assert not session.dirty
    assert session.get(Subscriber, sign_up.subscriber_id).state == SubscriberState.PENDING


def test_a_second_press_says_done_and_changes_nothing(session):
    sign_up = signs_up(session, a_form(session))
    assert [confirm(session, sign_up), confirm(session, sign_up, NOW + DAY)] == ["done", "done"]
    assert look(session, sign_up, NOW + 300 * DAY) == "done"
    assert sign_up.confirmed_at == NOW
    assert count(session, Consent, Consent.kind == ConsentKind.CONFIRMED) == 1
    assert count(session, Message, Message.kind == MessageKind.STEP) == 1


def test_two_presses_at_once_are_one(session):
    sign_up = signs_up(session, a_form(session))
    token = confirmation.token(sign_up)
    session.commit()
    states = []

    def press() -> None:
        with Session.begin() as own:
            states.append(confirmation.confirm(own, token, VISIT, NOW).state)

    presses = [threading.Thread(target=press) for _ in range(4)]
    [thread.start() for thread in presses]
    [thread.join() for thread in presses]
    assert states == ["done"] * 4
    assert count(session, Consent, Consent.kind == ConsentKind.CONFIRMED) == 1
    assert count(session, Message, Message.kind == MessageKind.STEP) == 1


def test_the_link_is_valid_for_seven_days(session):
    sign_up = signs_up(session, a_form(session))
    last = NOW + confirmation.VALID
    assert look(session, sign_up, last - timedelta(seconds=1)) == "open"
    assert look(session, sign_up, last) == "expired"
    assert confirm(session, sign_up, last) == "expired"
    assert session.get(Subscriber, sign_up.subscriber_id).state == SubscriberState.PENDING


def test_a_token_that_is_not_ours_is_refused(session):
    first, other = signs_up(session, a_form(session)), a_sign_up(session, nonce=b"87654321")
    forged = tokens.sign(Purpose.CONFIRM, first.id, salt=other.nonce)
    gone = tokens.sign(Purpose.CONFIRM, 4711, salt=first.nonce)
    two_numbers = tokens.sign(Purpose.CONFIRM, first.id, 1, salt=first.nonce)
    other_purpose = tokens.sign(Purpose.UNSUBSCRIBE, first.id, salt=first.nonce)
    for token in (forged, gone, two_numbers, other_purpose, "", "x" * 300, confirmation.token(first) + "A"):
        with pytest.raises(BadToken):
            confirmation.look(session, token, NOW)
        with pytest.raises(BadToken):
            confirmation.confirm(session, token, VISIT, NOW)


def test_a_sign_up_that_was_never_settled_has_nothing_to_confirm(session):
    assert look(session, a_sign_up(session)) == "expired"


def test_coming_back_after_leaving_goes_on(session):
    form = a_form(session)
    ada = confirms(session, signs_up(session, form, first_name="Ada", source="first"))
    ada.pace = Pace.MONTHLY
    ending.leave(session, ada.id, "page", VISIT, NOW + DAY)
    later = NOW + 2 * DAY
    back = confirms(session, signs_up(session, form, now=later, first_name="Ada L", source="second"), later)
    assert back is ada
    assert (ada.state, ada.ended_at, ada.pace, ada.confirmed_at) == (SubscriberState.ACTIVE, None, Pace.ALL, later)
    assert (ada.first_name, ada.source) == ("Ada L", "first")
    assert session.scalars(select(Enrolment.state)).one() == EnrolmentState.ACTIVE


def test_an_old_mail_does_not_undo_a_later_leaving(session):
    form = a_form(session)
    first = signs_up(session, form)
    second = signs_up(session, form, now=NOW + timedelta(hours=1))
    ada = confirms(session, first)
    ending.leave(session, ada.id, "page", VISIT, NOW + DAY)
    for old in (first, second):
        assert confirm(session, old, NOW + 2 * DAY) == "expired"
    assert ada.state == SubscriberState.UNSUBSCRIBED


def test_a_second_mail_pressed_later_does_not_restart_a_course_that_ended(session):
    form = a_form(session)
    first = signs_up(session, form)
    second = signs_up(session, form, now=NOW + timedelta(hours=1))
    ada = confirms(session, first)
    enrolment.stop(session, ada.id, StopReason.PREFERENCE, NOW + DAY)
    ada.first_name = "Ada"
    assert confirm(session, second, NOW + 2 * DAY) == "done"
    session.expire_all()
    assert session.scalars(select(Enrolment.state)).one() == EnrolmentState.STOPPED
    assert (ada.first_name, ada.confirmed_at) == ("Ada", NOW)


def test_somebody_who_is_in_may_confirm_another_form_and_gets_its_course(session):
    first = signs_up(session, a_form(session))
    second = signs_up(session, a_form(session), now=NOW + timedelta(hours=1))
    confirm(session, first)
    assert confirm(session, second) == "done"
    assert count(session, Enrolment) == 2


@pytest.mark.parametrize(
    "reason",
    [SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.OWNER],
)
def test_an_address_suppressed_meanwhile_is_not_activated(session, reason):
    sign_up = signs_up(session, a_form(session))
    suppression.suppress(session, sign_up.address_hash, reason, NOW)
    assert look(session, sign_up) == "expired"
    assert confirm(session, sign_up) == "expired"
    assert session.get(Subscriber, sign_up.subscriber_id).state == SubscriberState.PENDING
    assert count(session, Enrolment) == 0


def test_a_fresh_sign_up_after_erasure_lifts_it_and_starts_anew(session):
    form = a_form(session)
    old = signs_up(session, form)
    ada = confirms(session, old)
    own_data.erase(session, ada.id, NOW + DAY)
    later = NOW + 2 * DAY
    new = confirms(session, signs_up(session, form, now=later), later)
    assert new.id != ada.id
    assert suppression.reason(session, tokens.address_hash("ada@example.org")) is None
    assert session.scalar(select(Subscriber.id).where(Subscriber.mailable)) == new.id
    assert confirm(session, session.get(SignUp, old.id), later) == "expired"
