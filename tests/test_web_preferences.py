"""Preferences: each button does what it says, says so, and shows nothing personal."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import own_data
from funnel.choices import Limits
from funnel.db import utc_now
from funnel.models.mail import Message
from funnel.models.people import Pace, Subscriber, SubscriberState
from funnel.tokens import Purpose
from tests.factories import a_form, a_message, a_sequence, a_subscriber, an_enrolment


@pytest.fixture
def person(session):
    form = a_form(session, slug="back-care")
    person = a_subscriber(session, email="ada@example.org", first_name="Ada", form_id=form.id)
    session.commit()
    return person


def page(person, message_id=0):
    return f"/preferences/{tokens.sign(Purpose.PREFERENCES, person.id, message_id)}"


def wish(client, person, wanted):
    return client.post(page(person), data={"wish": wanted})


def test_looking_changes_nothing_and_shows_neither_name_nor_address(session, client, person):
    for answer in (client.get(page(person)), client.head(page(person))):
        assert answer.status_code == 200
        assert "Ada" not in answer.text
        assert "ada@example.org" not in answer.text
    session.refresh(person)
    assert (person.state, person.pace, person.paused_until) == (SubscriberState.ACTIVE, Pace.ALL, None)


def test_a_pause_is_30_days_and_can_be_ended(session, client, person):
    answer = wish(client, person, "pause")
    assert "quiet for 30 days" in answer.text
    session.refresh(person)
    assert abs(person.paused_until - utc_now() - timedelta(days=30)) < timedelta(minutes=1)
    assert "It is quiet until" in client.get(page(person)).text
    assert "The quiet is over" in wish(client, person, "resume").text
    session.refresh(person)
    assert person.paused_until is None


def test_tips_are_promised_only_to_somebody_on_a_course(session, client, person):
    assert "tips" not in client.get(page(person)).text.replace("The course of tips is over", "")
    an_enrolment(session, person, a_sequence(session))
    session.commit()
    assert "You get the tips" in client.get(page(person)).text
    assert "then the tips go on where they stopped" in wish(client, person, "pause").text
    assert "The tips go on" in wish(client, person, "resume").text


@pytest.mark.parametrize("wanted", ["pause", "resume", "monthly", "all"])
def test_a_button_of_an_old_tab_promises_nothing_to_somebody_who_has_left(session, client, person, wanted):
    wish(client, person, "stop")
    answer = wish(client, person, wanted)
    assert "there was nothing to change" in answer.text
    assert "Done." not in answer.text
    session.refresh(person)
    assert (person.state, person.paused_until) == (SubscriberState.UNSUBSCRIBED, None)


def test_monthly_only_and_all_again(session, client, person):
    assert "one newsletter a month at most" in wish(client, person, "monthly").text
    session.refresh(person)
    assert person.pace == Pace.MONTHLY
    assert "Every newsletter comes again" in wish(client, person, "all").text
    session.refresh(person)
    assert person.pace == Pace.ALL


def test_stopping_is_leaving_and_the_mail_it_was_pressed_in_is_known(session, client, person):
    message = a_message(session, person)
    session.commit()
    answer = client.post(page(person, message.id), data={"wish": "stop"})
    assert "No more mails will come" in answer.text
    assert 'href="/f/back-care"' in answer.text
    session.refresh(person)
    assert person.state == SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize("wanted", ["", "everything", "\0"])
def test_an_unknown_wish_changes_nothing(session, client, person, wanted):
    assert wish(client, person, wanted).status_code == 400


@pytest.mark.parametrize("state", [SubscriberState.ACTIVE, SubscriberState.UNSUBSCRIBED, SubscriberState.BOUNCED])
def test_my_data_always_says_the_same(session, client, person, state):
    person.state = state
    session.commit()
    for _ in range(Limits.address_day + 2):
        assert "a mail with a link for one hour is on its way" in wish(client, person, "my-data").text
    planned = session.scalars(select(Message.template)).all()
    assert set(planned) == {own_data.FRESH_LINK}
    assert len(planned) <= Limits.address_day


def test_someone_erased_meets_a_page_with_nothing_on_it(session, client, person):
    own_data.erase(session, person.id, utc_now())
    session.commit()
    answer = client.get(page(person))
    assert answer.status_code == 200
    assert "My data" not in answer.text
    assert "go on where they stopped" not in answer.text


@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.FRESH, Purpose.VERP])
def test_a_link_for_something_else_opens_nothing(session, client, person, purpose):
    path = f"/preferences/{tokens.sign(purpose, person.id, 0)}"
    assert client.get(path).status_code == client.post(path, data={"wish": "stop"}).status_code == 404
    assert session.scalars(select(Subscriber.state)).one() == SubscriberState.ACTIVE


def test_nobodys_link_opens_nothing(client, session):
    assert client.get(f"/preferences/{tokens.sign(Purpose.PREFERENCES, 999, 0)}").status_code == 404
