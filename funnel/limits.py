"""Rate limits kept in Redis, shared by all processes: of what visitors do, and of the mails a relay takes a second.

With Redis away each process counts for itself: visitors looser, mails slower, neither ever open. What must hold even
then is counted in the database, in `audience`.
"""

import functools
import logging
import math
import os
import socket
import time
from dataclasses import dataclass

import redis
from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from funnel.config import bare

REDIS_TIMEOUT_S = 0.2  # a visitor waits for this, so a frozen Redis must not hold a page up
AWAY_S = 2.0  # for which a Redis that did not answer is not asked for permits again
BURST_S = 1.0  # of a rate: no more is saved up, however long nothing was sent
SHARERS_FOR_S = 600  # a process that asked for permits counts for so long
FEWEST_SHARERS = 4  # two sending processes of each kind, as the Procfile starts them
SHARERS_UNKNOWN = 16  # taken for granted by a process that never reached Redis

# A token bucket on Redis's own clock, and who draws from it. `ahead`: may take what comes within the next second.
_PERMITS = """
local now = tonumber(ARGV[1])
if now == 0 then
    local clock = redis.call('TIME')
    now = clock[1] + clock[2] / 1000000
end
local rate, wanted, ahead, burst, kept = unpack({
    tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])})
local most = math.max(1, rate * burst)
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local passed = math.max(0, now - (tonumber(bucket[2]) or now))
local tokens = math.min(most, (tonumber(bucket[1]) or 1) + passed * rate)
local granted = math.max(0, math.min(wanted, math.floor(tokens + ahead * most)))
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens - granted), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], kept)
redis.call('ZADD', KEYS[2], string.format('%.6f', now), ARGV[7])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.6f', now - kept))
redis.call('EXPIRE', KEYS[2], kept)
return {granted, redis.call('ZCARD', KEYS[2])}
"""

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


@dataclass
class _OwnShare:
    """What this process may send of a rate by itself, while Redis is away."""

    sharers: int | None = None  # how many share the rate, when that was last known
    tokens: float = 0.0
    at: float = 0.0
    away_until: float = 0.0


_own_shares: dict[str, _OwnShare] = {}


def permits(name: str, rate: float, wanted: int, ahead: bool = False, now: float = 0) -> int:
    """How many of `wanted` may be done at once, so that all processes together do no more than `rate` a second.

    Nothing is saved up for longer than a second. `ahead`: the urgent ones may use what comes within the next second, so
    that others never keep them waiting. With Redis away, a process keeps to its own share of the rate. `now`: seconds
    on one clock of all who ask; Redis's own when left out.
    """
    own = _own_shares.setdefault(name, _OwnShare())
    if time.monotonic() >= own.away_until:
        keys = [f"funnel:permits:{{{name}}}", f"funnel:sharers:{{{name}}}"]
        given: list[str | float] = [now, rate, max(0, wanted), int(ahead), BURST_S, SHARERS_FOR_S, _this_process()]
        try:
            granted, own.sharers = _script()(keys=keys, args=given)
        except RedisError as error:
            log.warning("each process keeps to its share of the rate: %s", type(error).__name__)
            own.away_until = time.monotonic() + AWAY_S
        else:
            own.tokens, own.at = 0.0, time.monotonic()
            return int(granted)
    return _of_own_share(own, rate, wanted)


def _of_own_share(own: _OwnShare, rate: float, wanted: int) -> int:
    now = time.monotonic()
    share = rate / max(FEWEST_SHARERS, own.sharers or SHARERS_UNKNOWN)
    own.tokens = min(max(1.0, share * BURST_S), own.tokens + (now - own.at) * share if own.at else 0.0)
    own.at = now
    granted = max(0, min(wanted, int(own.tokens)))
    own.tokens -= granted
    return granted


def _this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@functools.cache
def client() -> redis.Redis:
    """The Redis of this service; one that does not answer is given up soon, since a visitor may be waiting."""
    return redis.Redis.from_url(
        bare().redis_url,
        socket_timeout=REDIS_TIMEOUT_S,
        socket_connect_timeout=REDIS_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


@functools.cache
def _script() -> redis.commands.core.Script:
    return client().register_script(_PERMITS)


@functools.cache
def _shared() -> MovingWindowRateLimiter:
    options = {"socket_timeout": REDIS_TIMEOUT_S, "socket_connect_timeout": REDIS_TIMEOUT_S}
    storage = storage_from_string(bare().redis_url, wrap_exceptions=True, **options)
    assert isinstance(storage, Storage)  # the other kind is asyncio's
    return MovingWindowRateLimiter(storage)


@functools.cache
def _own() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
