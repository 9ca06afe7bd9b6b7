import time

import pytest
from kombu import pools
from redis import Redis

from funnel.config import settings
from funnel.web import nudge as nudges
from tasks.audience import settle_these
from tasks.celery import app

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
        assert nudges.nudge(settle_these, 7)
        assert redis.llen("urgent") == before + 1


def test_a_frozen_broker_holds_a_visitor_up_for_less_than_half_a_second(clean, frozen_redis):
    started = time.monotonic()
    assert not nudges.nudge(settle_these, 7)
    assert time.monotonic() - started < LONGEST_WAIT_S


def test_a_broker_that_just_failed_is_left_alone_for_a_while(clean, frozen_redis):
    nudges.nudge(settle_these, 7)
    started = time.monotonic()
    assert not nudges.nudge(settle_these, 8)
    assert time.monotonic() - started < 0.05


def test_a_broker_that_is_back_is_told_again(clean):
    nudges._Rest.until = time.monotonic() - 0.01
    assert nudges.nudge(settle_these, 7)
