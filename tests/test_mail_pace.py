"""How many mails a claim may take, a relay may be given today, and a second."""

import math
import threading
import time
from datetime import timedelta

import pytest

from funnel import limits
from funnel.config import settings
from funnel.db import Session
from funnel.mail import pace, relays, rests
from funnel.mail.pace import Pace, Permits
from funnel.models.mail import Queue
from funnel.models.sending import RelayTally
from funnel.relay import Relay
from tests.conftest import NOW

DAY = timedelta(days=1)


@pytest.fixture
def relay(setting):
    """relay("day=500") is the one relay, with these options."""

    def made(options: str) -> Relay:
        setting(SMTP_URL=f"smtp://relay.example.org:25?{options}")
        return settings().relays[0]

    return made


def reserve(session, relay, wanted, now=NOW, queue=Queue.URGENT):
    return pace.reserve(session, relay, queue, wanted, now)


def test_a_claim_grows_to_two_seconds_of_the_measured_pace():
    claims = Pace(Queue.BULK)
    sizes = []
    for _ in range(9):
        sizes.append(claims.limit())
        claims.done(claims.limit(), claims.limit() / 400)  # 400 a second
    assert sizes == [10, 40, 100, 400, 800, 800, 800, 800, 800]


def test_a_claim_is_never_too_large_and_never_nothing():
    claims = Pace(Queue.BULK)
    for _ in range(20):
        claims.done(claims.limit(), 0.0)
    assert claims.limit() == pace.MOST
    claims.done(1, 600)
    assert claims.limit() == 1


def test_a_relay_without_limits_is_not_counted(session, relay):
    free = relay("pool=2")
    assert reserve(session, free, 2000) == 2000
    pace.give_back(session, free, 2000, NOW)
    assert session.get(RelayTally, free.name) is None


def test_a_claim_holds_at_most_two_seconds_of_the_rate(session, relay):
    assert reserve(session, relay("rate=30"), 2000) == 60
    assert reserve(session, relay("rate=0.2"), 2000) == 1


def test_a_day_has_so_many_mails_and_the_next_as_many_again(session, relay):
    limited = relay("day=100")
    assert [reserve(session, limited, 60) for _ in range(3)] == [60, 40, 0]
    assert relays.usable(session, rests.resting(session, NOW), Queue.URGENT, NOW) == []
    tomorrow = (NOW + DAY).replace(hour=0)
    assert reserve(session, limited, 60, tomorrow - timedelta(seconds=1)) == 0
    assert relays.usable(session, rests.resting(session, tomorrow), Queue.URGENT, tomorrow) == [limited]
    assert reserve(session, limited, 60, tomorrow) == 60


def test_the_last_mails_of_a_day_are_kept_for_confirmations(session, relay):
    limited = relay("day=100")
    assert reserve(session, limited, 200, queue=Queue.BULK) == 95
    assert relays.usable(session, rests.resting(session, NOW), Queue.BULK, NOW) == []
    assert relays.usable(session, rests.resting(session, NOW), Queue.URGENT, NOW) == [limited]
    assert reserve(session, limited, 200) == 5
    assert pace.spent(session, [limited], Queue.URGENT, NOW) == {
        limited.name: "its 100 mails of today are spent, and it gets more from 00:00 UTC"
    }


def test_a_very_small_day_is_not_all_kept_back(session, relay):
    assert reserve(session, relay("day=1"), 10, queue=Queue.BULK) == 1


def test_what_was_not_handed_over_may_be_sent_today_after_all(session, relay):
    limited = relay("day=100")
    reserve(session, limited, 100)
    pace.give_back(session, limited, 30, NOW)
    assert reserve(session, limited, 100) == 30


def test_what_comes_back_after_midnight_does_not_lower_the_new_days_count(session, relay):
    limited = relay("day=100")
    reserve(session, limited, 100)
    tomorrow = NOW + DAY
    reserve(session, limited, 10, tomorrow)
    pace.give_back(session, limited, 100, NOW)
    assert reserve(session, limited, 100, tomorrow) == 90


