"""The people as a list: a page of a segment, each with what is seen at a glance."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array
from sqlalchemy.orm import Session

from funnel.audience import muster
from funnel.audience.segment import Segment
from funnel.insight import tallies
from funnel.models.people import Form, Pace, Subscriber, SubscriberState
from funnel.models.tags import Tag, Tagged
from funnel.models.tallies import StateTally
from funnel.programme.history import among

PAGE_ROWS = 50
MOST_SOURCES = 100


@dataclass(frozen=True)
class Person:
    id: int
    email: str | None  # None: erased
    first_name: str
    state: SubscriberState
    pace: Pace
    paused_until: datetime | None
    source: str
    created_at: datetime
    confirmed_at: datetime | None
    tags: list[str]


@dataclass(frozen=True)
class Page:
    """A page of people, the newest first. `total` None: more than are counted."""

    rows: list[Person]
    total: int | None
    older: int | None  # the next page is of those before this id
    gave_up: bool  # it looked at as many as it may: there can be others before `older`
    segment: Segment  # as it was looked for: `loose` when no word begins so


def search(session: Session, segment: Segment, now: datetime, before: int | None = None) -> Page:
    """The people of `segment`. Where no word of an address or name begins so, those that hold the words anywhere."""
    found = muster.find(session, segment, now, PAGE_ROWS, before)
    if segment.words and not segment.loose and not found.ids and before is None:
        segment = replace(segment, loose=True)
        found = muster.find(session, segment, now, PAGE_ROWS, before)
    return Page(named(session, found.ids), found.total, found.older, found.gave_up, segment)


def states(session: Session, now: datetime) -> dict[SubscriberState, int] | None:
    """How many people are in each state. None: they have not all been counted yet."""
    tallies.freshen(session, now)
    if tallies.as_of(session) is None:
        return None
    found = session.execute(select(StateTally.state, StateTally.people))
    return dict.fromkeys(SubscriberState, 0) | {row.state: row.people for row in found}


def total(found: Page, counts: dict[SubscriberState, int] | None) -> int | None:
    """How many people the page is one of, where that is known: also of all, or all in a state, who are kept counted."""
    if found.total is not None or counts is None:
        return found.total
    if not found.segment.narrows:
        return sum(counts.values()) - counts[SubscriberState.ERASED]
    state = found.segment.state
    return counts[state] if state and found.segment == Segment(state=state) else None


def named(session: Session, ids: list[int]) -> list[Person]:
    """These people, in this order."""
    tags = (
        select(func.array_agg(aggregate_order_by(Tag.name, Tag.name)))
        .join(Tagged, Tagged.tag_id == Tag.id)
        .where(Tagged.subscriber_id == Subscriber.id)
        .scalar_subquery()
    )
    none = cast(array([]), ARRAY(Text))
    shown = (
        Subscriber.id, Subscriber.email, Subscriber.first_name, Subscriber.state, Subscriber.pace,
        Subscriber.paused_until, Subscriber.source, Subscriber.created_at, Subscriber.confirmed_at,
        func.coalesce(tags, none),
    )  # fmt: skip
    rows = session.execute(select(*shown).where(among(Subscriber.id, ids)))
    people = {row[0]: Person(*row) for row in rows}
    return [people[number] for number in ids]


def sources(session: Session) -> list[str]:
    """The posts and ?src= that people came by, in order, the first hundred of them; '' when some named none.

    Goes from one to the next by the index, whatever the number of people.
    """
    following = select(Subscriber.source).order_by(Subscriber.source).limit(1)
    found = [source for source in [session.scalar(following)] if source is not None]
    while found and len(found) < MOST_SOURCES:
        another = session.scalar(following.where(Subscriber.source > found[-1]))
        if another is None:
            break
        found.append(another)
    return found


def forms(session: Session) -> dict[int, str]:
    """The titles of the forms, by id."""
    return {row.id: row.title for row in session.execute(select(Form.id, Form.title).order_by(Form.title))}
