"""Sign-ups as bars: the geometry of a picture that the template draws, and the rows of its table twin.

The picture is stretched to the width of the page, so it holds bars only; its words stand beside it as text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

SLOT = 10.0  # the width given to one bar; the unit is a tenth of it
BAR = 7.6
HEIGHT = 100.0
GAP = 0.8  # between the pieces of a bar
MOST_COLOURS = 5  # more cannot be told apart; what is over goes into one called "others"
MOST_DAYS = 92
MOST_WEEKS = 104
NICE_TOPS = (2, 4, 6, 10, 20, 40, 60)  # halves of them are whole numbers
SHADES = (0.025, 0.05, 0.1, 0.2)  # shares at which a cell of the cohorts gets darker
OTHERS = "all others"  # no source can be called so: it holds a space


@dataclass(frozen=True)
class Piece:
    """One source's share of a bar, in the picture's units. `colour` is a class of owner.css."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True)
class Bar:
    start: date
    counts: tuple[int, ...]  # one a name of the chart
    pieces: tuple[Piece, ...]
    first: date  # the days that are counted in it
    last: date

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def days(self) -> dict[str, str]:
        """They, as a period in a URL."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


@dataclass(frozen=True)
class Chart:
    unit: str  # day, week or month
    names: tuple[str, ...]  # the sources, the largest first
    colours: tuple[str, ...]
    bars: tuple[Bar, ...]
    top: int  # the count at the upper edge

    @property
    def width(self) -> float:
        return SLOT * len(self.bars)

    @property
    def total(self) -> int:
        return sum(bar.total for bar in self.bars)

    @property
    def best(self) -> Bar:
        return max(self.bars, key=lambda bar: bar.total)


def drawn(days: Sequence[date], counts: Mapping[str, Sequence[int]]) -> Chart:
    """The chart of `counts` by source, each as long as `days`; weeks or months when the days are too many to see."""
    unit = _unit(len(days))
    named = _fewer(counts, len(days))
    starts = [_start(day, unit) for day in days]
    spans = {start: (day, day) for start, day in zip(reversed(starts), reversed(days), strict=True)}
    spans = {start: (spans[start][0], day) for start, day in zip(starts, days, strict=True)}
    totals = {start: [0] * len(named) for start in starts}
    for column, numbers in enumerate(named.values()):
        for start, number in zip(starts, numbers, strict=True):
            totals[start][column] += number
    colours = tuple("c-others" if name == OTHERS else f"c{place + 1}" for place, name in enumerate(named))
    top = nice_top(max((sum(row) for row in totals.values()), default=0))
    bars = tuple(
        Bar(start, tuple(row), _pieces(place, row, colours, top), *spans[start])
        for place, (start, row) in enumerate(totals.items())
    )
    return Chart(unit, tuple(named), colours, bars, top)


def shade(share: float) -> str:
    """The class of owner.css for a cell that says this share; empty for none."""
    return f"s{1 + sum(share >= edge for edge in SHADES)}" if share else ""


def _unit(days: int) -> str:
    if days <= MOST_DAYS:
        return "day"
    return "week" if days <= MOST_WEEKS * 7 else "month"


def _start(day: date, unit: str) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _fewer(counts: Mapping[str, Sequence[int]], days: int) -> dict[str, Sequence[int]]:
    by_size = sorted(counts, key=lambda name: (-sum(counts[name]), name))
    shown = {name: counts[name] for name in by_size[:MOST_COLOURS]}
    rest = [counts[name] for name in by_size[MOST_COLOURS:]]
    if rest:
        shown[OTHERS] = [sum(numbers[place] for numbers in rest) for place in range(days)]
    return shown


def nice_top(most: int) -> int:
    scale = 1
    while True:
        for top in NICE_TOPS:
            if top * scale >= most:
                return top * scale
        scale *= 10


def _pieces(place: int, row: Sequence[int], colours: Sequence[str], top: int) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    x, foot = round(place * SLOT + (SLOT - BAR) / 2, 2), HEIGHT
    for number, colour in zip(row, colours, strict=True):
        if number:
            upper = foot - HEIGHT * number / top
            gap = GAP if pieces else 0
            pieces.append(Piece(x, round(upper, 2), BAR, round(foot - upper - gap, 2), colour))
            foot = upper
    return tuple(pieces)
