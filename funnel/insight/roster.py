"""The people as a table to take away: everybody of a segment, each chunk of them in a transaction of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from funnel.audience import muster
from funnel.audience.segment import Segment
from funnel.models.mail import Message
from funnel.models.people import Form, Subscriber
from funnel.models.responses import Booking, BookingState, Event, EventKind
from funnel.models.tags import Tag, Tagged
from funnel.programme.history import among

CHUNK = 2_000
HEADER = (
    "Address", "Name", "State", "Came by", "Form", "Signed up", "Confirmed", "Pace", "Time zone", "Language", "Tags",
    "Last mail", "Clicks", "Booked",
)  # fmt: skip


def rows(opened: Callable[[], AbstractContextManager[Session]], segment: Segment, now: datetime) -> Iterator[Any]:
    """Everybody of the segment who is here now, the first come first; `opened` begins each chunk's transaction.

    No transaction is kept open while somebody's slow line takes a chunk away.
    """
    with opened() as session:
        newest = muster.newest(session)
    reached: int | None = 0
    while reached is not None:
        with opened() as session:
            ids, reached = muster.chunk(session, segment, now, reached, newest, CHUNK)
            found = _told(session, ids) if ids else []
        yield from found


def _told(session: Session, ids: list[int]) -> list[Any]:
    own = Subscriber.id
    tags = (
        select(func.string_agg(Tag.name, aggregate_order_by(literal(", "), Tag.name)))
        .join(Tagged, Tagged.tag_id == Tag.id)
        .where(Tagged.subscriber_id == own)
    )
    mailed = select(func.max(Message.sent_at)).where(Message.subscriber_id == own)
    clicks = select(func.count()).where(
        Event.subscriber_id == own, Event.kind == EventKind.CLICK, Event.machine.is_(False)
    )
    booked = select(func.count()).where(Booking.subscriber_id == own, Booking.state != BookingState.CANCELLED)
    query = (
        select(
            Subscriber.email, Subscriber.first_name, Subscriber.state, Subscriber.source, Form.title,
            Subscriber.created_at, Subscriber.confirmed_at, Subscriber.pace, Subscriber.time_zone,
            Subscriber.language, *(part.scalar_subquery() for part in (tags, mailed, clicks, booked)),
        )
        .outerjoin(Form, Form.id == Subscriber.form_id)
        .where(among(own, ids))
        .order_by(own)
    )  # fmt: skip
    return list(session.execute(query))
