"""What led to a booking: the click that a reference names, and the last one by a person."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from funnel.models.content import Post
from funnel.models.mail import Link, LinkKind
from funnel.models.responses import Event, EventKind

REFERENCE_LIFE = timedelta(days=60)
CLICK_COUNTS_FOR = timedelta(days=30)  # a mail read longer ago did not bring the booking

_Columns = tuple[int, datetime, int | None, int | None, str, bool]
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True)
class Click:
    """A visit of a booking link."""

    event_id: int
    at: datetime
    subscriber_id: int | None
    message_id: int | None
    post: str  # the source of the post that holds the link; empty for one in a mail
    machine: bool


def named(session: Session, reference: str, now: datetime) -> Click | None:
    """The click that carried `reference` to the booking page, for 60 days; None for anything else."""
    if not _REFERENCE.fullmatch(reference):
        return None
    return _first(session, _clicks().where(Event.reference == reference, Event.at >= now - REFERENCE_LIFE))


def last(session: Session, subscriber_id: int, now: datetime) -> Click | None:
    """The person's last click on a booking link within 30 days; machines' do not count."""
    theirs = _clicks().where(
        Event.subscriber_id == subscriber_id,
        Event.kind == EventKind.CLICK,
        Event.machine.is_(False),
        Event.at >= now - CLICK_COUNTS_FOR,
        Link.kind == LinkKind.BOOKING,
    )
    return _first(session, theirs.order_by(Event.at.desc(), Event.id.desc()).limit(1))


def mail(session: Session, click: Click | None, subscriber_id: int | None, now: datetime) -> int | None:
    """The mail that brought the booking: of `click`, or else of the person's last booking click."""
    if click and click.message_id and click.at >= now - CLICK_COUNTS_FOR:
        return click.message_id
    found = last(session, subscriber_id, now) if subscriber_id else None
    return found.message_id if found else None


def _clicks() -> Select[*_Columns]:
    return (
        select(
            Event.id,
            Event.at,
            Event.subscriber_id,
            Event.message_id,
            func.coalesce(Post.source, ""),
            Event.machine,
        )
        .join(Link, Link.id == Event.link_id)
        .outerjoin(Post, Post.id == Link.post_id)
    )


def _first(session: Session, clicks: Select[*_Columns]) -> Click | None:
    found = session.execute(clicks).first()
    return Click(*found) if found else None
