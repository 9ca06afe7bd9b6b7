"""The turns of a rhythm: on which days there is one, and when. Pure time, by the practice's clock.

A month without a 31st has its turn on its last day. As in the calendar, a local time that does not exist moves forward,
and one that exists twice means the first. In a rehearsal too these are real days.
"""

import calendar as months
from datetime import date, datetime, time, timedelta

from funnel.config import settings
from funnel.models.rhythms import Every, Rhythm
from funnel.programme import calendar

LAST = 5  # of the weekdays of a month: the fourth or the fifth
DAY = timedelta(days=1)
REMINDED_AT = 8 * 60  # minutes after midnight, or when the turn itself is where that is earlier


def after(rhythm: Rhythm, day: date) -> date:
    """The first turn later than `day`."""
    if rhythm.every is Every.WEEKS:
        if day < rhythm.first_on:
            return rhythm.first_on
        length = 7 * rhythm.weeks
        return rhythm.first_on + timedelta(days=((day - rhythm.first_on).days // length + 1) * length)
    found = _of_month(rhythm, day.year, day.month)
    return found if found > day else _of_month(rhythm, day.year + day.month // 12, day.month % 12 + 1)


def moment(rhythm: Rhythm, day: date) -> datetime:
    """When the turn of `day` is due."""
    return _at(day, rhythm.minute)


def draft_at(rhythm: Rhythm, day: date) -> datetime:
    """When its draft is made: at the same hour, `lead_days` before."""
    return _at(day - timedelta(days=rhythm.lead_days), rhythm.minute)


def reminder_at(rhythm: Rhythm, day: date) -> datetime:
    """When the owner hears on the day itself that it is still a draft."""
    return _at(day, min(rhythm.minute, REMINDED_AT))


def end_of(day: date) -> datetime:
    """The midnight after it."""
    return _at(day + DAY, 0)


def coming(rhythm: Rhythm, now: datetime) -> date:
    """The first turn that is not past at `now`."""
    found = after(rhythm, now.astimezone(settings().zone).date() - DAY)
    return found if moment(rhythm, found) > now else after(rhythm, found)


def due(rhythm: Rhythm, now: datetime) -> tuple[date | None, date]:
    """The latest turn whose draft is to be made by `now`, if there is one, and the turn after that.

    Those that a stopped service let pass are not made up for: nobody wants two newsletters of notes at once.
    """
    found, day = None, rhythm.next_on
    while draft_at(rhythm, day) <= now:
        found, day = day, after(rhythm, day)
    return found, day


def is_later(rhythm: Rhythm, day: date, past: date) -> bool:
    """Whether `day` is a turn of its own after `past`, which may be of the time before the rhythm was changed."""
    if rhythm.every is Every.WEEKS:
        return day > past
    return (day.year, day.month) > (past.year, past.month)


def _of_month(rhythm: Rhythm, year: int, month: int) -> date:
    first, length = months.monthrange(year, month)
    if rhythm.every is Every.DAY:
        return date(year, month, min(rhythm.day, length))
    day = 1 + (rhythm.weekday - first) % 7 + 7 * (rhythm.nth - 1)
    return date(year, month, day if day <= length else day - 7)


def _at(day: date, minute: int) -> datetime:
    return calendar.instant(datetime.combine(day, time(*divmod(minute, 60))), settings().zone)
