"""A regular newsletter as a form: its days, its hour and what its drafts begin with; read with all that was typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session as OrmSession

from funnel.audience import segments, topics
from funnel.config import settings
from funnel.models.rhythms import Every, Rhythm
from funnel.programme import prose, rhythms, turns
from funnel.programme.permitted import DAY_NAMES

LONGEST = 150
MOST_WEEKS = 8
MOST_LEAD = 14  # days
FURTHEST = timedelta(days=731)
NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", turns.LAST: "last"}

NO_NAME = "Please give it a name, such as Monthly tips."
NO_SUBJECT = "Please write a subject: you can still change it in each draft."
TOO_LONG = f"Please shorten it to {LONGEST} signs or fewer."
NO_DAY = "Please type a day of the month, from 1 to 31."
NO_WEEKS = f"Please type a number of weeks, from 1 to {MOST_WEEKS}."
NO_FIRST = "Please choose the first day, within two years."
NO_TIME = "Please choose a time, such as 09:00."
NO_LEAD = f"Please type a number of days, from 0 to {MOST_LEAD}."
OVERLAPS = "Please make it fewer days than there are from one to the next."
NO_TOPIC = "Please choose again: that topic is not offered any more."
NO_SEGMENT = "Please choose again: that segment is no more."


@dataclass
class TypedRhythm:
    """The form, each field as it was typed; `problems` by the field."""

    name: str = "Monthly tips"
    subject: str = "Tips for {{ month }}"
    every: str = Every.WEEKDAY
    nth: str = "1"
    weekday: str = "1"
    day: str = "1"
    weeks: str = "2"
    first_on: str = ""
    at: str = "09:00"
    lead_days: str = "3"
    segment: str = ""
    topic: str = ""
    reminds: bool = True
    problems: dict[str, str] = field(default_factory=dict)

    def values(self, session: OrmSession, now: datetime) -> dict[str, Any]:
        """The columns of what was typed; what is wrong then stands in `problems`."""
        every = Every(self.every) if self.every in set(Every) else Every.WEEKDAY
        found: dict[str, Any] = {
            "name": self._line("name", NO_NAME),
            "subject": self._subject(now),
            "every": every,
            "nth": int(self.nth) if self.nth in map(str, NTH) else 1,
            "weekday": int(self.weekday) if self.weekday in map(str, range(7)) else 0,
            "day": self._number("day", 1, 31, NO_DAY, every is Every.DAY),
            "weeks": self._number("weeks", 1, MOST_WEEKS, NO_WEEKS, every is Every.WEEKS),
            "first_on": self._first_on(now, every is Every.WEEKS),
            "minute": self._minute(),
            "lead_days": self._number("lead_days", 0, MOST_LEAD, NO_LEAD),
            "segment_id": self._segment(session),
            "topic_id": self._topic(session),
            "reminds": self.reminds,
        }
        if every is Every.WEEKS and found["lead_days"] >= 7 * found["weeks"]:
            self.problems.setdefault("lead_days", OVERLAPS)
        return found

    def _line(self, name: str, missing: str) -> str:
        tidy = " ".join(getattr(self, name).split())
        if not tidy:
            self.problems[name] = missing
        elif len(tidy) > LONGEST:
            self.problems[name] = TOO_LONG
        return tidy

    def _subject(self, now: datetime) -> str:
        tidy = self._line("subject", NO_SUBJECT)
        if found := prose.check(rhythms.subject_of(tidy, now.date()), (*prose.STEP_TAGS, *rhythms.TURN_TAGS)):
            self.problems.setdefault("subject", found[0].text)
        return tidy

    def _number(self, name: str, least: int, most: int, wrong: str, matters: bool = True) -> int:
        """What was typed; nothing is wrong with one that does not matter, since another choice was made."""
        text = getattr(self, name).strip()
        if text.isascii() and text.isdecimal() and len(text) < 4 and least <= int(text) <= most:
            return int(text)
        if matters:
            self.problems[name] = wrong
        return least

    def _first_on(self, now: datetime, matters: bool) -> date:
        today = now.astimezone(settings().zone).date()
        try:
            found = date.fromisoformat(self.first_on)
        except ValueError:
            found = date.min
        if abs(found - today) <= FURTHEST:
            return found
        if matters:
            self.problems["first_on"] = NO_FIRST
        return today

    def _minute(self) -> int:
        try:
            found = time.fromisoformat(self.at)
        except ValueError:
            self.problems["at"] = NO_TIME
            return 0
        return found.hour * 60 + found.minute

    def _segment(self, session: OrmSession) -> int | None:
        if not self.segment:
            return None
        number = int(self.segment) if self.segment.isdecimal() and len(self.segment) < 19 else 0
        segments.hold(session, [number])
        if number not in segments.names(session):
            self.problems["segment"] = NO_SEGMENT
        return number

    def _topic(self, session: OrmSession) -> int | None:
        if not self.topic:
            return None
        offered = {str(one.id): one.id for one in topics.offered(session)}
        if self.topic not in offered:
            self.problems["topic"] = NO_TOPIC
        return offered.get(self.topic)


def read(form: Mapping[str, str]) -> TypedRhythm:
    """What stands in the form, nothing refused."""
    names = (
        "name",
        "subject",
        "every",
        "nth",
        "weekday",
        "day",
        "weeks",
        "first_on",
        "at",
        "lead_days",
        "segment",
        "topic",
    )
    typed: dict[str, Any] = {name: form.get(name, "")[: 4 * LONGEST].replace("\0", "") for name in names}
    return replace(TypedRhythm(**typed), reminds=form.get("reminds") == "1")


def of(rhythm: Rhythm) -> TypedRhythm:
    """As it is kept."""
    return TypedRhythm(
        name=rhythm.name,
        subject=rhythm.subject,
        every=rhythm.every,
        nth=str(rhythm.nth),
        weekday=str(rhythm.weekday),
        day=str(rhythm.day),
        weeks=str(rhythm.weeks),
        first_on=rhythm.first_on.isoformat(),
        at=f"{rhythm.minute // 60:02}:{rhythm.minute % 60:02}",
        lead_days=str(rhythm.lead_days),
        segment=str(rhythm.segment_id or ""),
        topic=str(rhythm.topic_id or ""),
        reminds=rhythm.reminds,
    )


def new(now: datetime) -> TypedRhythm:
    """As one begins."""
    return TypedRhythm(first_on=now.astimezone(settings().zone).date().isoformat())


def said(rhythm: Rhythm) -> str:
    """Its days in plain words, such as “on the first Tuesday of every month”."""
    if rhythm.every is Every.WEEKS:
        name = DAY_NAMES[rhythm.first_on.weekday()]
        return f"every {name}" if rhythm.weeks == 1 else f"every {rhythm.weeks} weeks on {name}"
    if rhythm.every is Every.WEEKDAY:
        return f"on the {NTH[rhythm.nth]} {DAY_NAMES[rhythm.weekday]} of every month"
    if rhythm.day == 31:
        return "on the last day of every month"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(rhythm.day % 10 if rhythm.day not in (11, 12, 13) else 0, "th")
    shorter = ", or its last day" if rhythm.day > 28 else ""
    return f"on the {rhythm.day}{ending} of every month{shorter}"
