"""The period an owner looks at, kept in the URL as ?days=."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from funnel.config import settings

DEFAULT = "30"
CHOICES = {"7": "7 days", "30": "30 days", "90": "90 days", "all": "All"}


@dataclass(frozen=True)
class Period:
    """`since` is a midnight of the practice's; None: from the beginning."""

    name: str
    since: datetime | None

    @property
    def words(self) -> str:
        return "Since the beginning" if self.since is None else f"In the last {CHOICES[self.name]}"


def chosen(name: str, now: datetime) -> Period:
    """The period called `name`, today being its last day; the default one for a name that is not known."""
    if name not in CHOICES:
        name = DEFAULT
    if not name.isdecimal():
        return Period(name, None)
    zone = settings().zone
    first = now.astimezone(zone).date() - timedelta(days=int(name) - 1)
    return Period(name, datetime(first.year, first.month, first.day, tzinfo=zone))
