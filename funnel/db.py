"""The database: one engine a process, one Session factory, one Base.

The edge opens `with Session.begin() as session:`; a domain function takes `session` first and never commits.
"""

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import BigInteger, DateTime, Engine, Enum, MetaData, Text, create_engine, event, select
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, SessionTransaction, sessionmaker
from sqlalchemy.orm import Session as OrmSession

from funnel import wire
from funnel.config import SettingsError, bare

POOL_SIZE = 10
CONNECT_TIMEOUT_S = 5
AWAY = ("08", "53", "57")  # classes of SQLSTATE: the connection, what it is out of, and who stopped it

Item = TypeVar("Item")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


def words(states: type[StrEnum]) -> Enum:
    """A column of states kept as words; a plain VARCHAR, so that a state can be added without a lock."""
    return Enum(
        states,
        native_enum=False,
        create_constraint=False,
        length=20,
        values_callable=lambda e: [m.value for m in e],
    )


@functools.cache
def engine() -> Engine:
    made = create_engine(
        database_url(),
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        hide_parameters=True,  # an error's text is logged, and these are what people typed
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "options": "-c timezone=UTC"},
    )
    wire.watch(made)
    return made


def database_url() -> str:
    """DATABASE_URL with the driver named, whichever of its usual spellings it has. Raises SettingsError without one."""
    scheme, _, rest = bare().database_url.partition("://")
    if not scheme:
        raise SettingsError(["DATABASE_URL: there is no database. `make run` starts one; or set the variable"])
    return f"postgresql+psycopg://{rest}"


class _BoundLate(OrmSession):
    # The engine is made on first use, after any fork: a connection shared by two processes mixes their answers.
    def get_bind(self, *args: Any, **kwargs: Any) -> Engine:
        return engine()


Session = sessionmaker(class_=_BoundLate)


def utc_now() -> datetime:
    return datetime.now(UTC)


def is_away(error: Exception) -> bool:
    """Whether the database itself is in trouble, and whatever else it were asked would fail too."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, PoolTimeoutError)
    state = getattr(error.orig, "sqlstate", None)
    # Without a state it is the driver that speaks: of a connection that is lost, or of a value that it does not take.
    return state[:2] in AWAY if state else isinstance(error, OperationalError | InterfaceError)


def database_now(session: OrmSession) -> datetime:
    """The database's clock: the one clock that all machines share, by which leases run."""
    now: datetime = session.execute(select(sql.clock_timestamp())).scalar_one()
    return now


def before_commit(session: OrmSession, work: Callable[[list[Item]], None], item: Item) -> None:
    """Has `work` done with all the items given for it, once, right before the commit; never if it is given up.

    For what a domain function must keep outside the database, since it cannot know when its caller commits.
    """
    session.info.setdefault(_BEFORE, {}).setdefault(work, []).append(item)


def after_commit(session: OrmSession, work: Callable[[list[Item]], None], item: Item) -> None:
    """The same right after the commit, once it is certain. What `work` raises cannot undo it."""
    session.info.setdefault(_AFTER, {}).setdefault(work, []).append(item)


_BEFORE, _AFTER = "before_commit", "after_commit"


@event.listens_for(Session, _BEFORE)
def _do_first(session: OrmSession) -> None:
    _do(session, _BEFORE)


@event.listens_for(Session, _AFTER)
def _do_then(session: OrmSession) -> None:
    _do(session, _AFTER)


@event.listens_for(Session, "after_transaction_end")
def _drop(session: OrmSession, ended: SessionTransaction) -> None:
    if ended.parent is None:
        session.info.pop(_BEFORE, None)
        session.info.pop(_AFTER, None)


def _do(session: OrmSession, when: str) -> None:
    if not session.in_nested_transaction():  # a savepoint let go is no commit
        for work, items in session.info.pop(when, {}).items():
            work(items)