def test_a_warm_up_grows_by_half_a_day_until_the_daily_limit(session, relay):
    limited = relay("warmup=40&day=200")
    given = [reserve(session, limited, 1000, NOW + day * DAY) for day in range(7)]
    assert given == [40, 60, 90, 135, 200, 200, 200]


def test_a_warm_up_without_a_daily_limit_grows_until_it_is_none(session, relay):
    limited = relay("warmup=1")
    assert reserve(session, limited, 10) == 1
    assert reserve(session, limited, 10**6, NOW + 40 * DAY) == 10**6
    assert reserve(session, limited, 2000, NOW + 9000 * DAY) == 2000


def test_workers_at_once_do_not_go_over_the_days_limit(session, relay):
    limited = relay("day=100")
    granted: list[int] = []

    def work() -> None:
        for _ in range(10):
            with Session.begin() as own:
                granted.append(reserve(own, limited, 7))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(granted) == 100


def test_a_claim_that_was_rolled_back_has_used_nothing(session, relay):
    limited = relay("day=100")
    reserve(session, limited, 100)
    session.rollback()
    assert reserve(session, limited, 100) == 100


def test_without_a_rate_every_mail_may_go():
    permits = Permits(Relay("relay.example.org", 25), Queue.BULK)
    assert all(permits.take(0.0) for _ in range(1000))


def test_a_mail_waits_for_its_permit_and_nothing_is_asked_for_that_nobody_waits_for(clean, monkeypatch):
    asked = []
    monkeypatch.setattr(limits, "permits", lambda *given: asked.append(given) or 3)
    permits = Permits(Relay("relay.example.org", 25, rate=10), Queue.URGENT)
    permits.refill()
    assert asked == []
    now = time.monotonic()
    assert not permits.take(now)
    permits.refill()
    assert asked == [("relay.example.org:25", 10, math.ceil(10 * pace.AHEAD_S), True)]
    assert [permits.take(now) for _ in range(5)] == [True, True, True, False, False]


def test_what_is_held_counts_for_what_is_asked_next(clean, monkeypatch):
    asked = []
    monkeypatch.setattr(limits, "permits", lambda *given: asked.append(given[2]) or 4)
    monkeypatch.setattr(pace, "REFILL_S", 0)
    permits = Permits(Relay("relay.example.org", 25, rate=10), Queue.BULK)
    now = time.monotonic()
    permits.take(now)
    permits.refill()
    permits.take(now)
    permits.refill()
    assert asked == [4, 1]


def test_redis_is_not_asked_more_often_than_needed(clean, monkeypatch):
    asked = []
    monkeypatch.setattr(limits, "permits", lambda *given: asked.append(given) or 0)
    monkeypatch.setattr(pace, "REFILL_S", 60)
    permits = Permits(Relay("relay.example.org", 25, rate=10), Queue.BULK)
    for _ in range(5):
        permits.take(time.monotonic())
        permits.refill()
    assert len(asked) == 1


def test_what_was_held_through_a_pause_is_void(clean, monkeypatch):
    monkeypatch.setattr(limits, "permits", lambda *given: 4)
    permits = Permits(Relay("relay.example.org", 25, rate=10), Queue.BULK)
    permits.take(time.monotonic())
    permits.refill()
    assert not permits.take(time.monotonic() + pace.STALE_S + 0.1)


def test_more_mails_than_a_day_takes_are_spread_over_days_and_all_of_a_warm_up_is_foreseen(session, relay):
    limited = relay("day=100&warmup=20")
    assert pace.slowed(session, [limited], 19, NOW) is None
    # 19 of bulk on the first day, then 29 and 43: 91.
    assert pace.slowed(session, [limited], 91, NOW) == pace.Slow(19, (NOW + 2 * DAY).date())
    reserve(session, limited, 5)
    assert pace.slowed(session, [limited], 91, NOW) == pace.Slow(14, (NOW + 3 * DAY).date())
    assert pace.slowed(session, [limited, relay("pool=2")], 10**6, NOW) is None
