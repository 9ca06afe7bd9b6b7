import time

import pytest
from kombu import pools
from redis import Redis

from funnel import errands
from funnel.config import settings
from funnel.web import nudge as nudges
from tasks.celery import app
from tasks.mail import send_urgent
from tasks.sign_ups import settle_new

LONGEST_WAIT_S = 0.6  # 0.4 s is promised; the rest is for a noisy machine


@pytest.fixture(autouse=True)
def rested():
    pools.reset()  # those that another test opened wait as long as a worker does
    app._pool = app.amqp._producer_pool = None
    nudges._Rest.until = 0.0
    yield
    nudges._Rest.until = 0.0


def test_a_task_is_put_on_its_queue(clean):
    with Redis.from_url(settings().redis_url) as redis:
        before = redis.llen("urgent")
        assert nudges.nudge(send_urgent)
        assert redis.llen("urgent") == before + 1


def test_a_frozen_broker_holds_a_visitor_up_for_less_than_half_a_second(clean, frozen_redis):
    started = time.monotonic()
    assert not nudges.nudge(send_urgent)
    assert time.monotonic() - started < LONGEST_WAIT_S


def test_a_broker_that_just_failed_is_left_alone_for_a_while(clean, frozen_redis):
    nudges.nudge(send_urgent)
    started = time.monotonic()
    assert not nudges.nudge(send_urgent)
    assert time.monotonic() - started < 0.05


def test_a_broker_that_is_back_is_told_again(clean):
    nudges._Rest.until = time.monotonic() - 0.01
    assert nudges.nudge(send_urgent)


@pytest.fixture
def line(clean):
    """How many words stand in line since."""
    errands.let_go(settle_new.name)
    with Redis.from_url(settings().redis_url) as redis:
        before = redis.llen("urgent")
        yield lambda: redis.llen("urgent") - before
    errands.let_go(settle_new.name)


def test_one_call_stands_in_line_for_all_until_somebody_is_about_to_look_for_the_last_time(line):
    assert [nudges.call(settle_new) for _ in range(3)] == [True] * 3
    assert line() == 1
    errands.hold(settle_new.name)  # whoever is at it looks once more afterwards
    assert nudges.call(settle_new)
    assert line() == 1
    errands.let_go(settle_new.name)
    assert nudges.call(settle_new)
    assert line() == 2


def test_a_call_that_nobody_answers_is_not_waited_for_for_good(line):
    assert nudges.call(settle_new)
    with Redis.from_url(settings().redis_url) as redis:
        assert 0 < redis.ttl(f"funnel:errand:{settle_new.name}") <= errands.LOST_AFTER_S


def test_a_call_to_a_frozen_broker_holds_nobody_up_and_the_next_is_not_tried(clean, frozen_redis):
    started = time.monotonic()
    assert not nudges.call(settle_new)
    assert time.monotonic() - started < LONGEST_WAIT_S
    started = time.monotonic()
    assert not nudges.call(settle_new)
    assert time.monotonic() - started < 0.05


def test_whoever_is_at_it_goes_on_while_redis_is_away(clean, frozen_redis, caplog):
    errands.hold("a")
    errands.let_go("a")
    assert not errands.is_held("a")
    assert caplog.text.count("could not be said") == 3
