"""Waits: how long it took people from signing up to booking."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from funnel.insight.whose import Whose
from funnel.models.tallies import Journey

EDGES = (0, 1, 3, 7, 14, 21, 28, 42)  # whole days with which a bar begins; the last one has no end
ENOUGH = 4  # people, below which there are no quarters
ENDS = (*EDGES[1:], None)
HOUR_S = 3600


@dataclass(frozen=True)
class Bar:
    """`people` who booked `least` whole days after signing up or later, and before `under` (None: whenever)."""

    least: int
    under: int | None
    people: int


@dataclass(frozen=True)
class Waits:
    """`quarters`: within which time a quarter, half and three quarters of them booked; None of too few."""

    people: int
    quarters: tuple[timedelta, timedelta, timedelta] | None
    bars: tuple[Bar, ...]

    @property
    def most(self) -> int:
        return max(bar.people for bar in self.bars)


def waits(session: Session, whose: Whose) -> Waits:
    """Of those of `whose` who have booked by now, from the sign-up to the first booking that is not cancelled."""
    hours = (func.floor(func.extract("epoch", _wait()) / HOUR_S)).label("hours")
    counted = select(hours, func.count()).where(whose.condition, Journey.booked_at.is_not(None)).group_by(hours)
    found = Counter({int(number): people for number, people in session.execute(counted)})
    bars = tuple(Bar(least, under, _between(found, least, under)) for least, under in zip(EDGES, ENDS, strict=True))
    return Waits(found.total(), _quarters(found) if found.total() >= ENOUGH else None, bars)


def _between(hours: Counter[int], least: int, under: int | None) -> int:
    return sum(people for hour, people in hours.items() if hour >= least * 24 and (under is None or hour < under * 24))


def _quarters(hours: Counter[int]) -> tuple[timedelta, timedelta, timedelta]:
    """By whole hours, without sorting everybody in the database."""
    first, half, third = quantiles(sorted(hours.elements()), n=4, method="inclusive")
    return timedelta(hours=first), timedelta(hours=half), timedelta(hours=third)


def words(least: int, under: int | None) -> str:
    """A bar's days: “3 to 6 days”."""
    if under is None:
        return f"{least} days or more"
    if under == least + 1:
        return "less than a day" if least == 0 else f"{least} days"
    return f"{least} to {under - 1} days"


def booked_after(least: int, under: int | None) -> ColumnElement[bool]:
    """Which journeys stand in a bar."""
    return and_(Journey.booked_at.is_not(None), _days() >= least, *([] if under is None else [_days() < under]))


def _wait() -> ColumnElement[Any]:
    # Who booked first and signed up later, as by telephone, waited for nothing.
    return func.greatest(Journey.booked_at - Journey.signed_up_at, timedelta())


def _days() -> ColumnElement[Any]:
    return func.floor(func.extract("epoch", _wait()) / 86_400)
