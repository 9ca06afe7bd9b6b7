"""Rate limits kept in Redis, shared by all web processes.

With Redis away each process counts for itself: looser, never open. What must hold even then is counted in the database,
in `audience`.
"""

import functools
import logging
import math
import time

from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from funnel.config import settings

REDIS_TIMEOUT_S = 0.2  # a visitor waits for this, so a frozen Redis must not hold a page up

log = logging.getLogger(__name__)


def allow(what: str, who: str, most: int, seconds: int) -> bool:
    """Counts one more of `what` by `who`; False when there were already `most` within the last `seconds`."""
    limit = RateLimitItemPerSecond(most, seconds, namespace="funnel")
    try:
        return _shared().hit(limit, what, who)
    except (RedisError, StorageError) as error:
        log.warning("rate limits count per process only: %s", type(error).__name__)
        return _own().hit(limit, what, who)


def wait(what: str, who: str, most: int, seconds: int) -> int:
    """Seconds until `allow` would say yes to one more, at least 1."""
    limit = RateLimitItemPerSecond(most, seconds, namespace="funnel")
    try:
        window = _shared().get_window_stats(limit, what, who)
    except (RedisError, StorageError):
        window = _own().get_window_stats(limit, what, who)
    return max(1, math.ceil(window.reset_time - time.time()))


def forget(what: str, who: str, most: int, seconds: int) -> None:
    """Forgets what was counted, for example after a sign-in that succeeded."""
    limit = RateLimitItemPerSecond(most, seconds, namespace="funnel")
    _own().clear(limit, what, who)
    try:
        _shared().clear(limit, what, who)
    except (RedisError, StorageError):
        log.warning("a rate limit could not be cleared")


@functools.cache
def _shared() -> MovingWindowRateLimiter:
    options = {"socket_timeout": REDIS_TIMEOUT_S, "socket_connect_timeout": REDIS_TIMEOUT_S}
    storage = storage_from_string(settings().redis_url, wrap_exceptions=True, **options)
    assert isinstance(storage, Storage)  # the other kind is asyncio's
    return MovingWindowRateLimiter(storage)


@functools.cache
def _own() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
