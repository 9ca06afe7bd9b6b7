"""Permits: mails a second, shared by all who send. Redis is real; where a clock is given, it stands for Redis's own."""

import itertools
import signal
import time
from types import SimpleNamespace

import pytest

from funnel import limits

_names = itertools.count()


@pytest.fixture
def name(clean):
    return f"relay-{time.time_ns()}-{next(_names)}:25"


@pytest.fixture
def process(monkeypatch):
    """process("b") asks as another process would, which knows nothing of this one's memory."""

    def become(known_as):
        monkeypatch.setattr(limits, "_this_process", lambda: known_as)
        monkeypatch.setattr(limits, "_own_shares", {})

    return become


def test_the_first_mail_goes_at_once_and_the_others_at_the_rate(name):
    assert limits.permits(name, 8, 100, now=1000) == 1
    assert [limits.permits(name, 8, 100, now=1000 + eighth / 8) for eighth in range(1, 6)] == [1, 1, 1, 1, 1]


def test_no_pause_ends_in_a_burst(name):
    limits.permits(name, 10, 1, now=1000)
    assert limits.permits(name, 10, 1000, now=9000) == 10
    assert limits.permits(name, 10, 1000, now=9000) == 0


def test_only_what_is_wanted_is_given(name):
    limits.permits(name, 10, 1, now=1000)
    assert limits.permits(name, 10, 0, now=1001) == 0
    assert limits.permits(name, 10, -3, now=1001) == 0
    assert limits.permits(name, 10, 4, now=1001) == 4
    assert limits.permits(name, 10, 100, now=1001) == 6


def test_all_processes_together_keep_to_the_rate(name, process):
    given = 0
    for step in range(100):  # of a tenth of a second
        process(f"process {step % 4}")
        given += limits.permits(name, 25, 1000, now=1000 + step / 10)
    assert 240 <= given <= 250


def test_less_than_one_a_second_is_kept_too(name):
    given = [limits.permits(name, 0.5, 9, now=1000 + second) for second in range(9)]
    assert given == [1, 0, 1, 0, 1, 0, 1, 0, 1]


def test_the_urgent_go_first_and_the_rate_is_kept_all_the_same(name):
    limits.permits(name, 10, 1, now=1000)
    assert limits.permits(name, 10, 100, now=1001) == 10
    assert limits.permits(name, 10, 5, ahead=True, now=1001) == 5
    assert limits.permits(name, 10, 100, ahead=True, now=1001) == 5
    assert limits.permits(name, 10, 100, now=1001.9) == 0
    assert limits.permits(name, 10, 100, now=1003) == 10


def test_a_clock_that_jumps_back_gives_nothing_away(name):
    limits.permits(name, 10, 1, now=1000)
    limits.permits(name, 10, 100, now=1001)
    assert limits.permits(name, 10, 100, now=900) == 0
    assert limits.permits(name, 10, 100, now=900.5) == 5


def test_redis_own_clock_is_used_by_itself(name):
    assert limits.permits(name, 1000, 1) == 1
    time.sleep(0.05)
    assert 20 <= limits.permits(name, 1000, 2000) <= 1000


def test_a_redis_that_forgot_everything_begins_with_one_mail(name):
    limits.permits(name, 100, 1, now=1000)
    limits._script().registered_client.flushall()
    assert limits.permits(name, 100, 1000, now=1001) == 1


@pytest.fixture
def clock(monkeypatch):
    """The clock of this process, which goes on when told to."""
    now = SimpleNamespace(value=5000.0)
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: now.value, time=time.time))
    return now


def within(seconds, clock, name, rate):
    """What is granted to one process that asks a hundred times a second."""
    granted = 0
    for _ in range(seconds * 100):
        clock.value += 0.01
        granted += limits.permits(name, rate, 1000)
    return granted


def test_with_redis_away_a_process_keeps_to_its_share(name, process, clock, monkeypatch, frozen_redis):
    monkeypatch.setattr(limits, "AWAY_S", 60)
    process("alone")
    limits.permits(name, 160, 1)
    limits._own_shares[name].sharers = 8
    assert 39 <= within(2, clock, name, 160) <= 40
    clock.value += 30
    assert limits.permits(name, 160, 1000) == 20  # and no pause ends in a burst


def test_a_process_that_never_reached_redis_takes_little(name, process, clock, monkeypatch, frozen_redis):
    monkeypatch.setattr(limits, "AWAY_S", 60)
    process("new")
    assert limits.permits(name, 160, 1000) == 0
    assert 29 <= within(3, clock, name, 160) <= 3 * 160 / limits.SHARERS_UNKNOWN


def test_fewer_than_the_procfile_starts_are_not_believed(name, process, clock, monkeypatch, frozen_redis):
    monkeypatch.setattr(limits, "AWAY_S", 60)
    process("alone")
    limits.permits(name, 100, 1)
    limits._own_shares[name].sharers = 1
    assert within(2, clock, name, 100) <= 2 * 100 / limits.FEWEST_SHARERS


def test_how_many_share_a_rate_is_known_for_when_redis_goes_away(name, process):
    for number in range(7):
        process(f"process {number}")
        limits.permits(name, 10, 1, now=1000 + number)
    assert limits._own_shares[name].sharers == 7
    process("a late one")
    limits.permits(name, 10, 1, now=1004 + limits.SHARERS_FOR_S)
    assert limits._own_shares[name].sharers == 4  # 4, 5, 6 and this one


def test_a_redis_that_is_away_is_asked_again_after_a_while_only(name, process, clock, servers, caplog):
    process("alone")
    servers.redis.process.send_signal(signal.SIGSTOP)
    try:
        for _ in range(100):
            limits.permits(name, 10, 1)
        assert len(caplog.records) == 1
    finally:
        servers.redis.process.send_signal(signal.SIGCONT)
    limits.permits(name, 10, 1)
    assert limits._own_shares[name].sharers is None
    clock.value += limits.AWAY_S
    limits.permits(name, 10, 1)
    assert limits._own_shares[name].sharers == 1
