"""The pointer that is left of somebody who was merged into another: whom their old links mean."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from funnel.models.people import Subscriber


def kept(session: Session, subscriber_id: int) -> int:
    """Who this person is now: whom they were merged into, or themselves."""
    found = session.scalar(select(Subscriber.merged_into_id).where(Subscriber.id == subscriber_id))
    return found or subscriber_id


def held(session: Session, subscriber_id: int) -> int:
    """The same, asked once whoever is merging them has done so: read before, it would name who is gone by then."""
    found = select(Subscriber.merged_into_id).where(Subscriber.id == subscriber_id).with_for_update()
    return session.scalar(found) or subscriber_id


def all_of(session: Session, subscriber_id: int) -> list[int]:
    """This person's id, and those of whom was merged into them."""
    theirs = or_(Subscriber.id == subscriber_id, Subscriber.merged_into_id == subscriber_id)
    return list(session.scalars(select(Subscriber.id).where(theirs).order_by(Subscriber.id)))
