from datetime import timedelta

import pytest

from funnel.audience import ending
from funnel.audience.visit import network_of
from funnel.models.mail import Message, MessageState
from funnel.models.people import SignUpState
from tests.audience_cast import VISIT, confirms, signs_up, templates
from tests.conftest import NOW
from tests.factories import a_form

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def states(session, times) -> list[SignUpState]:
    form = a_form(session)
    return [signs_up(session, form, now=NOW + time).state for time in times]


@pytest.mark.parametrize(
    ("times", "mails"),
    [
        ([0 * MINUTE, 10 * MINUTE - timedelta(seconds=1)], 1),
        ([0 * MINUTE, 10 * MINUTE], 2),
        ([0 * HOUR, 1 * HOUR, 2 * HOUR, 3 * HOUR], 3),
        ([0 * HOUR, 1 * HOUR, 2 * HOUR, 24 * HOUR], 4),
        ([day * DAY for day in range(8)], 5),
        ([day * DAY for day in (0, 1, 2, 3, 4, 29, 30)], 6),
    ],
)
def test_an_address_is_mailed_once_in_ten_minutes_thrice_a_day_and_five_times_a_month(session, times, mails):
    assert states(session, times).count(SignUpState.SETTLED) == mails
    assert len(templates(session)) == mails


def test_every_mail_that_a_form_leads_to_counts(session):
    form = a_form(session)
    ada = confirms(session, signs_up(session, form))
    signs_up(session, form, now=NOW + HOUR)  # already in
    ending.leave(session, ada.id, "page", VISIT, NOW + HOUR)
    signs_up(session, form, now=NOW + 2 * HOUR)
    refused = signs_up(session, form, now=NOW + 3 * HOUR)
    assert refused.state == SignUpState.REFUSED
    assert [name for name in templates(session) if name != "step"] == ["confirmation", "already_in", "confirmation"]


def test_a_full_minute_of_a_form_makes_mails_wait_and_refuses_nobody(session):
    form, other = a_form(session), a_form(session)
    due = [due_at(session, signs_up(session, form, f"reader-{n}@example.org")) for n in range(121)]
    assert due[:60] == [NOW] * 60
    assert due[60:120] == [NOW + MINUTE] * 60
    assert due[120] == NOW + 2 * MINUTE
    assert due_at(session, signs_up(session, other, "other@example.org")) == NOW
    assert due_at(session, signs_up(session, form, "later@example.org", NOW + 5 * MINUTE)) == NOW + 5 * MINUTE


def test_the_limit_on_all_confirmations_makes_every_form_wait(session, setting):
    setting(LIMIT_MINUTE="3")
    for n in range(3):
        signs_up(session, a_form(session), f"reader-{n}@example.org")
    assert due_at(session, signs_up(session, a_form(session), "other@example.org")) == NOW + MINUTE


def test_mails_that_a_server_refused_for_now_hold_up_nobody_else(session, setting):
    setting(LIMIT_MINUTE="1")
    form = a_form(session)
    mail = mail_of(session, signs_up(session, form))
    mail.state, mail.due_at = MessageState.DEFERRED, NOW + HOUR
    session.flush()
    assert due_at(session, signs_up(session, form, "other@example.org", NOW + MINUTE)) == NOW + MINUTE


def mail_of(session, sign_up) -> Message:
    return session.query(Message).filter_by(sign_up_id=sign_up.id).one()


def due_at(session, sign_up) -> object:
    return mail_of(session, sign_up).due_at


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(("base_url", "refused"), [("http://127.0.0.1:8000", 0), ("https://mail.example.org", 1)])
def test_who_tries_it_out_on_their_own_machine_is_not_held_by_the_network_limit(
    session, setting, ip, base_url, refused
):
    public = {"SMTP_URL": "smtp://relay.example.org", "MAIL_FROM": "a@example.org", "PRACTICE_ADDRESS": "1 Road"}
    setting(BASE_URL=base_url, **public)
    form, network = a_form(session), network_of(ip)
    rows = [signs_up(session, form, f"reader-{n}@example.org", network=network) for n in range(6)]
    assert [row.state for row in rows].count(SignUpState.REFUSED) == refused


def test_a_local_service_still_limits_other_networks(session):
    form = a_form(session)
    rows = [signs_up(session, form, f"reader-{n}@example.org", network="192.168.0.7") for n in range(6)]
    assert [row.state for row in rows].count(SignUpState.REFUSED) == 1
