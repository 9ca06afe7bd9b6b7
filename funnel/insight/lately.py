"""What happened lately, the newest first: sign-ups, confirmations, bookings, and who left or did not get their mail."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, cast, func, or_, select
from sqlalchemy.orm import Session

from funnel.insight import subjects
from funnel.models.content import Step
from funnel.models.imports import Import, ImportState
from funnel.models.mail import Message
from funnel.models.people import Subscriber
from funnel.models.responses import Booking, BookingState, Event, EventKind


class Kind(StrEnum):
    SIGN_UP = "sign-up"
    CONFIRMED = "confirmed"
    IMPORT = "import"  # all the people of one file
    BOOKING = "booking"
    LEFT = "left"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True)
class Happening:
    at: datetime
    kind: Kind
    subscriber_id: int | None
    email: str | None  # None: erased, or never known
    first_name: str
    about: str  # the mail it came from, or of a sign-up its source, or of an import its file
    number: int  # the booking's or import's; of anything else its row's
    people: int = 1


@dataclass(frozen=True)
class Stretch:
    """Some of them. `further`: give it as `before` to read on; None at the end."""

    happenings: list[Happening]
    further: datetime | None


def latest(session: Session, limit: int, before: datetime | None = None, kind: Kind | None = None) -> Stretch:
    """The newest `limit` happenings before `before` (None: of all), only those of `kind` when it is given.

    What happened at the very same moment as the last of them comes along; of very many, as after an import, some.
    """
    kinds = [kind] if kind else list(Kind)
    found = [_MADE[one](session, one, limit + 1, before) for one in kinds]
    newest = list(heapq.merge(*found, key=lambda happening: happening.at, reverse=True))
    shown = newest[:limit]
    shown += itertools.takewhile(lambda happening: happening.at == shown[-1].at, newest[limit:])
    return Stretch(shown, shown[-1].at if len(newest) > len(shown) else None)


def _sign_ups(session: Session, kind: Kind, limit: int, before: datetime | None) -> list[Happening]:
    at = Subscriber.created_at if kind is Kind.SIGN_UP else Subscriber.confirmed_at
    query = select(at, Subscriber.id, Subscriber.email, Subscriber.first_name, Subscriber.source, Subscriber.id)
    # The thousands of a file would be all that happened for a week: it is told as one (_imports).
    own: ColumnElement[bool] = Subscriber.import_id.is_(None)
    if kind is Kind.CONFIRMED:
        own = or_(own, Subscriber.confirmed_at != Subscriber.created_at)  # a file may ask each to confirm
    query = query.where(at.is_not(None), own)
    return [Happening(row[0], kind, *row[1:]) for row in _newest(session, query, at, limit, before)]


def _imports(session: Session, kind: Kind, limit: int, before: datetime | None) -> list[Happening]:
    people = cast(func.coalesce(Import.done["added"].as_string(), "0"), Integer)
    query = select(Import.started_at, Import.name, Import.id, people).where(
        Import.started_at.is_not(None), people > 0, Import.state != ImportState.UNDONE
    )
    rows = _newest(session, query, Import.started_at, limit, before)
    return [Happening(at, kind, None, None, "", name, number, count) for at, name, number, count in rows]


def _bookings(session: Session, kind: Kind, limit: int, before: datetime | None) -> list[Happening]:
    name = func.coalesce(func.nullif(Booking.name, ""), Subscriber.first_name, "")
    email = func.coalesce(func.nullif(Booking.email, ""), Subscriber.email)
    query = (
        select(Booking.created_at, Booking.subscriber_id, email, name, Booking.id, Message.template, Step.subject)
        .outerjoin(Subscriber, Subscriber.id == Booking.subscriber_id)
        .outerjoin(Message, Message.id == Booking.message_id)
        .outerjoin(Step, Step.id == Message.step_id)
        .where(Booking.state != BookingState.CANCELLED)
    )
    rows = _newest(session, query, Booking.created_at, limit, before)
    return [Happening(row[0], kind, row[1], row[2], row[3], _mail(row[5], row[6]), row[4]) for row in rows]


def _events(session: Session, kind: Kind, limit: int, before: datetime | None) -> list[Happening]:
    query = (
        select(
            Event.at,
            Event.subscriber_id,
            Subscriber.email,
            func.coalesce(Subscriber.first_name, ""),
            Event.id,
            Message.template,
            Step.subject,
        )
        .outerjoin(Subscriber, Subscriber.id == Event.subscriber_id)
        .outerjoin(Message, Message.id == Event.message_id)
        .outerjoin(Step, Step.id == Message.step_id)
        .where(Event.kind == _EVENTS[kind], ~Event.detail.has_key("delayed"))
    )
    rows = _newest(session, query, Event.at, limit, before)
    return [Happening(row[0], kind, row[1], row[2], row[3], _mail(row[5], row[6]), row[4]) for row in rows]


def _newest(
    session: Session, query: Select[*tuple[Any, ...]], at: Any, limit: int, before: datetime | None
) -> list[Any]:
    if before is not None:
        query = query.where(at < before)
    return list(session.execute(query.order_by(at.desc()).limit(limit)))


def _mail(template: str | None, subject: str | None) -> str:
    return subjects.called(template, subject) if template else ""


_EVENTS = {Kind.LEFT: EventKind.UNSUBSCRIBE, Kind.BOUNCE: EventKind.BOUNCE, Kind.COMPLAINT: EventKind.COMPLAINT}
_MADE: dict[Kind, Callable[[Session, Kind, int, datetime | None], list[Happening]]] = {
    Kind.SIGN_UP: _sign_ups,
    Kind.CONFIRMED: _sign_ups,
    Kind.IMPORT: _imports,
    Kind.BOOKING: _bookings,
    **dict.fromkeys(_EVENTS, _events),
}
