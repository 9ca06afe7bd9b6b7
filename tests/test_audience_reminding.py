"""The one reminder: whom it comes to, when, and within which limits."""

from datetime import timedelta

from sqlalchemy import select

from funnel.audience import ending, reminding, suppression
from funnel.models.mail import Message
from funnel.models.people import SubscriberState, SuppressionReason
from tests.audience_cast import VISIT, confirms, signs_up, templates
from tests.conftest import NOW
from tests.factories import a_form, a_subscriber

DAY = timedelta(days=1)


def test_a_reminder_comes_once_a_day_after(session):
    row = signs_up(session, a_form(session))
    assert reminding.remind(session, NOW + DAY - timedelta(seconds=1)) == 0
    assert reminding.remind(session, NOW + DAY) == 1
    for days in range(2, 40):
        assert reminding.remind(session, NOW + days * DAY) == 0
    mail = session.scalars(select(Message).where(Message.template == "reminder")).one()
    assert (mail.key, mail.sign_up_id, mail.due_at) == (f"remind:{row.id}", row.id, NOW + DAY)


def test_a_reminder_in_a_rehearsal_comes_after_one_of_its_days(session, setting):
    setting(DAY_SECONDS="1")
    signs_up(session, a_form(session))
    assert reminding.remind(session, NOW + timedelta(seconds=1)) == 1


def test_only_the_newest_sign_up_of_an_address_is_reminded_of(session):
    form = a_form(session)
    signs_up(session, form)
    newest = signs_up(session, form, now=NOW + timedelta(hours=1))
    assert reminding.remind(session, NOW + 2 * DAY) == 1
    assert session.scalars(select(Message.sign_up_id).where(Message.template == "reminder")).one() == newest.id


def test_who_confirmed_is_not_reminded(session):
    form = a_form(session)
    confirms(session, signs_up(session, form))
    assert reminding.remind(session, NOW + DAY) == 0


def test_who_confirmed_by_another_mail_is_not_reminded(session):
    form = a_form(session)
    first = signs_up(session, form)
    signs_up(session, form, now=NOW + timedelta(hours=1))
    confirms(session, first)
    assert reminding.remind(session, NOW + 2 * DAY) == 0


def test_who_left_since_or_is_suppressed_is_not_reminded(session):
    form = a_form(session)
    gone, suppressed, bounced = (signs_up(session, form, f"{n}@example.org") for n in "abc")
    ending.leave(session, gone.subscriber_id, "page", VISIT, NOW + timedelta(hours=1))
    suppression.suppress(session, suppressed.address_hash, SuppressionReason.OWNER, NOW)
    ending.bounced(session, bounced.subscriber_id, NOW)
    assert reminding.remind(session, NOW + DAY) == 0


def test_who_left_before_and_asks_again_is_reminded(session):
    ada = a_subscriber(session, email="ada@example.org")
    ending.leave(session, ada.id, "page", VISIT, NOW - DAY)
    signs_up(session, a_form(session))
    assert reminding.remind(session, NOW + DAY) == 1
    assert ada.state == SubscriberState.UNSUBSCRIBED


def test_a_reminder_keeps_to_the_limits_of_its_address(session):
    form = a_form(session)
    for hours in (0, 8, 12):
        signs_up(session, form, now=NOW + timedelta(hours=hours))
    assert templates(session) == ["confirmation"] * 3
    with_four = [reminding.remind(session, NOW + DAY + timedelta(hours=hours)) for hours in (0, 8, 12)]
    assert with_four == [0, 0, 1]


def test_after_a_week_of_standstill_nobody_is_reminded_of_a_dead_link(session):
    signs_up(session, a_form(session))
    assert reminding.remind(session, NOW + 7 * DAY) == 0
