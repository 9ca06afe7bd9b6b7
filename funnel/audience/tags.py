"""Tags: the owner's own words for people, put on and taken off."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, literal, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import tag_uses
from funnel.audience.segments import UsedError
from funnel.audience.signup import HIDDEN
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.tags import Tag, Tagged
from funnel.programme.history import among

LONGEST = 50
MOST_COUNTED = 10_000


class TakenError(ValueError):
    """There is another tag of this name, `tag_id`."""

    def __init__(self, tag: Tag) -> None:
        super().__init__(f"There is a tag “{tag.name}” already.")
        self.tag_id = tag.id


@dataclass(frozen=True)
class Counted:
    id: int
    name: str
    people: int  # counted up to one more than MOST_COUNTED


def normalised(name: str) -> str:
    """`name` as it is kept: small letters, NFC, one space between words. Raises ValueError, saying how to mend it."""
    tidy = " ".join(unicodedata.normalize("NFC", name[: 4 * LONGEST]).casefold().split())
    if not tidy:
        raise ValueError("Please type a tag.")
    if len(tidy) > LONGEST:
        raise ValueError(f"Please shorten the tag to {LONGEST} signs or fewer.")
    if any(unicodedata.category(sign) in HIDDEN for sign in tidy):
        raise ValueError("There is a hidden sign in this tag. Please type it afresh instead of pasting it.")
    if "," in tidy:
        raise ValueError("Please leave commas out of a tag: add one tag at a time.")
    return tidy


def tag(session: Session, name: str, now: datetime) -> Tag:
    """The tag of this name, made when there is none. Raises ValueError as `normalised` does."""
    row = {"name": normalised(name), "created_at": now}
    session.execute(insert(Tag).values(row).on_conflict_do_nothing(index_elements=["name"]))
    return session.scalars(select(Tag).where(Tag.name == row["name"])).one()


def put(session: Session, tag_id: int, ids: Collection[int], now: datetime) -> list[int]:
    """Tags these people, erased ones left out. Returns who did not bear the tag before."""
    people = select(literal(tag_id), Subscriber.id, literal(now)).where(
        among(Subscriber.id, ids), Subscriber.state != SubscriberState.ERASED
    )
    new = insert(Tagged).from_select(["tag_id", "subscriber_id", "at"], people).on_conflict_do_nothing()
    return list(session.scalars(new.returning(Tagged.subscriber_id)))


def take(session: Session, tag_id: int, ids: Collection[int]) -> dict[int, datetime]:
    """Takes the tag off these people. Returns who bore it, and since when."""
    gone = delete(Tagged).where(Tagged.tag_id == tag_id, among(Tagged.subscriber_id, ids))
    found = session.execute(gone.returning(Tagged.subscriber_id, Tagged.at))
    return {row.subscriber_id: row.at for row in found}


def of(session: Session, subscriber_id: int) -> list[Tag]:
    """The tags a person bears, by name."""
    query = select(Tag).join(Tagged, Tagged.tag_id == Tag.id).where(Tagged.subscriber_id == subscriber_id)
    return list(session.scalars(query.order_by(Tag.name)))


def names(session: Session) -> dict[int, str]:
    """All tags by id, in the order of their names."""
    return {row.id: row.name for row in session.execute(select(Tag.id, Tag.name).order_by(Tag.name))}


def counted(session: Session) -> list[Counted]:
    """All tags by name, each with how many people bear it."""
    bears = select(Tagged.subscriber_id).where(Tagged.tag_id == Tag.id).correlate(Tag).limit(MOST_COUNTED + 1)
    people = select(func.count().label("people")).select_from(bears.subquery()).lateral("people")
    query = select(Tag.id, Tag.name, people.c.people).join(people, true()).order_by(Tag.name)
    return [Counted(*row) for row in session.execute(query)]


def rename(session: Session, tag_id: int, name: str) -> str:
    """Gives the tag another name; returns that as it is kept. Raises TakenError where another tag has it."""
    found, tidy = session.get_one(Tag, tag_id, with_for_update=True), normalised(name)
    other = session.scalar(select(Tag).where(Tag.name == tidy, Tag.id != tag_id))
    if other is not None:
        raise TakenError(other)
    found.name = tidy
    session.flush()
    return tidy


def held(session: Session, tag_id: int) -> Tag | None:
    """The tag, ours until the transaction ends, and so all that may name it; None when it is gone.

    Those before it, since a newsletter or a segment comes to its tags in that order.
    """
    tag_uses.hold(session)
    return session.get(Tag, tag_id, with_for_update=True, populate_existing=True)


def merge(session: Session, tag_id: int, into_id: int) -> None:
    """Whoever bears the one bears the other afterwards; the first is gone, and rules that name it name the other."""
    if tag_id == into_id:
        raise ValueError("a tag is not merged into itself")
    held(session, tag_id)
    both = select(Tagged.subscriber_id).where(Tagged.tag_id == into_id)
    moved = update(Tagged).where(Tagged.tag_id == tag_id, Tagged.subscriber_id.not_in(both)).values(tag_id=into_id)
    session.execute(moved.execution_options(synchronize_session=False))
    tag_uses.rename(session, tag_id, into_id)
    session.execute(delete(Tag).where(Tag.id == tag_id))


def remove(session: Session, tag_id: int) -> None:
    """Deletes the tag, also from everybody who bears it. Raises UsedError while a segment or a newsletter names it.

    "Not tagged" so would mean everybody.
    """
    held(session, tag_id)
    if by := tag_uses.named(session, tag_id):
        raise UsedError(by)
    session.execute(delete(Tag).where(Tag.id == tag_id))
