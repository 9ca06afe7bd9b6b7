"""The links of an issue with the people who followed each, and when people clicked: machines are none of them.

Said as the index on what people followed says it: the visits of machines are twenty times as many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, cast, func, select
from sqlalchemy.orm import Session

from funnel.insight.wilson import Rate
from funnel.models.mail import Link, LinkKind
from funnel.models.responses import Event, EventKind
from funnel.programme.history import among

HOURS = 48
_HOUR = timedelta(hours=1)
_BY_PEOPLE = (Event.kind == EventKind.CLICK) & Event.machine.is_(False) & Event.subscriber_id.is_not(None)


@dataclass(frozen=True)
class Followed:
    """A link, in whichever wordings it stands with these words. `parts`: the people, by the newsletter it stands in."""

    id: int  # of one of its rows, by which it is named
    label: str
    url: str
    kind: LinkKind
    people: Rate
    parts: dict[int, int]


def of_mails(session: Session, ids: Sequence[int], accepted: int) -> list[Followed]:
    """The links in the mails of these newsletters, the most followed first; shares are of `accepted` mails."""
    people = func.count(Event.subscriber_id.distinct())
    alike = (Link.kind, Link.url, Link.label)
    mine = (among(Link.newsletter_id, ids), Link.kind != LinkKind.CANARY)
    followed = and_(Event.link_id == Link.id, _BY_PEOPLE)
    rows = (
        select(func.min(Link.id), Link.label, Link.url, Link.kind, people)
        .outerjoin(Event, followed)
        .where(*mine)
        .group_by(*alike)
        .order_by(people.desc(), func.min(Link.id))
    )
    parts: dict[tuple[Any, ...], dict[int, int]] = {}
    each = select(*alike, Link.newsletter_id, people).outerjoin(Event, followed).where(*mine)
    for *key, number, count in session.execute(each.group_by(*alike, Link.newsletter_id)):
        parts.setdefault(tuple(key), {})[number or 0] = count
    return [
        Followed(link_id, label, url, kind, Rate(count, max(count, accepted)), parts[kind, url, label])
        for link_id, label, url, kind, count in session.execute(rows)
    ]


def one(session: Session, ids: Sequence[int], link_id: int) -> Link | None:
    """The row by which a link in these mails is named."""
    found = session.get(Link, link_id)
    return found if found and found.newsletter_id in ids and found.kind is not LinkKind.CANARY else None


def who(ids: Sequence[int], link: Link) -> Select[int | None]:
    """The people who followed `link`, or its likes in these mails."""
    alike = (Link.kind == link.kind, Link.url == link.url, Link.label == link.label)
    rows = select(Link.id).where(among(Link.newsletter_id, ids), *alike)
    return select(Event.subscriber_id).where(_BY_PEOPLE, Event.link_id.in_(rows)).distinct()


def by_hour(session: Session, ids: Sequence[int], began: datetime) -> list[int]:
    """How many people clicked for the first time in each of the 48 hours from `began` on."""
    first = _first_clicks(ids, began).subquery()
    hour = _hour(first.c.at, began)
    found = {row[0]: row[1] for row in session.execute(select(hour, func.count()).group_by(hour))}
    return [found.get(number, 0) for number in range(HOURS)]


def in_hour(ids: Sequence[int], began: datetime, hour: int) -> Select[int | None]:
    """The people of one of these hours."""
    first = _first_clicks(ids, began).subquery()
    return select(first.c.subscriber_id).where(_hour(first.c.at, began) == hour)


def _first_clicks(ids: Sequence[int], began: datetime) -> Select[int | None, datetime]:
    rows = select(Link.id).where(among(Link.newsletter_id, ids), Link.kind != LinkKind.CANARY)
    within = (Event.at >= began, Event.at < began + HOURS * _HOUR)
    clicks = select(Event.subscriber_id, func.min(Event.at).label("at")).where(_BY_PEOPLE, *within)
    return clicks.where(Event.link_id.in_(rows)).group_by(Event.subscriber_id)


def _hour(at: ColumnElement[datetime], began: datetime) -> ColumnElement[int]:
    return cast(func.floor(func.extract("epoch", at - began) / _HOUR.total_seconds()), Integer)
