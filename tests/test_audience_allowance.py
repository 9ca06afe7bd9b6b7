from datetime import timedelta

import pytest

from funnel.audience import allowance, ending, settle
from funnel.audience.visit import network_of
from funnel.choices import Limits
from funnel.config import settings
from funnel.models.door import Proof
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


def test_spellings_of_one_mailbox_share_its_limits(session):
    form = a_form(session)
    emails = ["ada@gmail.com", "a.d.a@gmail.com", "ada+x@googlemail.com", "bob@gmail.com"]
    states = [signs_up(session, form, email).state for email in emails]
    assert states == [SignUpState.SETTLED, SignUpState.REFUSED, SignUpState.REFUSED, SignUpState.SETTLED]


def test_a_botnet_in_one_street_is_limited_as_a_whole(session, setting):
    setting(LIMIT_NETWORK_HOUR="1")
    form = a_form(session)
    most, _ = settings().limits.wide
    rows = [signs_up(session, form, f"r-{n}@example.org", network=f"198.51.100.{n}") for n in range(most + 2)]
    assert [row.state for row in rows].count(SignUpState.REFUSED) == 2
    assert rows[-1].reason == settle.WIDE_LIMIT
    other = signs_up(session, form, "other@example.org", network="198.51.101.1")
    assert other.state == SignUpState.SETTLED


def test_who_only_tapped_once_more_has_lower_limits_and_keeps_nobody_out(session):
    form, network = a_form(session), "198.51.100.7"
    hour, _ = settings().limits.tap
    rows = [signs_up(session, form, f"r-{n}@example.org", network=network, proof=Proof.TAP) for n in range(hour + 1)]
    assert [row.state for row in rows] == [SignUpState.SETTLED] * hour + [SignUpState.REFUSED]
    assert rows[-1].reason == settle.NETWORK_LIMIT
    assert signs_up(session, form, "zoe@example.org", network=network, proof=Proof.PUZZLE).state == SignUpState.SETTLED


def test_who_only_tapped_once_more_waits_in_a_queue_of_their_own(session):
    form, most = a_form(session), settings().limits.tap_minute
    due = [due_at(session, signs_up(session, form, f"r-{n}@example.org", proof=Proof.TAP)) for n in range(most + 1)]
    assert due == [NOW] * most + [NOW + MINUTE]
    assert due_at(session, signs_up(session, form, "ada@example.org")) == NOW


def test_a_flood_of_taps_holds_up_no_mail_of_others(session, setting):
    setting(LIMIT_MINUTE="5", LIMIT_FORM_MINUTE="3")
    form, other = a_form(session), a_form(session)
    taps = [due_at(session, signs_up(session, form, f"r-{n}@example.org", proof=Proof.TAP)) for n in range(30)]
    assert taps[-1] > NOW + 4 * MINUTE
    due = [due_at(session, signs_up(session, form, f"ada-{n}@example.org")) for n in range(4)]
    assert due == [NOW] * 3 + [NOW + MINUTE]
    assert due_at(session, signs_up(session, other, "zoe@example.org")) == NOW


def test_the_limits_are_those_that_were_promised():
    assert Limits() == Limits(
        address_day=3, address_month=5, network_hour=5, network_day=20, form_minute=60, all_minute=600
    )
    assert allowance.REST == 10 * MINUTE
    assert (Limits().wide, Limits().tap, Limits().tap_minute) == ((40, 120), (2, 5), 6)
