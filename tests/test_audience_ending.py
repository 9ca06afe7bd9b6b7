from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import ending, suppression
from funnel.audience.visit import Visit
from funnel.models.content import Enrolment, EnrolmentState, StopReason
from funnel.models.mail import Message, MessageState
from funnel.models.people import Consent, ConsentKind, Subscriber, SubscriberState, SuppressionReason
from funnel.models.responses import Event, EventKind
from tests.audience_cast import VISIT, confirms, count, signs_up
from tests.conftest import NOW
from tests.factories import a_form, a_message, a_sequence, a_subscriber, an_enrolment


def on_a_course(session, **changes) -> Subscriber:
    subscriber = a_subscriber(session, **changes)
    an_enrolment(session, subscriber, a_sequence(session))
    a_message(session, subscriber)
    return subscriber


def stopped(session, subscriber) -> set[tuple[object, object]]:
    session.expire_all()
    theirs = select(Enrolment).where(Enrolment.subscriber_id == subscriber.id)
    return {(row.state, row.reason) for row in session.scalars(theirs)}


def mails(session, subscriber) -> set[MessageState]:
    session.expire_all()
    return set(session.scalars(select(Message.state).where(Message.subscriber_id == subscriber.id)))


def test_leaving_ends_everything_that_was_to_come(session):
    ada = on_a_course(session, paused_until=NOW + timedelta(days=3))
    mail = a_message(session, ada)
    assert ending.leave(session, ada.id, "one-click", VISIT, NOW, message_id=mail.id)
    assert (ada.state, ada.ended_at, ada.paused_until) == (SubscriberState.UNSUBSCRIBED, NOW, None)
    assert stopped(session, ada) == {(EnrolmentState.STOPPED, StopReason.LEFT)}
    assert mails(session, ada) == {MessageState.SKIPPED}
    line = session.scalars(select(Consent)).one()
    assert (line.kind, line.how, line.network, line.agent) == (
        ConsentKind.WITHDREW,
        "one-click",
        "192.0.2.0/24",
        "A browser",
    )
    event = session.scalars(select(Event)).one()
    assert (event.kind, event.subscriber_id, event.message_id) == (EventKind.UNSUBSCRIBE, ada.id, mail.id)


def test_leaving_is_a_state_and_suppresses_nothing(session):
    ada = on_a_course(session)
    ending.leave(session, ada.id, "page", VISIT, NOW)
    assert suppression.reason(session, ada.address_hash) is None


def test_leaving_twice_is_leaving_once(session):
    ada = on_a_course(session)
    assert ending.leave(session, ada.id, "page", VISIT, NOW)
    assert not ending.leave(session, ada.id, "page", VISIT, NOW + timedelta(days=1))
    assert ada.ended_at == NOW
    assert (count(session, Consent), count(session, Event)) == (1, 1)


def test_leaving_again_after_coming_back_is_told_again(session):
    form = a_form(session)
    ada = confirms(session, signs_up(session, form))
    ending.leave(session, ada.id, "page", VISIT, NOW)
    later = NOW + timedelta(days=2)
    confirms(session, signs_up(session, form, now=later), later)
    assert ending.leave(session, ada.id, "page", VISIT, later)
    assert count(session, Event, Event.kind == EventKind.UNSUBSCRIBE) == 2


def test_leaving_outside_a_mail_names_no_mail(session):
    ada = on_a_course(session)
    ending.leave(session, ada.id, "page", Visit("", ""), NOW, message_id=0)
    assert session.scalars(select(Event.message_id)).one() is None
    assert session.execute(select(Consent.network, Consent.agent)).one() == (None, None)


def test_nobody_leaves_who_is_not_there(session):
    assert not ending.leave(session, 4711, "page", VISIT, NOW)
    assert not ending.bounced(session, 4711, NOW)
    assert not ending.complained(session, 4711, NOW)


def test_a_bounce_ends_and_suppresses(session):
    ada = on_a_course(session)
    assert ending.bounced(session, ada.id, NOW)
    assert not ending.bounced(session, ada.id, NOW)
    assert (ada.state, ada.ended_at) == (SubscriberState.BOUNCED, NOW)
    assert suppression.reason(session, ada.address_hash) == SuppressionReason.BOUNCE
    assert stopped(session, ada) == {(EnrolmentState.STOPPED, StopReason.BOUNCED)}
    assert mails(session, ada) == {MessageState.SKIPPED}
    assert count(session, Consent) == 0


def test_a_late_bounce_of_somebody_who_left_suppresses_and_they_stay_who_they_are(session):
    ada = on_a_course(session)
    ending.leave(session, ada.id, "page", VISIT, NOW)
    assert not ending.bounced(session, ada.id, NOW)
    assert ada.state == SubscriberState.UNSUBSCRIBED
    assert suppression.reason(session, ada.address_hash) == SuppressionReason.BOUNCE


def test_an_address_that_bounces_its_confirmation_is_no_longer_asked(session):
    sign_up = signs_up(session, a_form(session))
    assert ending.bounced(session, sign_up.subscriber_id, NOW)
    assert session.get(Subscriber, sign_up.subscriber_id).state == SubscriberState.BOUNCED


@pytest.mark.parametrize(
    "state",
    [
        SubscriberState.PENDING,
        SubscriberState.ACTIVE,
        SubscriberState.UNSUBSCRIBED,
        SubscriberState.BOUNCED,
    ],
)
def test_a_complaint_ends_for_ever_wherever_they_were(session, state):
    ada = on_a_course(session, state=state)
    assert ending.complained(session, ada.id, NOW)
    assert not ending.complained(session, ada.id, NOW)
    assert ada.state == SubscriberState.COMPLAINED
    assert suppression.reason(session, ada.address_hash) == SuppressionReason.COMPLAINT
    assert stopped(session, ada) == {(EnrolmentState.STOPPED, StopReason.COMPLAINED)}
    assert session.scalars(select(Consent.kind)).one() == ConsentKind.WITHDREW


def test_whose_address_bounced_may_leave_so_that_it_is_not_corrected(session):
    ada = a_subscriber(session)
    ending.bounced(session, ada.id, NOW)
    assert ending.leave(session, ada.id, "link", VISIT, NOW)
    session.refresh(ada)
    assert ada.state == SubscriberState.UNSUBSCRIBED
    assert suppression.reason(session, ada.address_hash) == SuppressionReason.BOUNCE
