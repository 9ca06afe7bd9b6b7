"""Mails of which nobody can say whether they arrived: which there are, what is known of them, what can be done."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from funnel.insight import groups, subjects
from funnel.mail import unknown
from funnel.models.mail import Message
from funnel.programme.history import among

MOST_HELD = 10_000  # mails


@dataclass(frozen=True)
class Sum:
    """Some unknown mails together: how many for each reason, and how many cannot be sent again for each hindrance."""

    reasons: Counter[str]
    hindrances: Counter[str]
    since: datetime
    latest: datetime  # when the last of them became unknown

    @property
    def count(self) -> int:
        return self.reasons.total()

    @property
    def sendable(self) -> int:
        return self.count - self.hindrances.total()


@dataclass(frozen=True)
class Doubt:
    """One unknown mail."""

    id: int
    name: str
    subscriber_id: int | None
    address: str | None  # None once it is deleted
    since: datetime
    reason: str
    hindrance: str  # why it cannot be sent again; empty when it can


def held(session: Session, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Which those unknown mails are, found once for all that is asked of them: among many that failed that is slow."""
    about = and_(unknown.is_unknown(), *which)
    ids = session.scalars(select(Message.id).where(about).limit(MOST_HELD + 1)).all()
    return and_(about, among(Message.id, ids)) if len(ids) <= MOST_HELD else about


def summed(session: Session, now: datetime, *which: ColumnElement[bool]) -> Sum | None:
    """What is known of the unknown mails for which `which` holds; None when there are none."""
    hindrance = unknown.hindrance(now).label("hindrance")
    first, last = func.min(Message.troubled_at), func.max(Message.troubled_at)
    query = select(Message.reason, hindrance, func.count(), first, last).where(unknown.is_unknown(), *which)
    rows: Any = session.execute(query.group_by(Message.reason, hindrance).order_by(func.count().desc())).all()
    reasons: Counter[str] = Counter()
    hindrances: Counter[str] = Counter()
    for reason, why, count, _, _ in rows:
        reasons[reason] += count
        if why:
            hindrances[why] += count
    return Sum(reasons, hindrances, min(row[3] for row in rows), max(row[4] for row in rows)) if rows else None


def listed(session: Session, now: datetime, *which: ColumnElement[bool], limit: int | None = None) -> list[Doubt]:
    """The unknown mails for which `which` holds one by one, the longest unknown first."""
    query = groups.named(Message.troubled_at, Message.reason, unknown.hindrance(now))
    unsure = query.where(unknown.is_unknown(), *which).order_by(Message.troubled_at, Message.id)
    rows: Any = session.execute(unsure.limit(limit))
    return [Doubt(number, subjects.called(template, subject), *rest) for number, template, subject, *rest in rows]
