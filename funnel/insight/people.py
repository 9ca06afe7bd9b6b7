"""The people, found by a part of their address or name."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from funnel.insight.paging import Page, paged
from funnel.models.people import Pace, Subscriber, SubscriberState

MOST_WORDS = 5


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


def search(session: Session, words: str, state: SubscriberState | None = None, page: int = 1) -> Page[Person]:
    """The people whose address or name holds each of `words`, newest first.

    Only those in `state` when it is given; without one, erased people, of whom nothing is left to show, are left out.
    """
    wanted = Subscriber.state == state if state else Subscriber.state != SubscriberState.ERASED
    query = (
        select(
            Subscriber.id,
            Subscriber.email,
            Subscriber.first_name,
            Subscriber.state,
            Subscriber.pace,
            Subscriber.paused_until,
            Subscriber.source,
            Subscriber.created_at,
            Subscriber.confirmed_at,
        )
        .where(wanted, *_matches(words))
        .order_by(Subscriber.created_at.desc(), Subscriber.id.desc())
    )
    return paged(session, query, Person, page)


def states(session: Session) -> dict[SubscriberState, int]:
    """How many people are in each state; a state without any is there as 0."""
    found = session.execute(select(Subscriber.state, func.count().label("people")).group_by(Subscriber.state))
    return dict.fromkeys(SubscriberState, 0) | {row.state: row.people for row in found}


def _matches(words: str) -> list[ColumnElement[bool]]:
    # A NUL can be in no text of the database, and may not be asked for.
    return [_holds(word) for word in words.lower().replace("\x00", " ").split()[:MOST_WORDS]]


def _holds(word: str) -> ColumnElement[bool]:
    columns = (Subscriber.email, Subscriber.first_name)
    return or_(*(func.lower(column).contains(word, autoescape=True) for column in columns))
