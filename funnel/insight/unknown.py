"""Mails of which nobody can say whether they arrived: which there are, what is known of them, what can be done."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from funnel.insight import subjects
from funnel.mail import unknown
from funnel.models.content import Newsletter, Step
from funnel.models.mail import MARKETING, Message, MessageKind
from funnel.models.people import Subscriber

ALL = "all"
TESTS = "A test"

_NAMED = re.compile(r"(mail|step|newsletter)-([0-9]{1,18})|template-([a-z_]{1,40})")


@dataclass(frozen=True)
class Group:
    """The unknown mails that say the same. `which` stands for them in `chosen`."""

    which: str
    name: str
    count: int
    since: datetime  # when the first of them became unknown


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


def chosen(which: str) -> tuple[ColumnElement[bool], ...] | None:
    """The conditions on Message that `which` stands for: all, mail-7, step-3, newsletter-2, template-confirmation."""
    if which == ALL:
        return ()
    found = _NAMED.fullmatch(which)
    if found is None:
        return None
    if found[3]:
        return (Message.kind.not_in(MARKETING), Message.template == found[3])
    number = int(found[2])
    if found[1] == "mail":
        return (Message.id == number,)
    if found[1] == "step":
        return (Message.kind == MessageKind.STEP, Message.step_id == number)
    return (Message.kind == MessageKind.NEWSLETTER, Message.newsletter_id == number)


def groups(session: Session, *which: ColumnElement[bool]) -> list[Group]:
    """The unknown mails for which `which` holds by what they say, the most first."""
    step = case((Message.kind == MessageKind.STEP, Message.step_id)).label("step")
    newsletter = case((Message.kind == MessageKind.NEWSLETTER, Message.newsletter_id)).label("newsletter")
    counted = (
        select(step, newsletter, Message.template, func.count().label("mails"), func.min(Message.troubled_at))
        .where(unknown.is_unknown(), *which)
        .group_by(step, newsletter, Message.template)
        .subquery()
    )
    named: Select[*tuple[Any, ...]] = (
        select(*counted.c, func.coalesce(Step.subject, Newsletter.subject))
        .outerjoin(Step, Step.id == counted.c.step)
        .outerjoin(Newsletter, Newsletter.id == counted.c.newsletter)
        .order_by(counted.c.mails.desc(), counted.c.template, counted.c.step, counted.c.newsletter)
    )
    return [_group(*row) for row in session.execute(named)]


def _group(
    step: int | None, newsletter: int | None, template: str, count: int, since: datetime, subject: str | None
) -> Group:
    which = f"step-{step}" if step else f"newsletter-{newsletter}" if newsletter else f"template-{template}"
    # Only a test has the words of a step or newsletter and belongs to neither.
    name = TESTS if which in {"template-step", "template-newsletter"} else subjects.called(template, subject)
    return Group(which, name, count, since)


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
    query = (
        select(
            Message.id,
            Message.template,
            func.coalesce(Step.subject, Newsletter.subject),
            Message.subscriber_id,
            func.coalesce(Message.to_address, Subscriber.email),
            Message.troubled_at,
            Message.reason,
            unknown.hindrance(now),
        )
        .outerjoin(Step, Step.id == Message.step_id)
        .outerjoin(Newsletter, Newsletter.id == Message.newsletter_id)
        .outerjoin(Subscriber, Subscriber.id == Message.subscriber_id)
        .where(unknown.is_unknown(), *which)
        .order_by(Message.troubled_at, Message.id)
        .limit(limit)
    )
    rows: Any = session.execute(query)
    return [Doubt(number, subjects.called(template, subject), *rest) for number, template, subject, *rest in rows]
