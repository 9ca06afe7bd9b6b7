"""A word to the workers that there may be work. The row is committed; when the broker is away, the next tick finds it.

A visitor waits for this, so it is short: 0.4 s at the most, and once it failed, not tried again for some seconds.
"""

import logging
import time
from typing import Protocol

from redis.exceptions import RedisError

from funnel import errands
from tasks.celery import BrokerAwayError, wait_no_longer_than

BROKER_TIMEOUT_S = 0.2
ATTEMPTS = 2
REST_S = 5.0

log = logging.getLogger(__name__)
wait_no_longer_than(BROKER_TIMEOUT_S)


class Nudgeable(Protocol):
    name: str

    def apply_async(self, args: tuple[int, ...], *, retry: bool) -> object: ...


class _Rest:
    until = 0.0  # on the monotonic clock


def call(errand: Nudgeable) -> bool:
    """Asks for an `errand`, unless it stands in line or is done already, by somebody who will look once more.

    False when it may have been missed.
    """
    if time.monotonic() < _Rest.until:
        return False
    try:
        if errands.is_called_for(errand.name):
            return True
    except RedisError as error:
        log.warning("the broker is away (%s); the next tick does %s", type(error).__name__, errand.name)
        _Rest.until = time.monotonic() + REST_S
        return False
    return nudge(errand)


def nudge(task: Nudgeable, *numbers: int) -> bool:
    """Asks for `task` now. False when the broker could not be told; that is logged, never raised."""
    if time.monotonic() < _Rest.until:
        return False
    for attempt in range(ATTEMPTS):
        try:
            task.apply_async(args=numbers, retry=False)
            return True
        except BrokerAwayError as error:
            # The first failure may be a pooled connection that the broker's restart closed.
            if attempt == ATTEMPTS - 1:
                log.warning("the broker is away (%s); the next tick does %s", type(error).__name__, task.name)
    _Rest.until = time.monotonic() + REST_S
    return False
