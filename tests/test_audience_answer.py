from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import answer, confirmation, turnstile, witness
from funnel.models.content import Sequence
from funnel.models.mail import Message, MessageKind, Queue
from funnel.models.people import Consent, ConsentKind, SignUpState, Subscriber, SubscriberState
from tests.audience_cast import confirms, count, signs_up, templates
from tests.conftest import NOW
from tests.factories import a_form, a_subscriber, an_enrolment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def columns(row) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}


def test_an_unknown_address_is_asked_to_confirm(session):
    form = a_form(session)
    row = signs_up(session, form, "Ada@example.org", source="post", first_name="Ada", network="192.0.2.7")
    assert (row.state, row.reason) == (SignUpState.SETTLED, answer.ASKED)
    mail = session.scalars(select(Message)).one()
    assert (mail.kind, mail.key, mail.template) == (MessageKind.CONFIRMATION, f"confirm:{row.id}", "confirmation")
    assert (mail.queue, mail.sign_up_id, mail.to_address) == (Queue.URGENT, row.id, None)
    assert (mail.due_at, mail.expires_at) == (NOW, NOW + confirmation.VALID)


def test_a_person_is_pending_until_they_confirm_and_carries_nothing_a_stranger_typed(session):
    form = a_form(session)
    row = signs_up(session, form, "Ada@example.org", source="post", first_name="Buy now", time_zone="Europe/Rome")
    ada = session.get(Subscriber, row.subscriber_id)
    assert (ada.state, ada.email, ada.address_hash) == (SubscriberState.PENDING, "Ada@example.org", row.address_hash)
    assert (ada.first_name, ada.time_zone, ada.confirmed_at) == ("", "", None)
    assert (ada.form_id, ada.source) == (form.id, "post")


def test_being_asked_leaves_a_line_of_evidence(session):
    form = a_form(session)
    row = signs_up(session, form, network="2001:db8:1:2::/64")
    line = session.scalars(select(Consent)).one()
    assert (line.kind, line.subscriber_id, line.sign_up_id) == (ConsentKind.ASKED, row.subscriber_id, row.id)
    assert (line.wording, line.form_id, line.how) == (form.wording, form.id, witness.BY_FORM)
    assert (line.network, line.agent, line.at) == ("2001:db8:1::/48", "A browser", NOW)


@pytest.mark.parametrize("state", [state for state in SubscriberState if state != SubscriberState.ERASED])
def test_a_sign_up_never_changes_an_existing_person(session, state):
    ada = a_subscriber(session, email="ada@example.org", state=state)
    session.commit()
    before = columns(ada)
    row = signs_up(session, a_form(session), "ADA@example.org", first_name="Eve", source="elsewhere")
    session.commit()
    assert columns(ada) == before
    assert row.subscriber_id == ada.id
    assert count(session, Subscriber) == 1


def test_somebody_who_is_in_is_told_so_once_a_day(session):
    form = a_form(session)
    ada = a_subscriber(session, email="ada@example.org", form_id=form.id)
    an_enrolment(session, ada, session.get_one(Sequence, form.sequence_id))
    told = [signs_up(session, form, now=NOW + hours * HOUR).reason for hours in (0, 1, 23, 24)]
    assert told == [answer.TOLD, answer.TOLD_BEFORE, answer.TOLD_BEFORE, answer.TOLD]
    mail = session.scalars(select(Message).order_by(Message.id)).first()
    assert (mail.kind, mail.template, mail.subscriber_id) == (MessageKind.NOTICE, "already_in", ada.id)
    assert mail.key == f"already-in:{mail.sign_up_id}"
    assert templates(session) == ["already_in"] * 2
    assert count(session, Consent) == 0


def test_somebody_who_left_is_asked_to_confirm(session):
    a_subscriber(session, email="ada@example.org", state=SubscriberState.UNSUBSCRIBED, ended_at=NOW - DAY)
    assert signs_up(session, a_form(session)).reason == answer.ASKED


def test_a_mail_whose_turn_comes_after_its_link_ended_is_planned_all_the_same(session, monkeypatch):
    monkeypatch.setattr(turnstile, "turns", lambda _session, sign_ups, now: [now + 8 * DAY] * len(sign_ups))
    signs_up(session, a_form(session))
    mail = session.scalars(select(Message)).one()
    assert mail.due_at < mail.expires_at


def test_who_comes_by_two_forms_is_one_person(session):
    first = signs_up(session, a_form(session))
    second = signs_up(session, a_form(session), now=NOW + HOUR)
    assert first.subscriber_id == second.subscriber_id
    assert confirms(session, second).form_id == second.form_id
