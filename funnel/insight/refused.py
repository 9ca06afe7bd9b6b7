"""The sign-ups that led to nothing, and why: the reader is never told, so the owner must be."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from funnel.audience import holdings, mailbox, settle
from funnel.models.people import SignUp, SignUpState

HOUR = timedelta(hours=1)
MANY = 20  # refused by the network limit within an hour: more than one eager household


@dataclass(frozen=True)
class Reason:
    """`name` is why, without what differs from one sign-up to the next: “suppressed” for every suppression."""

    name: str
    count: int


def sign_ups(session: Session, since: datetime | None) -> list[Reason]:
    """How many sign-ups made since then were refused, by reason, the most frequent first. Rows are kept 30 days."""
    name, count = _name().label("name"), func.count()
    query = select(name, count).where(*are_refused(since)).group_by("name").order_by(count.desc(), "name")
    return [Reason(*row) for row in session.execute(query)]


def are_refused(since: datetime | None) -> list[ColumnElement[bool]]:
    """Which sign-ups these are."""
    found = [SignUp.state == SignUpState.REFUSED, SignUp.reason != holdings.ERASED]
    return found if since is None else [*found, SignUp.created_at >= since]


def is_called(name: str) -> ColumnElement[bool]:
    """Which sign-ups were refused for the reason of that name."""
    return _name() == name


def newest(name: str, before: tuple[datetime, int] | None) -> Select[int, datetime, int, bytes]:
    """The id, time, form and mailbox of those of that reason ('' for all) before a place, newest first.

    One reason is asked for as a stretch of its index, in its order: asked for by name, PostgreSQL may read through the
    flood of another.
    """
    order: list[ColumnElement[Any]] = [SignUp.created_at.expression, SignUp.id.expression]
    found = select(SignUp.id, SignUp.created_at, SignUp.form_id, mailbox.column(SignUp)).where(*are_refused(None))
    if name:
        found = found.where(_name() >= name, _name() <= name)
        order = [_name(), *order]
    if before:
        found = found.where(tuple_(*order) < tuple_(*([literal(name)] if name else []), *before))
    return found.order_by(*(column.desc() for column in order))


def many_from_a_network(session: Session, now: datetime) -> int:
    """How many sign-ups of the last hour the network limit refused, when they are over MANY; else 0."""
    count = select(func.count()).where(
        SignUp.state == SignUpState.REFUSED, SignUp.reason == settle.NETWORK_LIMIT, SignUp.created_at > now - HOUR
    )
    found = session.scalars(count).one()
    return found if found > MANY else 0


def _name() -> ColumnElement[str]:
    """Why, without what differs from one sign-up to the next."""
    return func.split_part(SignUp.reason, ":", 1)
