"""When people clicked, hour after hour: a picture of bars that the template draws, and the rows of its table twin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from funnel.web.owner.chart import BAR, HEIGHT, SLOT, nice_top


@dataclass(frozen=True)
class Hour:
    """One hour, from `at`: how many people clicked first in it, and how many until its end."""

    number: int
    at: datetime
    people: int
    so_far: int
    x: float
    y: float

    @property
    def height(self) -> float:
        return round(HEIGHT - self.y, 2)


@dataclass(frozen=True)
class Course:
    hours: tuple[Hour, ...]
    top: int  # the count at the upper edge

    width = BAR

    @property
    def total(self) -> int:
        return self.hours[-1].so_far if self.hours else 0

    @property
    def best(self) -> Hour:
        return max(self.hours, key=lambda hour: hour.people)


def drawn(people: Sequence[int], began: datetime, now: datetime) -> Course:
    """The course of clicks since `began`; hours that have not begun are left out."""
    top = nice_top(max([*people, 1]))
    hours: list[Hour] = []
    so_far = 0
    for number, count in enumerate(people):
        at = began + timedelta(hours=number)
        if at > now:
            break
        so_far += count
        x = round(number * SLOT + (SLOT - BAR) / 2, 2)
        hours.append(Hour(number, at, count, so_far, x, round(HEIGHT - HEIGHT * count / top, 2)))
    return Course(tuple(hours), top)
