"""Sign-ups by day and source: the same people that the funnel counts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.insight.funnel import in_period
from funnel.models.people import Subscriber


@dataclass(frozen=True)
class SignUps:
    """A number a day for each source, the largest source first; days without any are there as 0."""

    days: tuple[date, ...]  # in the practice's time zone
    counts: dict[str, tuple[int, ...]]  # by source; '' is an unnamed one

    @property
    def total(self) -> int:
        return sum(sum(numbers) for numbers in self.counts.values())


def sign_ups(session: Session, since: datetime | None, now: datetime) -> SignUps:
    """New people by the day they signed up, from `since` (None: from the first one) until today."""
    zone = settings().zone
    day = cast(func.timezone(zone.key, Subscriber.created_at), Date)
    found = session.execute(
        select(day, Subscriber.source, func.count()).where(in_period(since, now)).group_by(day, Subscriber.source)
    ).all()
    counted = {(at, source): count for at, source, count in found}
    today = now.astimezone(zone).date()
    first = since.astimezone(zone).date() if since else min((at for at, _ in counted), default=today)
    days = tuple(first + timedelta(days=number) for number in range((today - first).days + 1))
    counts = {source: tuple(counted.get((at, source), 0) for at in days) for source in {key[1] for key in counted}}
    return SignUps(days, dict(sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))))
