import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import ending, own_data, suppression
from funnel.config import settings
from funnel.db import Session
from funnel.models.content import Enrolment, EnrolmentState, StopReason
from funnel.models.mail import Message, MessageKind, Queue
from funnel.models.people import Consent, ConsentKind, Subscriber, SubscriberState, SuppressionReason
from funnel.tokens import BadToken, Purpose
from tests.audience_cast import VISIT, confirms, count, signs_up, templates
from tests.conftest import NOW
from tests.factories import a_form, a_subscriber

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_a_fresh_link_is_mailed_to_the_address(session):
    ada = a_subscriber(session)
    assert own_data.fresh_link(session, ada, NOW)
    mail = session.scalars(select(Message)).one()
    assert (mail.kind, mail.template, mail.queue) == (MessageKind.NOTICE, "fresh_link", Queue.URGENT)
    assert (mail.subscriber_id, mail.due_at, mail.expires_at) == (ada.id, NOW, NOW + HOUR)


def test_nobodys_inbox_can_be_filled_with_fresh_links(session):
    ada, limits = a_subscriber(session), settings().limits
    asked = [own_data.fresh_link(session, ada, NOW + n * HOUR) for n in range(24 * 20)]
    assert asked[:24].count(True) == limits.address_day
    assert asked.count(True) == limits.address_month
    assert own_data.fresh_link(session, ada, NOW + 31 * DAY)


def test_who_left_is_mailed_one_in_a_week(session):
    ada = a_subscriber(session)
    ending.leave(session, ada.id, "page", VISIT, NOW)
    asked = [own_data.fresh_link(session, ada, NOW + n * DAY) for n in range(14)]
    assert [number for number, mailed in enumerate(asked) if mailed] == [0, 7]


def test_two_presses_within_a_minute_are_one_mail(session):
    ada = a_subscriber(session)
    assert [own_data.fresh_link(session, ada, NOW) for _ in range(2)] == [True, False]


def test_many_presses_at_once_are_one_mail(session):
    subscriber_id = a_subscriber(session).id
    session.commit()

    def press(minute: int) -> None:
        with Session.begin() as own:
            own_data.fresh_link(own, own.get_one(Subscriber, subscriber_id), NOW + minute * MINUTE)

    presses = [threading.Thread(target=press, args=(minute,)) for minute in range(6)]
    [thread.start() for thread in presses]
    [thread.join() for thread in presses]
    assert count(session, Message) == settings().limits.address_day


def test_who_left_still_gets_to_their_data(session):
    ada = a_subscriber(session)
    ending.leave(session, ada.id, "page", VISIT, NOW)
    assert own_data.fresh_link(session, ada, NOW)


def test_a_suppressed_or_erased_person_is_not_mailed_a_link(session):
    ada, ben = a_subscriber(session), a_subscriber(session)
    ending.complained(session, ada.id, NOW)
    own_data.erase(session, ben.id, NOW)
    assert not own_data.fresh_link(session, ada, NOW)
    assert not own_data.fresh_link(session, ben, NOW)
    assert templates(session) == []


def test_a_fresh_link_opens_for_an_hour(session):
    ada = a_subscriber(session)
    token = own_data.fresh_token(ada, NOW)
    assert own_data.read_fresh(session, token, NOW + HOUR - timedelta(seconds=1)) == ada.id
    with pytest.raises(BadToken):
        own_data.read_fresh(session, token, NOW + HOUR)


def test_a_fresh_link_to_an_address_they_left_behind_opens_nothing(session):
    ada = a_subscriber(session)
    token = own_data.fresh_token(ada, NOW)
    ada.address_hash = tokens.address_hash("ada@new.example.org")
    session.flush()
    with pytest.raises(BadToken):
        own_data.read_fresh(session, token, NOW)
    assert own_data.read_fresh(session, own_data.fresh_token(ada, NOW), NOW) == ada.id


def test_a_forged_fresh_link_opens_nothing(session):
    ada = a_subscriber(session)
    later = int((NOW + HOUR).timestamp())
    for token in (
        tokens.sign(Purpose.PREFERENCES, ada.id, later),
        tokens.sign(Purpose.FRESH, ada.id),
        tokens.sign(Purpose.FRESH, ada.id, later),
        tokens.sign(Purpose.FRESH, ada.id, later, 0),
        own_data.fresh_token(ada, NOW)[:-1],
        "",
    ):
        with pytest.raises(BadToken):
            own_data.read_fresh(session, token, NOW)


def test_the_download_holds_everything_and_is_json(session):
    ada = confirms(session, signs_up(session, a_form(session), first_name="Ada"))
    held = own_data.export(session, ada.id)
    assert json.loads(json.dumps(held)) == held
    assert held["subscriber"]["email"] == "ada@example.org"
    assert {name: len(rows) for name, rows in held.items() if name != "subscriber"} == {
        "former_addresses": 0,
        "consents": 2,
        "evidence": 2,
        "new_addresses": 0,
        "sign_ups": 1,
        "courses": 1,
        "mails": 2,
        "events": 0,
        "bookings": 0,
        "tags": 0,
        "topics_not_wanted": 0,
        "choices": 0,
    }


def test_there_is_nothing_to_download_of_nobody(session):
    assert own_data.export(session, 4711) == {}


def test_erasing_blanks_the_person_and_keeps_the_row(session):
    form = a_form(session)
    ada = confirms(session, signs_up(session, form, first_name="Ada", time_zone="Europe/Rome", source="post"))
    ada.paused_until = NOW + HOUR
    own_data.erase(session, ada.id, NOW + HOUR)
    session.expire_all()
    assert (ada.email, ada.address_hash, ada.first_name, ada.time_zone, ada.utm) == (None, None, "", "", {})
    assert (ada.state, ada.ended_at, ada.paused_until) == (SubscriberState.ERASED, NOW + HOUR, None)
    assert (ada.form_id, ada.source, ada.confirmed_at) == (form.id, "post", NOW)


def test_erasing_ends_the_course_and_suppresses_the_address(session):
    ada = confirms(session, signs_up(session, a_form(session)))
    own_data.erase(session, ada.id, NOW)
    session.expire_all()
    course = session.scalars(select(Enrolment)).one()
    assert (course.state, course.reason) == (EnrolmentState.STOPPED, StopReason.ERASED)
    assert suppression.reason(session, tokens.address_hash("ada@example.org")) == SuppressionReason.ERASURE
    assert session.scalars(select(Consent.how).where(Consent.kind == ConsentKind.WITHDREW)).one()


def test_erasing_twice_is_erasing_once(session):
    ada = a_subscriber(session)
    own_data.erase(session, ada.id, NOW)
    own_data.erase(session, ada.id, NOW + HOUR)
    own_data.erase(session, 4711, NOW)
    assert ada.ended_at == NOW
    assert count(session, Consent) == 1


def test_erasing_somebody_who_complained_leaves_that_standing(session):
    ada = a_subscriber(session)
    address_hash = ada.address_hash
    ending.complained(session, ada.id, NOW)
    own_data.erase(session, ada.id, NOW)
    assert suppression.reason(session, address_hash) == SuppressionReason.COMPLAINT
    assert ada.state == SubscriberState.ERASED
