"""Clicks: `/go/<token>` notes the visit and leads on. Where to comes from the Link's row and nowhere else."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import addressees
from funnel.config import settings
from funnel.db import Base
from funnel.models.content import Post, Step
from funnel.models.mail import Link, LinkKind, Message, MessageKind
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.responses import Event, EventKind
from funnel.programme import handouts
from funnel.response import calendars, doubts, machine

REFERENCE_BYTES = 9  # twelve signs, 72 bits: not to be guessed within its 60 days

# Written out, for the partial index ix_newsletter_under_way.
_RESENDS: ColumnElement[bool] = literal_column(
    "EXISTS (SELECT FROM newsletter WHERE state IN ('sending', 'paused') AND ended_at IS NULL AND part = 'resend')",
    Boolean,
)
# Both statements are built once: SQLAlchemy takes longer to put one together than PostgreSQL to run it.
_PLACE = (
    select(
        Link.id.label("link_id"),
        Link.url,
        Link.kind,
        func.coalesce(Step.slug, Post.slug, "").label("campaign"),
        Message.id.label("message_id"),
        Message.state,
        Message.sent_at,
        Subscriber.id.label("subscriber_id"),
        Subscriber.first_name,
        Subscriber.email,
        Subscriber.state.label("standing"),
        Subscriber.form_id,
        _RESENDS.label("resends"),
    )
    .outerjoin(Step, Step.id == Link.step_id)
    .outerjoin(Post, Post.id == Link.post_id)
    .outerjoin(Message, Message.id == bindparam("message_id"))
    # The owner trying a mail out is not its reader.
    .outerjoin(Subscriber, and_(Subscriber.id == Message.subscriber_id, Message.kind != MessageKind.TEST))
    .where(Link.id == bindparam("link_id"))
)
_EVENT = Base.metadata.tables[Event.__tablename__]
_NEW = insert(_EVENT)
# An update that changes nothing, so that the row that was there first is returned.
_NOTE = _NEW.on_conflict_do_update(index_elements=["key"], set_={"kind": _NEW.excluded.kind}).returning(
    _EVENT.c.reference
)


@dataclass(frozen=True)
class Lead:
    """Where a link leads, as far as its own row tells."""

    url: str
    kind: LinkKind

    @property
    def is_personal(self) -> bool:
        """The way on holds something of the visit or of its reader: only `visit` knows it."""
        return self.kind in {LinkKind.BOOKING, LinkKind.HANDOUT}

    def target(self, token: str) -> str:
        """The absolute URL, of a link that is not personal."""
        return f"{settings().base_url}/booked/{token}" if self.kind == LinkKind.BOOKED else self.url


@dataclass(frozen=True)
class _Place:
    """What a token of ours stands for."""

    link_id: int
    url: str
    kind: LinkKind
    campaign: str  # the step or post that holds the link
    message_id: int | None = None  # None: a link on a page, or a mail that is deleted or was to somebody erased
    delivery: machine.Delivery | None = None
    subscriber_id: int | None = None
    resends: bool = False  # an issue is being sent once more to those who did not click
    name: str = ""
    email: str = ""
    form_id: int = 0


def read(token: str) -> tuple[int, int]:
    """The link and the mail (0: a page) that a token stands for. Raises BadToken."""
    numbers = tokens.read(tokens.Purpose.GO, token)
    if len(numbers) != 2:
        raise tokens.BadToken
    return numbers


def lead(session: Session, link_id: int) -> Lead:
    """Where a link leads; that never changes. Raises BadToken for one that is gone."""
    found = session.execute(select(Link.url, Link.kind).where(Link.id == link_id)).one_or_none()
    if found is None:
        raise tokens.BadToken
    return Lead(*found)


def visit(session: Session, token: str, *, head: bool, agent: str, now: datetime) -> str:
    """Notes one visit of a tracked link as a person's or a machine's, and returns the absolute URL to send it to.

    A person's visits of one link in one mail within a minute of the clock are one row. Changes nothing else (law 3),
    but that a mail of which nobody knew whether it arrived is then known to have, and that an issue which is being sent
    once more to those who did not click is not sent to who did.
    An erased person's visit is noted without the person; the link works all the same (law 8).
    Raises BadToken for a token that is not ours.
    """
    place = _place(session, token)
    why = _why_machine(session, place, head=head, agent=agent, now=now)
    reference = _note(session, place, why, now)
    if place.message_id and place.delivery and place.delivery.state in doubts.OPEN:
        doubts.arrived(session, place.message_id, now)
    if place.resends and place.subscriber_id and not why:
        addressees.look_again(session, place.subscriber_id, now)
    return _target(place, token, reference)


def _place(session: Session, token: str) -> _Place:
    link_id, message_id = read(token)
    found = session.execute(_PLACE, {"link_id": link_id, "message_id": message_id}).one_or_none()
    if found is None:
        raise tokens.BadToken
    link = (found.link_id, found.url, found.kind, found.campaign)
    if found.message_id is None or found.standing == SubscriberState.ERASED:
        return _Place(*link)
    return _Place(
        *link,
        message_id=found.message_id,
        delivery=machine.Delivery(found.state, found.sent_at),
        subscriber_id=found.subscriber_id,
        resends=found.resends,
        name=found.first_name or "",
        email=found.email or "",
        form_id=found.form_id or 0,
    )


def _why_machine(session: Session, place: _Place, *, head: bool, agent: str, now: datetime) -> str:
    alone = machine.reason(head=head, agent=agent, delivery=place.delivery, now=now)
    if place.message_id is None:
        return alone
    # Asked even of a machine that names itself: it may be what gives the others away.
    beside_others = machine.company(session, place.message_id, place.link_id, place.kind, now)
    return alone or beside_others


def _note(session: Session, place: _Place, why: str, now: datetime) -> str:
    """Adds the visit's row, or finds the one of this minute. Returns the reference it carries on to a booking page."""
    reference = secrets.token_urlsafe(REFERENCE_BYTES) if place.kind == LinkKind.BOOKING else None
    visited: dict[str, Any] = {
        "kind": EventKind.CLICK,
        "key": key(place.message_id, place.link_id, why, now),
        "at": now,
        "subscriber_id": place.subscriber_id,
        "message_id": place.message_id,
        "link_id": place.link_id,
        "machine": bool(why),
        "reason": why,
        "reference": reference,
        "detail": {},
    }
    return session.scalars(_NOTE, visited).one() or ""


def key(message_id: int | None, link_id: int, why: str, now: datetime) -> str | None:
    """What a visit is known by: those of one link in one mail within a minute are one."""
    if message_id is None:
        return None  # many people share a page's link: each visit is one
    minute = int(now.timestamp()) // 60
    return f"click:{message_id}:{link_id}:{minute}:{'machine' if why else 'person'}"


def _target(place: _Place, token: str, reference: str) -> str:
    if place.kind == LinkKind.HANDOUT:
        return handouts.address(place.form_id, place.subscriber_id or 0)
    if place.kind != LinkKind.BOOKING:
        return Lead(place.url, place.kind).target(token)
    if not settings().booking_url:
        return f"{settings().base_url}/book?ref={reference}"
    return calendars.address(
        settings().booking_url, name=place.name, email=place.email, reference=reference, campaign=place.campaign
    )
