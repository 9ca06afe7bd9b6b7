"""Mustering: the people of a segment, found in a bounded time however many there are.

A rare condition leads to its people by its index. Where all are common, those of one condition are walked through, the
newest first, and a page of people is found soon. Only common conditions of which few people meet all end a walk early;
it says how far it came, and goes on from there.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import Session

from funnel.audience import segments
from funnel.audience.conditions import Condition
from funnel.audience.line_values import BIGGEST
from funnel.audience.segment import Segment
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme.history import among

RARE = 10_000  # so many may a condition name to lead the way
WINDOWS = (2_000, 8_000, 30_000)  # people looked at in one walk: wider where few were found
SMALL = sum(WINDOWS)  # a database of so few people is looked at whole
COUNT_WINDOW = 10_000
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
    conditions = segments.looked_up(session, segment).conditions(now)
    rare = _rare(session, conditions)
    if rare is None:
        return _walk(session, conditions, limit, before)
    ids = list(session.scalars(select(Subscriber.id).where(*rare, *_all(conditions)).order_by(Subscriber.id.desc())))
    page = [number for number in ids if before is None or number < before]
    return Found(page[:limit], len(ids), page[limit - 1] if len(page) > limit else None)


def count(session: Session, segment: Segment, now: datetime, newest: int) -> tuple[int, bool]:
    """How many people of the segment have an id up to `newest`, and whether that is all of them.

    Not all: two seconds were not enough to count everybody.
    """
    conditions = segments.looked_up(session, segment).conditions(now)
    if (rare := _rare(session, conditions)) is not None:
        counted = select(func.count()).select_from(Subscriber).where(Subscriber.id <= newest, *rare, *_all(conditions))
        return session.scalars(counted).one(), True
    began, found, beyond = time.monotonic(), 0, _start(session, conditions, newest + 1)
    while True:
        with _by_index(session, False):
            ids = session.scalars(_window(conditions, beyond).limit(COUNT_WINDOW)).all()
        meet = select(func.count()).where(among(Subscriber.id, set(ids)), *_all(conditions))
        found += session.scalars(meet).one()
        if len(ids) < COUNT_WINDOW:
            return found, True
        if time.monotonic() - began > COUNT_S:
            return found, False
        beyond = ids[-1]


def chunk(
    session: Session, segment: Segment, now: datetime, beyond: int, newest: int, size: int
) -> tuple[list[int], int | None]:
    """Who of the segment is among the `size` people after `beyond`, up to `newest`; and how far that is, or None."""
    following = select(Subscriber.id).where(Subscriber.id > beyond, Subscriber.id <= newest).order_by(Subscriber.id)
    ids = list(session.scalars(following.limit(size)))
    meet = select(Subscriber.id).where(
        among(Subscriber.id, ids), *_all(segments.looked_up(session, segment).conditions(now))
    )
    return list(session.scalars(meet.order_by(Subscriber.id))), ids[-1] if ids else None


def kept_among(ids: Iterable[int]) -> Select[int]:
    """Those of these people of whom something is kept."""
    return select(Subscriber.id).where(among(Subscriber.id, list(ids)), Subscriber.state != SubscriberState.ERASED)


def newest(session: Session) -> int:
    """The id of whoever was added last; 0: nobody was."""
    return session.scalar(select(func.max(Subscriber.id))) or 0


def _rare(session: Session, conditions: Sequence[Condition]) -> tuple[ColumnElement[bool], ...] | None:
    """What narrows the people down to few enough to look at each; None: nothing does."""
    for condition in conditions:
        if condition.found is not None:
            with _by_index(session, condition.letters):
                ids = session.scalars(condition.found.limit(RARE + 1)).all()
            if len(ids) <= RARE:
                return (among(Subscriber.id, set(ids)),)
    beyond = session.scalar(select(Subscriber.id).order_by(Subscriber.id).offset(SMALL).limit(1))
    return () if beyond is None else None


def _walk(session: Session, conditions: Sequence[Condition], limit: int, before: int | None) -> Found:
    before = _start(session, conditions, before or BIGGEST)
    found: list[int] = []
    for width in WINDOWS:
        with _by_index(session, False):
            ids = list(session.scalars(_window(conditions, before).limit(width)))
        meet = select(Subscriber.id).where(among(Subscriber.id, set(ids)), *_all(conditions))
        found += session.scalars(meet.order_by(Subscriber.id.desc()).limit(limit + 1 - len(found)))
        if len(found) > limit:
            return Found(found[:limit], None, found[limit - 1])
        if len(ids) < width:
            return Found(found, None, None)
        before = ids[-1]
    return Found(found, None, before, gave_up=True)


def _start(session: Session, conditions: Sequence[Condition], before: int) -> int:
    """`before`, or the id before which everybody is for whom all of it may hold."""
    ends = [session.scalar(one.last) or 0 for one in conditions if one.last is not None]
    return min(before, *(end + 1 for end in ends)) if ends else before


def _window(conditions: Sequence[Condition], before: int) -> Select[Any]:
    """The ids before `before` of the people to look at, descending: those of the condition that leads best.

    One may stand there twice.
    """
    leading = [(one.found, one.by) for one in conditions if one.found is not None and one.by is not None]
    found, by = leading[-1] if leading else (select(Subscriber.id), Subscriber.id)
    return found.where(by < before).order_by(by.desc())


@contextmanager
def _by_index(session: Session, letters: bool) -> Iterator[None]:
    """Has PostgreSQL take the index that is meant, also where it cannot know whether few or many are found by it."""
    # An index of words is read into a bitmap, and has no order; the others have one, and are left in the middle.
    off = ("indexscan", "indexonlyscan", "seqscan") if letters else ("bitmapscan", "seqscan", "sort")
    session.execute(text("; ".join(f"SET LOCAL enable_{name} = off" for name in off)))
    yield
    session.execute(text("; ".join(f"SET LOCAL enable_{name} TO DEFAULT" for name in off)))


def _all(conditions: Iterable[Condition]) -> list[ColumnElement[bool]]:
    return [condition.holds for condition in conditions]
