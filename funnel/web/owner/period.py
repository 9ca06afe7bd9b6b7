"""The period an owner looks at, kept in the URL as ?days=, or as ?from= and ?to= where it is one of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from funnel.config import settings
from funnel.web.owner import words

DEFAULT = "30"
YEAR = "year"
OWN = "own"
CHOICES = {"7": "7 days", "30": "30 days", "90": "90 days", YEAR: "Year", "all": "All"}
FIRST_YEAR = 2000  # a year typed with two digits is a slip, and no period of ours begins before
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """From `since`, a midnight of the practice's (None: from the beginning), to the moment `until`, both among it."""

    name: str
    since: datetime | None
    until: datetime

    @property
    def first_day(self) -> date | None:
        return _day(self.since) if self.since else None

    @property
    def last_day(self) -> date:
        return _day(self.until)

    @property
    def length(self) -> int:
        """How many days it has; 0 of one that has no beginning."""
        return (self.last_day - self.first_day).days + 1 if self.first_day else 0

    @property
    def words(self) -> str:
        if self.first_day is None:
            return "Since the beginning"
        if self.name == OWN:
            return (
                f"From {words.days(self.first_day, self.last_day)}"
                if self.length > 1
                else f"On {words.day(self.last_day)}"
            )
        return "This year" if self.name == YEAR else f"In the last {CHOICES[self.name]}"

    @property
    def address(self) -> dict[str, str]:
        """What stands in the URL of a page that is about this period."""
        if self.name != OWN or self.first_day is None:
            return {"days": self.name}
        return {"from": self.first_day.isoformat(), "to": self.last_day.isoformat()}

    @property
    def before(self) -> "Period | None":
        """The one to compare with: as long and up to the same time of its last day. This year's is the last year's."""
        if self.first_day is None or self.since is None:
            return None
        if self.name == YEAR:
            return Period(OWN, _midnight(date(self.first_day.year - 1, 1, 1)), _a_year_before(self.until))
        back = self.length * DAY
        return Period(OWN, _midnight(self.first_day - back), _moved(self.until, -back))


@dataclass(frozen=True)
class Chosen:
    """The period, or the default one with what is wrong with the days that were `typed`."""

    period: Period
    typed: tuple[str, str]  # as from and to
    error: str = ""


def chosen(args: Mapping[str, str], now: datetime) -> Chosen:
    """What the URL asks for; today is the last day of all but one's own. A name that is not known means the default."""
    typed = args.get("from", "").strip(), args.get("to", "").strip()
    if not any(typed):
        period = named(args.get("days", ""), now)
        return Chosen(period, (period.first_day.isoformat() if period.first_day else "", period.last_day.isoformat()))
    try:
        return Chosen(_own(typed, now), typed)
    except ValueError as error:
        return Chosen(named(DEFAULT, now), typed, str(error))


def named(name: str, now: datetime) -> Period:
    name = name if name in CHOICES else DEFAULT
    today = _day(now)
    if name == YEAR:
        return Period(name, _midnight(date(today.year, 1, 1)), now)
    return Period(name, _midnight(today - (int(name) - 1) * DAY) if name.isdecimal() else None, now)


def _own(typed: tuple[str, str], now: datetime) -> Period:
    """Raises ValueError, in words for the owner."""
    first, last = (_date(text, which) for text, which in zip(typed, ("first", "last"), strict=True))
    today = _day(now)
    if first > last:
        raise ValueError("The first day comes after the last one. Did you mean them the other way round?")
    if first > today:
        raise ValueError("The first day has not come yet.")
    return Period(OWN, _midnight(first), now if last >= today else _midnight(last + DAY) - timedelta.resolution)


def _date(text: str, which: str) -> date:
    if not text:
        raise ValueError(f"The {which} day is missing.")
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"The {which} day, “{text[:20]}”, is no date. Write it like 2026-03-31.") from None
    if not FIRST_YEAR <= found.year < FIRST_YEAR + 1000:
        raise ValueError(f"The {which} day lies in the year {found.year}. Is that a slip?")
    return found


def _day(at: datetime) -> date:
    return at.astimezone(settings().zone).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), settings().zone)


def _moved(at: datetime, by: timedelta) -> datetime:
    """`at` moved on the wall clock, so that a day stays a day when the clocks change."""
    local = at.astimezone(settings().zone)
    return (local.replace(tzinfo=None) + by).replace(tzinfo=settings().zone)


def _a_year_before(at: datetime) -> datetime:
    local = at.astimezone(settings().zone)
    try:
        return local.replace(year=local.year - 1)
    except ValueError:  # 29 February
        return local.replace(year=local.year - 1, day=28)
