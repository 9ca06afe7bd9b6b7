"""The links of an issue with the people who followed each, and when people clicked: machines are none of them.

Said as the index on what people followed says it: the visits of machines are twenty times as many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ARRAY, BigInteger, ColumnElement, ScalarSelect, Select, and_, any_, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from funnel.insight.wilson import Rate
from funnel.models.mail import Link, LinkKind
from funnel.models.responses import Event, EventKind
from funnel.programme.history import among

HOURS = 48
_HOUR = timedelta(hours=1)
_BY_PEOPLE = (Event.kind == EventKind.CLICK) & Event.machine.is_(False) & Event.subscriber_id.is_not(None)


@dataclass(frozen=True)
class Followed:
    """A link, in whichever wordings and languages it stands. `parts`: the people, by the newsletter it stands in."""

    id: int  # of one of its rows, by which it is named
    label: str
    url: str
    kind: LinkKind
    people: Rate
    parts: dict[int, int]


def of_mails(
    session: Session, ids: Sequence[int], accepted: int, labels: Mapping[str, str] | None = None
) -> list[Followed]:
    """The links in the mails of these newsletters, the most followed first; shares are of `accepted` mails.

    `labels`: the words by which each is told, by where it leads; one without is told by those it had first.
    """
    mine = (among(Link.newsletter_id, ids), Link.kind != LinkKind.CANARY)
    alike: dict[tuple[LinkKind, str], list[Link]] = {}
    for link in session.scalars(select(Link).where(*mine).order_by(Link.id)):
        alike.setdefault((link.kind, link.url), []).append(link)
    each = {row[0]: row[1] for row in session.execute(select(Link.id, followers(Link.id)).where(*mine))}
    several = {link.id: rows[0].id for rows in alike.values() if len(rows) > 1 for link in rows}
    all_of_it = each | _people(session, several)
    found = [
        Followed(
            rows[0].id,
            (labels or {}).get(url) or rows[0].label,
            url,
            kind,
            Rate(count := all_of_it.get(rows[0].id, 0), max(count, accepted)),
            {link.newsletter_id or 0: each.get(link.id, 0) for link in rows},
        )
        for (kind, url), rows in alike.items()
    ]
    return sorted(found, key=lambda one: (-one.people.count, one.id))


def one(session: Session, ids: Sequence[int], link_id: int) -> Link | None:
    """The row by which a link in these mails is named."""
    found = session.get(Link, link_id)
    return found if found and found.newsletter_id in ids and found.kind is not LinkKind.CANARY else None


def who(ids: Sequence[int], link: Link) -> Select[int | None]:
    """The people who followed `link`, or its likes in these mails."""
    alike = Link.kind == link.kind, Link.url == link.url
    rows = select(Link.id).where(among(Link.newsletter_id, ids), *alike)
    return select(Event.subscriber_id).where(_BY_PEOPLE, Event.link_id.in_(rows)).distinct()


def by_hour(session: Session, ids: Sequence[int], began: datetime) -> list[int]:
    """How many people clicked for the first time in each of the 48 hours from `began` on."""
    first = _first_clicks(ids, began).subquery()
    hour = func.date_bin(_HOUR, first.c.at, began)  # of whole numbers: a division of each time would take as long again
    rows = session.execute(select(hour, func.count()).group_by(hour))
    found = {(at - began) // _HOUR: count for at, count in rows}
    return [found.get(number, 0) for number in range(HOURS)]


def in_hour(ids: Sequence[int], began: datetime, hour: int) -> Select[int | None]:
    """The people of one of these hours."""
    first = _first_clicks(ids, began).subquery()
    within = (first.c.at >= began + hour * _HOUR, first.c.at < began + (hour + 1) * _HOUR)
    return select(first.c.subscriber_id).where(*within)


def followers(link_id: ColumnElement[int] | InstrumentedAttribute[int]) -> ScalarSelect[int]:
    """How many people followed that link: in the order of its index, so that nothing is sorted."""
    theirs = select(Event.subscriber_id).where(Event.link_id == link_id, _BY_PEOPLE).distinct()
    return select(func.count()).select_from(theirs.correlate(Link).subquery()).scalar_subquery()


def _people(session: Session, told_as: dict[int, int]) -> dict[int, int]:
    """How many people followed links, by what each link is told as; whoever followed several such counts once."""
    if not told_as:
        return {}
    numbers = (literal(list(ids), ARRAY(BigInteger)) for ids in (told_as, told_as.values()))
    link = func.unnest(*numbers).table_valued("id", "told_as").render_derived(name="told")
    pairs = select(link.c.told_as, Event.subscriber_id).join(Event, and_(Event.link_id == link.c.id, _BY_PEOPLE))
    once = pairs.group_by(link.c.told_as, Event.subscriber_id).subquery()
    rows = session.execute(select(once.c.told_as, func.count()).group_by(once.c.told_as))
    return {row[0]: row[1] for row in rows}


def _first_clicks(ids: Sequence[int], began: datetime) -> Select[int | None, datetime]:
    rows = select(Link.id).where(among(Link.newsletter_id, ids), Link.kind != LinkKind.CANARY)
    # As an array, so that all clicks of that time are read from their index, and not those of each link.
    links = any_(func.array(rows.scalar_subquery(), type_=ARRAY(BigInteger)))
    within = (Event.at >= began, Event.at < began + HOURS * _HOUR)
    clicks = select(Event.subscriber_id, func.min(Event.at).label("at")).where(_BY_PEOPLE, *within)
    return clicks.where(Event.link_id == links).group_by(Event.subscriber_id)
