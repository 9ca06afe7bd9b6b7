"""Cohorts: of those who signed up in a week, how many had booked by the end of that week and of each one after it.

Weeks begin on Monday by the practice's clock. Somebody has booked from the first booking on that is not cancelled, as
in the funnel.
"""

import itertools
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, case, cast, func, select
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.insight.whose import Whose
from funnel.models.tallies import Arrival, Journey

LAST = 8  # the last week looked at; that of the sign-up is 0
SHOWN = 12  # cohorts
FEW = 20  # a share of fewer people than this says little
WEEK, DAY = timedelta(weeks=1), timedelta(days=1)


@dataclass(frozen=True)
class Cohort:
    """Who signed up in the week from `monday` on. `booked`: by the end of week 0, 1, …, as far as these are over."""

    monday: date
    people: int
    booked: tuple[int, ...]

    @property
    def sunday(self) -> date:
        return self.monday + WEEK - DAY

    @property
    def few(self) -> bool:
        return self.people < FEW

    def share(self, week: int) -> float | None:
        """The share that had booked by the end of `week`; None while it is not over, and of nobody."""
        return self.booked[week] / self.people if week < len(self.booked) and self.people else None


def cohorts(session: Session, whose: Whose, now: datetime, shown: int = SHOWN) -> list[Cohort]:
    """The newest `shown` cohorts, the newest first, from the first that had anybody: of `whose` on any day."""
    this = monday_of(now)
    first = this - (shown - 1) * WEEK
    newest = whose.on(first, this + WEEK - DAY)
    people = {first + place * WEEK: 0 for place in range(shown)}
    booked: dict[date, Counter[int]] = {monday: Counter() for monday in people}
    week = _week(Arrival.day).label("week")
    for monday, count in session.execute(select(week, func.sum(Arrival.people)).where(newest.arrived).group_by(week)):
        people[monday] += int(count)
    week, after = _week(Journey.day).label("week"), weeks_to_booking().label("after")
    rows = select(week, after, func.count()).where(newest.condition, Journey.booked_at.is_not(None))
    for monday, weeks, count in session.execute(rows.group_by(week, after)):
        booked[monday][weeks] += count
    since_the_first = itertools.dropwhile(lambda item: not item[1], sorted(people.items()))
    return [_cohort(monday, count, booked[monday], this) for monday, count in since_the_first][::-1]


def weeks_to_booking() -> ColumnElement[Any]:
    """In how many weeks after the week of the sign-up somebody booked; NULL for who did not."""
    booked_on = cast(func.timezone(settings().zone.key, Journey.booked_at), Date)
    weeks = (_week(booked_on) - _week(Journey.day)) / 7
    return case((Journey.booked_at.is_not(None), func.greatest(weeks, 0)))  # before it: who booked, then signed up


def monday_of(at: datetime) -> date:
    day = at.astimezone(settings().zone).date()
    return day - timedelta(days=day.weekday())


def _week(day: Any) -> Any:
    return cast(func.date_trunc("week", day), Date)


def _cohort(monday: date, people: int, booked: Counter[int], this: date) -> Cohort:
    over = min((this - monday).days // 7, LAST + 1)
    return Cohort(monday, people, tuple(itertools.accumulate(booked[week] for week in range(over))))
