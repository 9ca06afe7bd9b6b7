"""A connection of the pool is looked at before it is used again: one that the server closed is replaced by a new one.

Asking the server each time would cost a round trip a transaction. It says by itself that it closes a connection, and
that can be read without waiting; it is asked where more is to be read than nothing, and after a rest, in which a
firewall may have dropped the connection without a word.
"""

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

RESTED_S = 30.0

_BACK = "back in the pool at"  # on the monotonic clock


def watch(engine: Engine) -> None:
    """Has every connection of its pool looked at."""

    @event.listens_for(engine, "checkin")
    def _note(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info[_BACK] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _look(connection: Any, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        back = entry.info.get(_BACK)
        if back is None:  # it was made just now
            return
        rested = time.monotonic() - back > RESTED_S
        if connection.closed or ((rested or _says_something(connection)) and not _answers(engine, connection)):
            raise InvalidatePoolError  # the others are no better: the pool begins anew


def _says_something(connection: Any) -> bool:
    looked = select.poll()
    looked.register(connection.pgconn.socket, select.POLLIN)
    return bool(looked.poll(0))


def _answers(engine: Engine, connection: Any) -> bool:
    error = engine.dialect.loaded_dbapi.Error
    try:
        return bool(engine.dialect.do_ping(connection))
    except error:
        return False
