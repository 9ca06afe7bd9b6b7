"""When a mail of a course is due, in the subscriber's own days. Pure time: nothing here reads the database or a clock.

Days are local calendar days. A mail comes at one minute of the sequence's window, the same for an enrolment every
time, spread over all enrolments by a hash. A local time that does not exist (clocks go forward) moves forward; one that
exists twice (clocks go back) means the first. In a rehearsal a day lasts DAY_SECONDS, and windows, weekdays and
blackouts are off.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from funnel.config import settings
from funnel.models.content import Sequence

QUIET_HOURS = 20  # between two marketing mails to one person
SATURDAY = 5
LONGEST_REST = 180  # days in a row without mails, at the most
LOOKED_AHEAD = 366  # days
WEEK = timedelta(days=7)
ANY_DAY = date(2026, 1, 5)
MINUTES_A_DAY = 24 * 60


class NoDayLeft(Exception):  # noqa: N818 (it names what was found)
    """Weekdays and blackouts leave no day within a year. What is checked by `rest` before it is saved never does."""


def zone(name: str) -> ZoneInfo:
    """The zone called `name`; the practice's when it is empty or not known, as a time-zone update may bring about."""
    try:
        return ZoneInfo(name) if name else settings().zone
    except (KeyError, ValueError, OSError):
        return settings().zone


def days(count: float) -> timedelta:
    """`count` days of the course's clock."""
    return timedelta(seconds=count * settings().day_seconds)


def quiet() -> timedelta:
    """The least time between two marketing mails to one person."""
    return days(QUIET_HOURS / 24)


def first_due(sequence: Sequence, zone: ZoneInfo, seed: int, started_at: datetime, day: int) -> datetime:
    """When the step of `day` is due for someone who confirmed at `started_at`. Day 0 is that local date."""
    return next_due(sequence, zone, seed, started_at, day)


def next_due(sequence: Sequence, zone: ZoneInfo, seed: int, previous_due: datetime, days: int) -> datetime:
    """When a step is due that comes `days` after one due at `previous_due`: a later day in any case."""
    count = max(days, 1)
    if settings().rehearsal:
        return previous_due + timedelta(seconds=count * settings().day_seconds)
    due_on = previous_due.astimezone(zone).date() + timedelta(days=count)
    return _first(sequence, zone, seed, due_on, previous_due + timedelta.resolution)


def after(sequence: Sequence, zone: ZoneInfo, seed: int, instant: datetime) -> datetime:
    """The first permitted moment at or after `instant`: this enrolment's minute, on a day that mails may come.

    Raises NoDayLeft, as all here do that look for a day.
    """
    if settings().rehearsal:
        return instant
    return _first(sequence, zone, seed, instant.astimezone(zone).date(), instant)


def moved(sequence: Sequence, zone: ZoneInfo, seed: int, at: datetime, by: timedelta) -> datetime:
    """The first permitted moment at or after `at` moved `by` on the wall clock, so that whole days stay whole."""
    if settings().rehearsal:
        return at + by
    wall = at.astimezone(zone).replace(tzinfo=None) + by
    return after(sequence, zone, seed, instant(wall, zone))


def is_open(sequence: Sequence, zone: ZoneInfo, instant: datetime) -> bool:
    """Whether mails of this sequence may come at `instant`: inside the window, on a permitted day."""
    if settings().rehearsal:
        return True
    local = instant.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return sequence.window_start <= minute < sequence.window_end and _permitted(sequence, local.date())


def closed(sequence: Sequence, on: date) -> str:
    """Why no mail of this sequence comes on that day, such as “no mails on a Saturday”; empty when they may."""
    if not sequence.weekdays >> on.weekday() & 1:
        return f"no mails on a {on:%A}"
    day = on.isoformat()  # as blackouts are written, and in the same order
    return next((f"no mails: {one['name']}" for one in sequence.blackouts or () if one["from"] <= day <= one["to"]), "")


def minute(sequence: Sequence, seed: int) -> int:
    """The minute after midnight at which this enrolment's mails come."""
    width = max(sequence.window_end - sequence.window_start, 1)
    hashed = int.from_bytes(blake2b(seed.to_bytes(8, "big"), digest_size=8).digest(), "big")
    return sequence.window_start + hashed % width


def rest(weekdays: int, blackouts: Collection[Mapping[str, str]]) -> int:
    """The most days in a row that these weekdays and blackouts leave without mails; LOOKED_AHEAD: no day is left.

    `blackouts` as in Sequence. A weekday without mails that touches a blackout makes it longer.
    """
    if not weekdays:
        return LOOKED_AHEAD
    probe, longest = Sequence(weekdays=weekdays, blackouts=list(blackouts)), 0
    for first, last in _stretches(blackouts) or [(ANY_DAY, ANY_DAY)]:
        on, run = first - WEEK, 0
        while on <= last + WEEK and longest < LOOKED_AHEAD:
            run = 0 if _permitted(probe, on) else run + 1
            longest, on = max(longest, run), on + timedelta(days=1)
    return longest


def _stretches(blackouts: Collection[Mapping[str, str]]) -> list[tuple[date, date]]:
    """First and last day of each, those that a week may join taken together."""
    joined: list[tuple[date, date]] = []
    for first, last in sorted((date.fromisoformat(one["from"]), date.fromisoformat(one["to"])) for one in blackouts):
        if joined and first - joined[-1][1] <= WEEK:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _first(sequence: Sequence, zone: ZoneInfo, seed: int, on: date, not_before: datetime) -> datetime:
    """The enrolment's minute on the first permitted day from `on` whose moment is not before `not_before`."""
    at = minute(sequence, seed)
    for _ in range(LOOKED_AHEAD):
        if _permitted(sequence, on):
            found = instant(datetime.combine(on, time(*divmod(at, 60))), zone)
            # A gap in local time can carry the moment out of the window, or (Samoa, 2011) to the next day.
            if found >= not_before and is_open(sequence, zone, found):
                return found
        on += timedelta(days=1)
    raise NoDayLeft(f"“{sequence.title}” has no day left for its mails: change its weekdays or its days without mails")


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time (PEP 495): the first of two, and where there is none, that much later."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _permitted(sequence: Sequence, on: date) -> bool:
    return not closed(sequence, on)
