"""Mails by what they say: one, all of a step, a newsletter or a notice, or simply all."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from funnel.insight import subjects
from funnel.models.content import Newsletter, Step
from funnel.models.mail import MARKETING, Message, MessageKind
from funnel.models.people import Subscriber

ALL = "all"
TESTS = "A test"

_NAMED = re.compile(r"(mail|step|newsletter)-([0-9]{1,18})|template-([a-z_]{1,40})")


@dataclass(frozen=True)
class Group:
    """Mails that say the same. `which` stands for them in `chosen`."""

    which: str
    name: str
    count: int
    since: datetime  # when the first of them came into trouble, or else was due


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
    """The mails for which `which` holds, conditions on Message, by what they say; the most first."""
    step = case((Message.kind == MessageKind.STEP, Message.step_id)).label("step")
    newsletter = case((Message.kind == MessageKind.NEWSLETTER, Message.newsletter_id)).label("newsletter")
    since = func.min(func.coalesce(Message.troubled_at, Message.due_at))
    counted = (
        select(step, newsletter, Message.template, func.count().label("mails"), since)
        .where(*which)
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


def named(*more: Any) -> Select[*tuple[Any, ...]]:
    """Mails one by one: id, template, the owner's subject if it has one, subscriber, address, and `more` columns."""
    subject, address = (
        func.coalesce(Step.subject, Newsletter.subject),
        func.coalesce(Message.to_address, Subscriber.email),
    )
    return (
        select(Message.id, Message.template, subject, Message.subscriber_id, address, *more)
        .outerjoin(Step, Step.id == Message.step_id)
        .outerjoin(Newsletter, Newsletter.id == Message.newsletter_id)
        .outerjoin(Subscriber, Subscriber.id == Message.subscriber_id)
    )


def _group(
    step: int | None, newsletter: int | None, template: str, count: int, since: datetime, subject: str | None
) -> Group:
    which = f"step-{step}" if step else f"newsletter-{newsletter}" if newsletter else f"template-{template}"
    # Only a test has the words of a step or newsletter and belongs to neither.
    name = TESTS if which in {"template-step", "template-newsletter"} else subjects.called(template, subject)
    return Group(which, name, count, since)
