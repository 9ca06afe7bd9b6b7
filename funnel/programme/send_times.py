"""Send times: when an issue leaves, at one moment for all or at one hour of everybody's own clock.

As in the calendar, a local time that does not exist moves forward, and one that exists twice means the first.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, DateTime, String, column, func, literal, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TableValuedAlias

from funnel.config import settings
from funnel.models.content import Newsletter, NewsletterState, ZoneMode
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import calendar

UNDO = timedelta(minutes=5)  # in which sending "now" can be taken back
ASKS_AFTER = timedelta(hours=1)  # a service that was down for longer past the time asks before it sends
DAY = timedelta(days=1)


def moment(wall: datetime) -> datetime:
    """When a clock at the practice shows `wall`, a time without a zone. Raises ValueError for one with."""
    if wall.tzinfo is not None:
        raise ValueError("a time of the practice's clock has no zone")
    return calendar.instant(wall, settings().zone)


def own(send_at: datetime, zone: ZoneInfo, soonest: datetime) -> datetime:
    """When the clock in `zone` shows what the practice's shows at `send_at`; a later day where that is too soon.

    Nobody is written to at three in the night because their hour of that day had passed when the issue was scheduled.
    """
    wall = send_at.astimezone(settings().zone).replace(tzinfo=None)
    found = calendar.instant(wall, zone)
    while found < soonest:
        wall += DAY
        found = calendar.instant(wall, zone)
    return found


def own_times(issue: Newsletter, zones: Iterable[str], now: datetime | None = None) -> dict[str, datetime]:
    """When it leaves to people of each of these zones; an unknown one is the practice's.

    `now`: as its mails are planned or let go. Whose hour passed more than an hour before has it at that hour of the
    next day: it was sent late, it was paused, or nobody knew of their clock.
    """
    assert issue.send_at
    soonest = (issue.scheduled_at or issue.send_at) + UNDO
    if now:
        soonest = max(soonest, now - ASKS_AFTER)
    return {name: own(issue.send_at, calendar.zone(name), soonest) for name in zones}


def table(times: Mapping[str, datetime]) -> TableValuedAlias:
    """What `own_times` says as a table, to be joined to people: columns `zone` and `at`."""
    values = literal(list(times), ARRAY(String)), literal(list(times.values()), ARRAY(DateTime(timezone=True)))
    columns = column("zone", String), column("at", DateTime(timezone=True))
    return func.unnest(*values).table_valued(*columns, name="own").render_derived()


def starts_at(session: Session, send_at: datetime, zone_mode: ZoneMode, soonest: datetime) -> datetime:
    """When its planning begins: at `send_at`, or where the first reader's clock shows that hour, not before `soonest`.

    By readers' clocks it reads the zone of everybody who is subscribed: a fifth of a second for a million.
    """
    if zone_mode is ZoneMode.PRACTICE:
        return max(send_at, soonest)
    return min(own(send_at, calendar.zone(name), soonest) for name in {"", *_zones(session)})


def span(session: Session, issue: Newsletter) -> tuple[datetime, datetime]:
    """When the first of those who are subscribed get a scheduled issue, and when the last; one moment by one clock."""
    assert issue.starts_at
    if issue.zone_mode is ZoneMode.PRACTICE:
        return issue.starts_at, issue.starts_at
    times = own_times(issue, {"", *_zones(session)}).values()
    return min(times), max(times)


def lateness(issue: Newsletter, now: datetime) -> timedelta | None:
    """By how much a scheduled issue is past its time, where that is so much that the owner is asked first."""
    if issue.state is not NewsletterState.SCHEDULED or issue.starts_at is None:
        return None
    late = now - issue.starts_at
    return late if late > ASKS_AFTER else None


def _zones(session: Session) -> Collection[str]:
    active = select(Subscriber.time_zone).where(Subscriber.state == SubscriberState.ACTIVE)
    return session.scalars(active.distinct()).all()
