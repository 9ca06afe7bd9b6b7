"""Errands: work that many ask for and one does for all, as the settling of sign-ups.

From when one is called for until whoever does it lets go, nobody need call again: were each sign-up of a flood to put a
word of its own in line, the words would stand there for a minute, and a reader's mail behind them. Kept in Redis, and
only a hint: what is lost with it is found by the clock.
"""

import logging

from redis.exceptions import RedisError

from funnel.limits import client

LOST_AFTER_S = 10  # whoever did not answer the call by then, or is silent for so long, is not waited for

log = logging.getLogger(__name__)


def is_called_for(name: str) -> bool:
    """Whether somebody called for it before, and it is not let go since; from now on, this call is one.

    Whoever does it will see what was committed before this. Raises RedisError.
    """
    return not client().set(_key(name), 1, nx=True, ex=LOST_AFTER_S)


def is_held(name: str) -> bool:
    """Whether somebody was called for it or is at it. False, too, where Redis does not say."""
    try:
        return bool(client().exists(_key(name)))
    except RedisError as error:
        _missed(name, error)
        return False


def hold(name: str) -> None:
    """Says, before a look at what there is, that whoever comes meanwhile need not call: there will be another look."""
    try:
        client().set(_key(name), 1, ex=LOST_AFTER_S)
    except RedisError as error:
        _missed(name, error)


def let_go(name: str) -> None:
    """Says, before the last look, that whoever comes from now on has to call."""
    try:
        client().delete(_key(name))
    except RedisError as error:
        _missed(name, error)


def _missed(name: str, error: RedisError) -> None:
    log.warning("whether somebody is at %s could not be said: %s", name, type(error).__name__)


def _key(name: str) -> str:
    return f"funnel:errand:{name}"
