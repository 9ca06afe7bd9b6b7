"""What is worth keeping for an hour or a day and no longer: in Redis, by name. Whatever lies here may be lost.

Nothing that must happen hangs on it (law 1): a test of unsaved words is sent again, a link is looked at again.
"""

import functools
import json
from collections.abc import Collection, Mapping
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from funnel.config import settings

TIMEOUT_S = 0.2  # somebody waits for the page
PREFIX = "funnel:shelf:"


class AwayError(Exception):
    """Redis did not answer: nothing was kept, or nobody knows what was."""


def keep(things: Mapping[str, Any], seconds: int) -> None:
    """Lays `things`, JSON by name, on the shelf for `seconds`. Raises AwayError."""
    try:
        with _client().pipeline(transaction=False) as pipe:
            for name, thing in things.items():
                pipe.set(PREFIX + name, json.dumps(thing), ex=seconds)
            pipe.execute()
    except RedisError as error:
        raise AwayError(type(error).__name__) from error


def found(names: Collection[str]) -> dict[str, Any]:
    """What still lies there of `names`. Raises AwayError."""
    return {name: json.loads(row) for name, row in zip(names, _rows(names), strict=True) if row is not None}


def keep_bytes(things: Mapping[str, bytes], seconds: int) -> None:
    """The same for what is no JSON, and large. Raises AwayError."""
    try:
        with _client().pipeline(transaction=False) as pipe:
            for name, thing in things.items():
                pipe.set(PREFIX + name, thing, ex=seconds)
            pipe.execute()
    except RedisError as error:
        raise AwayError(type(error).__name__) from error


def found_bytes(names: Collection[str]) -> dict[str, bytes]:
    """What still lies there of what `keep_bytes` laid down. Raises AwayError."""
    return {name: row for name, row in zip(names, _rows(names), strict=True) if row is not None}


def add(name: str, words: Collection[str], seconds: int) -> None:
    """Adds `words` to the heap called `name`, which lies there for `seconds` from now. Raises AwayError."""
    try:
        with _client().pipeline(transaction=False) as pipe:
            pipe.sadd(PREFIX + name, *words)
            pipe.expire(PREFIX + name, seconds)
            pipe.execute()
    except RedisError as error:
        raise AwayError(type(error).__name__) from error


def take(name: str, most: int) -> list[str]:
    """Takes up to `most` words from the heap, each for one taker only. Raises AwayError."""
    try:
        taken: Any = _client().spop(PREFIX + name, most)
        return [word.decode() for word in taken]
    except RedisError as error:
        raise AwayError(type(error).__name__) from error


def _rows(names: Collection[str]) -> list[bytes | None]:
    if not names:
        return []
    try:
        rows: Any = _client().mget([PREFIX + name for name in names])
    except RedisError as error:
        raise AwayError(type(error).__name__) from error
    return list(rows)


@functools.cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings().redis_url,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )
