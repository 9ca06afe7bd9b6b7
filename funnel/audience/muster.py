"""Mustering: the people of a segment, found in a bounded time however many there are.

A rare condition leads to its people by its index. Where all are common, everybody is walked through, the newest first,
and a page of them is found soon. Only many common conditions of which few people meet all end a walk early; it says
how far it came, and goes on from there.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select
from sqlalchemy.orm import Session

from funnel.audience.conditions import Condition
from funnel.audience.segment import Segment
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme.history import among

RARE = 10_000  # so many may a condition name to lead the way
WINDOWS = (2_000, 8_000, 30_000)  # people looked at in one walk: wider where few were found
SMALL = sum(WINDOWS)  # a database of so few people is looked at whole
COUNT_WINDOW = 50_000
COUNT_S = 2.0


@dataclass(frozen=True)
class Found:
    """Some people of a segment, the newest first."""

    ids: list[int]
    total: int | None  # None: there are more than were counted
    older: int | None  # the next page begins before this id
    gave_up: bool = False  # the walk ended early: there may be others before `older`


def find(session: Session, segment: Segment, now: datetime, limit: int, before: int | None = None) -> Found:
    """At most `limit` people of the segment, those added before the person `before` when it is given."""
    conditions = segment.conditions(now)
    rare = _rare(session, conditions)
    if rare is None:
        return _walk(session, _all(conditions), limit, before)
    ids = list(session.scalars(select(Subscriber.id).where(*rare, *_all(conditions)).order_by(Subscriber.id.desc())))
    page = [number for number in ids if before is None or number < before]
    return Found(page[:limit], len(ids), page[limit - 1] if len(page) > limit else None)


def count(session: Session, segment: Segment, now: datetime, newest: int) -> tuple[int, bool]:
    """How many people of the segment have an id up to `newest`, and whether that is all of them.

    Not all: two seconds were not enough to count everybody.
    """
    conditions = segment.conditions(now)
    counted = select(func.count()).select_from(Subscriber).where(Subscriber.id <= newest, *_all(conditions))
    if (rare := _rare(session, conditions)) is not None:
        return session.scalars(counted.where(*rare)).one(), True
    began, found, reached = time.monotonic(), 0, 0
    while (last := _edge(session, reached, newest, COUNT_WINDOW)) is not None:
        found += session.scalars(counted.where(Subscriber.id > reached, Subscriber.id <= last)).one()
        reached = last
        if time.monotonic() - began > COUNT_S:
            return found, _edge(session, reached, newest, 1) is None
    return found, True


def chunk(
    session: Session, segment: Segment, now: datetime, beyond: int, newest: int, size: int
) -> tuple[list[int], int | None]:
    """Who of the segment is among the `size` people after `beyond`, up to `newest`; and how far that is, or None."""
    last = _edge(session, beyond, newest, size)
    if last is None:
        return [], None
    between = (Subscriber.id > beyond, Subscriber.id <= last)
    ids = select(Subscriber.id).where(*between, *_all(segment.conditions(now))).order_by(Subscriber.id)
    return list(session.scalars(ids)), last


def kept_among(ids: Iterable[int]) -> Select[int]:
    """Those of these people of whom something is kept."""
    return select(Subscriber.id).where(among(Subscriber.id, list(ids)), Subscriber.state != SubscriberState.ERASED)


def newest(session: Session) -> int:
    """The id of whoever was added last; 0: nobody was."""
    return session.scalar(select(func.max(Subscriber.id))) or 0


def _rare(session: Session, conditions: Iterable[Condition]) -> tuple[ColumnElement[bool], ...] | None:
    """What narrows the people down to few enough to look at each; None: nothing does."""
    for condition in conditions:
        if condition.found is not None:
            ids = set(session.scalars(select(_first(condition.found).c[0])))
            if len(ids) <= RARE:
                return (among(Subscriber.id, ids),)
    beyond = session.scalar(select(Subscriber.id).order_by(Subscriber.id).offset(SMALL).limit(1))
    return () if beyond is None else None


def _walk(session: Session, holds: list[ColumnElement[bool]], limit: int, before: int | None) -> Found:
    ids: list[int] = []
    for width in WINDOWS:
        window = select(Subscriber.id).order_by(Subscriber.id.desc())
        if before is not None:
            window = window.where(Subscriber.id < before)
        last = session.scalar(window.offset(width - 1).limit(1))
        there = window.where(*holds, *(() if last is None else (Subscriber.id >= last,)))
        ids += session.scalars(there.limit(limit + 1 - len(ids)))
        if len(ids) > limit:
            return Found(ids[:limit], None, ids[limit - 1])
        if last is None:
            return Found(ids, None, None)
        before = last
    return Found(ids, None, before, gave_up=True)


def _edge(session: Session, beyond: int, newest: int, size: int) -> int | None:
    """The id of the last of the next `size` people after `beyond`; None: there is nobody more."""
    ids = select(Subscriber.id).where(Subscriber.id > beyond, Subscriber.id <= newest).order_by(Subscriber.id)
    edge = session.scalar(ids.offset(size - 1).limit(1))
    return edge or session.scalar(
        select(func.max(Subscriber.id)).where(Subscriber.id > beyond, Subscriber.id <= newest)
    )


def _first(people: Select[Any]) -> Subquery:
    return people.limit(RARE + 1).subquery()


def _all(conditions: Iterable[Condition]) -> list[ColumnElement[bool]]:
    return [condition.holds for condition in conditions]
