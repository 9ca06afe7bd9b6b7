"""Waits: how long it took people from signing up to booking."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from funnel.insight.whose import Whose
from funnel.models.tallies import Journey

EDGES = (0, 1, 3, 7, 14, 21, 28, 42)  # whole days with which a bar begins; the last one has no end
ENOUGH = 4  # people, below which there are no quarters
QUARTERS = (0.25, 0.5, 0.75)


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
    booked = whose.condition, Journey.booked_at.is_not(None)
    counted = select(_days().label("days"), func.count()).where(*booked).group_by("days")
    days = Counter[int]()
    for number, people in session.execute(counted):
        days[int(number)] += people
    bars = tuple(
        Bar(
            least, under, sum(people for day, people in days.items() if least <= day and (under is None or day < under))
        )
        for least, under in zip(EDGES, (*EDGES[1:], None), strict=True)
    )
    quarters = None
    if days.total() >= ENOUGH:
        parts = func.percentile_cont(list(QUARTERS)).within_group(_wait())
        quarters = tuple(session.scalars(select(parts).where(*booked)).one())
    return Waits(days.total(), quarters, bars)


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
