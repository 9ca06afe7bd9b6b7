"""What somebody gets who joins a course at some moment, and when: foretold by the schedule's own functions.

The minute is each enrolment's own, drawn from the window by a hash, and the day may depend on it: who joins at noon may
not get a mail within 20 hours, so early minutes come a day later. Hence every minute of the window is tried.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.config import settings
from funnel.models.content import Sequence, Step
from funnel.programme import calendar, course, outlook, schedule
from funnel.programme.course import Course
from funnel.programme.history import Person
from funnel.programme.outlook import Coming
from funnel.programme.place import Place

MOST_TRIED = 180  # minutes of a window; of a longer one so many evenly, the first and the last among them
NOBODY = 0
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Expected:
    """One mail: it comes between `first` and `last`, by each reader's own minute.

    `moved`: why it comes later than its day says, in words; empty when it does not.
    """

    step: Step
    first: datetime
    last: datetime
    moved: str = ""


def foretold(found: Course, zone: ZoneInfo, at: datetime) -> list[Expected]:
    """The mails of a course for somebody in `zone` who confirms at `at`, as it stands; none while it is not live."""
    if not found.live or not found.remaining(()):
        return []
    walks = [_walk(found, zone, seed, at) for seed in _seeds(found.sequence)]
    expected: list[Expected] = []
    for each in zip(*walks, strict=True):
        step, first, last = each[0].step, min(one.at for one in each), max(one.at for one in each)
        wanted = _wanted(expected[-1] if expected else None, step, at, zone)
        expected.append(Expected(step, first, last, why_moved(found.sequence, zone, wanted, last)))
    return expected


def why_moved(sequence: Sequence, zone: ZoneInfo, wanted: date, comes: datetime) -> str:
    """Why a mail that is wanted on one local day comes on a later one, in words; empty when it comes that day."""
    late = (comes.astimezone(zone).date() - wanted).days
    if settings().rehearsal or late <= 0:
        return ""
    closed = [why for number in range(late) if (why := calendar.closed(sequence, wanted + number * DAY))]
    rest = f"there are {calendar.QUIET_HOURS} hours between two mails"
    return ", ".join(dict.fromkeys(closed if len(closed) == late else [*closed, rest]))


def _walk(found: Course, zone: ZoneInfo, seed: int, at: datetime) -> list[Coming]:
    """The mails of one whose minute is that of `seed`: as `enrolment.enrol` begins, and the tick goes on."""
    first = found.remaining(())[0]
    person = Person(zone, mailable=True, paused_until=None, last_marketing_at=None, had=frozenset(), waiting=False)
    place = Place(seed, NOBODY, found.sequence.id, 1, first.id, at, at)
    begun: list[Coming] = []
    if course.leaves_at_once(first):
        begun, place = [Coming(first, at)], schedule.follow(place, first, person, found, at)
        person = replace(person, last_marketing_at=at)
    else:
        due_at = calendar.first_due(found.sequence, zone, seed, at, first.day)
        place = replace(place, due_at=due_at, next_at=due_at)
    return begun + outlook.walk([place], person, {found.sequence.id: found}, at)


def _seeds(sequence: Sequence) -> list[int]:
    """For each minute of the window that is tried, an enrolment whose minute it is."""
    if settings().rehearsal:
        return [1]
    minutes = range(sequence.window_start, sequence.window_end)
    wanted = {*minutes[:: -(-len(minutes) // MOST_TRIED)], minutes[-1]}
    seeds: dict[int, int] = {}
    seed = 0
    while len(seeds) < len(wanted):
        seed += 1
        minute = calendar.minute(sequence, seed)
        if minute in wanted:
            seeds.setdefault(minute, seed)
    return list(seeds.values())


def _wanted(before: Expected | None, step: Step, joined_at: datetime, zone: ZoneInfo) -> date:
    """The day it would come if mails came every day: counted, as the schedule does, from the mail before."""
    if before is None:
        days = 0 if course.leaves_at_once(step) else max(step.day, 1)
        return joined_at.astimezone(zone).date() + days * DAY
    return before.last.astimezone(zone).date() + max(step.day - before.step.day, 1) * DAY
