from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DatabaseError

from funnel.audience import ending, retention, suppression
from funnel.db import Base
from funnel.models.mail import Message
from funnel.models.people import Consent, SignUp, Subscriber, SubscriberState, SuppressionReason
from funnel.models.responses import Event, EventKind
from tests.audience_cast import confirms, count, signs_up
from tests.conftest import NOW
from tests.factories import a_booking, a_form, a_message, a_sign_up, a_subscriber, an_event

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def test_an_unconfirmed_sign_up_goes_after_thirty_days_and_its_person_is_blanked(session):
    form = a_form(session)
    person = session.get(Subscriber, signs_up(session, form, source="post").subscriber_id)
    kept = retention.retain(session, NOW + 30 * DAY)
    assert not any(kept.values())
    late = NOW + 30 * DAY + SECOND
    removed = retention.retain(session, late)
    assert (removed["unconfirmed sign-ups"], removed["people who never confirmed"]) == (1, 1)
    session.expire_all()
    assert count(session, SignUp) == 0
    assert (person.email, person.address_hash, person.state) == (None, None, SubscriberState.ERASED)
    assert (person.form_id, person.source, person.created_at, person.ended_at) == (form.id, "post", NOW, late)


def test_nothing_is_left_of_the_address_of_who_never_confirmed(session):
    signs_up(session, a_form(session), network="198.51.100.7", first_name="Ada")
    retention.retain(session, NOW + 31 * DAY)
    session.commit()
    for table in Base.metadata.sorted_tables:
        for row in session.execute(text(f"SELECT {table.name}::text FROM {table.name}")).scalars():
            assert "ada@" not in row, table.name
            assert "198.51.100" not in row, table.name


def test_who_was_forgotten_may_sign_up_anew(session):
    form = a_form(session)
    old = signs_up(session, form).subscriber_id
    retention.retain(session, NOW + 31 * DAY)
    new = confirms(session, signs_up(session, form, now=NOW + 31 * DAY), NOW + 31 * DAY)
    assert (new.id != old, new.state) == (True, SubscriberState.ACTIVE)


def test_the_mail_of_a_sign_up_that_went_stays(session):
    signs_up(session, a_form(session))
    retention.retain(session, NOW + 31 * DAY)
    session.expire_all()
    mail = session.scalars(select(Message)).one()
    assert (mail.sign_up_id, mail.to_address) == (None, None)


def test_who_confirmed_stays(session):
    ada = confirms(session, signs_up(session, a_form(session)))
    removed = retention.retain(session, NOW + 600 * DAY)
    assert removed["unconfirmed sign-ups"] == removed["people who never confirmed"] == 0
    assert ada.state == SubscriberState.ACTIVE
    assert (count(session, SignUp), count(session, Consent)) == (1, 2)


def test_evidence_of_who_confirmed_cannot_be_deleted(session):
    confirms(session, signs_up(session, a_form(session)))
    with pytest.raises(DatabaseError, match="append only"):
        session.execute(delete(Consent))


def test_a_sign_up_that_was_refused_goes_too(session):
    suppressed = a_sign_up(session)
    suppression.suppress(session, suppressed.address_hash, SuppressionReason.OWNER, NOW)
    assert retention.retain(session, NOW + 31 * DAY)["unconfirmed sign-ups"] == 1
    assert suppression.reason(session, suppressed.address_hash) == SuppressionReason.OWNER


def test_a_person_with_a_fresh_sign_up_is_kept(session):
    form = a_form(session)
    signs_up(session, form)
    signs_up(session, form, now=NOW + 20 * DAY)
    removed = retention.retain(session, NOW + 31 * DAY)
    assert (removed["unconfirmed sign-ups"], removed["people who never confirmed"]) == (1, 0)
    assert count(session, Subscriber) == 1


def test_an_address_that_bounced_its_confirmation_is_forgotten_and_stays_suppressed(session):
    sign_up = signs_up(session, a_form(session))
    address_hash = sign_up.address_hash
    ending.bounced(session, sign_up.subscriber_id, NOW)
    assert retention.retain(session, NOW + 31 * DAY)["people who never confirmed"] == 1
    assert suppression.reason(session, address_hash) == SuppressionReason.BOUNCE


def test_networks_and_agents_are_blanked_after_thirty_days(session):
    sign_up = signs_up(session, a_form(session), network="192.0.2.7")
    confirms(session, sign_up, NOW + DAY)
    removed = retention.retain(session, NOW + 30 * DAY + SECOND)
    assert (removed["networks of sign-ups"], removed["networks of consents"]) == (1, 1)
    session.expire_all()
    assert (sign_up.network, sign_up.agent) == (None, None)
    assert [line.network for line in session.scalars(select(Consent).order_by(Consent.id))] == [None, "192.0.2.0/24"]


def test_the_free_text_of_a_booking_goes_after_ninety_days(session):
    texts = {"suits": "evenings", "note": "hello", "phone": "0151"}
    booking = a_booking(session, name="Ada", email="ada@example.org", **texts)
    assert retention.retain(session, NOW + 90 * DAY)["texts of bookings"] == 0
    later = NOW + 90 * DAY + SECOND
    assert retention.retain(session, later)["texts of bookings"] == 1
    session.expire_all()
    assert (booking.suits, booking.note, booking.phone, booking.text_deleted_at) == ("", "", "", later)
    assert booking.name == "Ada"


def test_raw_events_go_after_two_years(session):
    an_event(session, EventKind.CLICK, a_message(session, a_subscriber(session)))
    assert retention.retain(session, NOW + 730 * DAY)["events"] == 0
    assert retention.retain(session, NOW + 732 * DAY)["events"] == 1
    assert count(session, Event) == 0


def test_retention_works_in_batches_until_nothing_is_left(session):
    form = a_form(session)
    for n in range(5):
        signs_up(session, form, f"reader-{n}@example.org")
    late, rounds = NOW + 31 * DAY, []
    while any((removed := retention.retain(session, late, batch=2)).values()):
        rounds.append(removed["unconfirmed sign-ups"])
    assert rounds == [2, 2, 1]
    assert count(session, Subscriber, Subscriber.email.is_not(None)) == 0


def test_a_rehearsal_does_not_shorten_retention(session, setting):
    setting(DAY_SECONDS="1")
    signs_up(session, a_form(session))
    assert not any(retention.retain(session, NOW + DAY).values())


def test_sessions_of_owners_that_ended_long_ago_go_with_their_networks(session):
    from funnel.audience.visit import Visit
    from funnel.models.house import Owner, OwnerSession
    from funnel.web.owner import sessions

    owner = Owner(email="a@example.org", password_hash="-", session_key="-", created_at=NOW)
    session.add(owner)
    session.flush()
    sessions.begin(session, owner, Visit("192.0.2.1", "A browser"), NOW)
    assert retention.retain(session, NOW + 30 * DAY)["sessions of owners"] == 0
    assert retention.retain(session, NOW + 30 * DAY + SECOND)["sessions of owners"] == 1
    assert count(session, OwnerSession) == 0
