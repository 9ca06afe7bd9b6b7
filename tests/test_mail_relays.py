"""Which relays take our mail now."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from funnel.config import settings
from funnel.mail import pace, relays, rests
from funnel.models.mail import Queue
from tests.conftest import NOW

A, B, C = "smtp://a.example.org", "smtp://b.example.org", "smtp://c.example.org"


def usable(session, now=NOW, queue=Queue.BULK):
    return [relay.host[0] for relay in relays.usable(session, rests.resting(session, now), queue, now)]


@pytest.fixture
def three(setting):
    setting(SMTP_URL=f"{A} {B}?share=2 {C}?share=7")
    return settings().relays


def test_all_are_usable_and_each_comes_first_by_its_share(session, three):
    first = Counter(usable(session)[0] for _ in range(600))
    assert first["a"] < first["b"] < first["c"]
    assert 340 < first["c"] < 500
    assert sorted(usable(session)) == ["a", "b", "c"]


def test_one_that_rests_is_left_out_and_the_next_takes_over(session, three):
    relays.rest(session, three[2], "421 closing", NOW)
    assert sorted(usable(session)) == ["a", "b"]
    assert sorted(usable(session, NOW + timedelta(seconds=5))) == ["a", "b", "c"]


def test_a_relay_rests_longer_each_time_until_it_takes_a_mail(session, three):
    relays.rest(session, three[0], "no", NOW)
    again = NOW + timedelta(seconds=6)
    relays.rest(session, three[0], "no", again)
    assert "a" not in usable(session, again + timedelta(seconds=9))
    done = again + timedelta(seconds=10)
    relays.works(session, three[0].name, done)
    relays.rest(session, three[0], "no", done)
    assert "a" in usable(session, done + timedelta(seconds=5))


def test_a_mail_taken_before_the_rest_began_does_not_end_it(session, three):
    relays.rest(session, three[0], "no", NOW)
    relays.works(session, three[0].name, NOW)
    assert "a" not in usable(session)


def test_a_rest_can_be_asked_to_be_long(session, three):
    relays.rest(session, three[0], "no", NOW, at_least=60)
    assert "a" not in usable(session, NOW + timedelta(seconds=59))


def test_why_no_relay_takes_mail_is_said_of_each(session, setting):
    setting(SMTP_URL=f"{A} {B}?day=20")
    first, second = settings().relays
    relays.rest(session, first, "421 4.3.2 Closing", NOW)
    assert pace.reserve(session, second, Queue.BULK, 50, NOW) == 19
    assert usable(session) == []
    assert relays.why_none(session, rests.resting(session, NOW), Queue.BULK, NOW) == (
        "waits for the mail server a.example.org:587: 421 4.3.2 Closing; b.example.org:587: "
        "its 20 mails of today are spent (but 1 kept for confirmations), and it gets more from 00:00 UTC"
    )


def test_without_any_it_says_which_setting_mends_it(session, monkeypatch):
    monkeypatch.setattr(relays, "settings", lambda: replace(settings(), relays=()))
    assert relays.why_none(session, rests.resting(session, NOW), Queue.BULK, NOW) == relays.NO_RELAY
    assert usable(session) == []
