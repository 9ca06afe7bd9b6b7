"""Sign-ups by day and source: the same people that the funnel counts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.insight.funnel import of_period
from funnel.models.tallies import Arrival


@dataclass(frozen=True)
class SignUps:
    """A number a day for each source, the largest source first; days without any are there as 0."""

    days: tuple[date, ...]  # in the practice's time zone
    counts: dict[str, tuple[int, ...]]  # by source; '' is an unnamed one

    @property
    def total(self) -> int:
        return sum(sum(numbers) for numbers in self.counts.values())


def sign_ups(
    session: Session, since: datetime | None, until: datetime, source: str = "", form_id: int | None = None
) -> SignUps:
    """New people by the day they signed up, from that of `since` (None: from the first one) to that of `until`.

    Only those who came by `source` or a form when these are given.
    """
    zone = settings().zone
    found = session.execute(
        select(Arrival.day, Arrival.source, func.sum(Arrival.people))
        .where(of_period(Arrival, since, until, source, form_id))
        .group_by(Arrival.day, Arrival.source)
    ).all()
    counted = {(at, source): int(count) for at, source, count in found}
    today = until.astimezone(zone).date()
    first = since.astimezone(zone).date() if since else min((at for at, _ in counted), default=today)
    days = tuple(first + timedelta(days=number) for number in range((today - first).days + 1))
    counts = {source: tuple(counted.get((at, source), 0) for at in days) for source in {key[1] for key in counted}}
    return SignUps(days, dict(sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))))
