"""When the mails of a course may come, as its owner types it: hours, weekdays, and days without mails."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from funnel.models.content import Sequence
from funnel.programme import calendar, content_fields
from funnel.programme.wording import IT, Fault

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_BLACKOUTS = 50
LONGEST_NAME = 80
YEARS = range(2020, 2101)


@dataclass
class Typed:
    """What stands in the form. `weekdays`: their numbers, Monday's is 0. A blackout is (first, last, name)."""

    title: str = ""
    start: str = ""
    end: str = ""
    weekdays: list[int] = field(default_factory=list)
    blackouts: list[tuple[str, str, str]] = field(default_factory=list)


def typed(course: Sequence) -> Typed:
    start, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (course.window_start, course.window_end))
    weekdays = [number for number in range(7) if course.weekdays >> number & 1]
    blackouts = [(one["from"], one["to"], one["name"]) for one in course.blackouts]
    return Typed(course.title, start, end, weekdays, blackouts)


def read(form: Typed) -> tuple[dict[str, Any], list[Fault]]:
    """The columns of a sequence, and all that is wrong. What leaves no day for the mails is refused."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, reader, given in (
        ("title", content_fields.line, form.title),
        ("window", content_fields.window, f"{form.start}–{form.end}"),
    ):
        values[name], problems = content_fields.value(name, given, reader, called=IT)
        faults += [Fault(name, 0, problem.text) for problem in problems]
    values["weekdays"] = sum(1 << number for number in set(form.weekdays) if 0 <= number < len(DAY_NAMES))
    if not values["weekdays"]:
        faults.append(Fault("weekdays", 0, "Choose one day at least, or no mail could ever leave."))
    values["blackouts"], wrong = _blackouts(form.blackouts)
    faults += wrong
    if not faults and (rest := calendar.rest(values["weekdays"], values["blackouts"])) > calendar.LONGEST_REST:
        told = "a year or more" if rest >= calendar.LOOKED_AHEAD else f"{rest} days"
        why = (
            f"No mail could leave for {told}; {calendar.LONGEST_REST} days are the most. To stop for longer, pause it."
        )
        faults.append(Fault("blackouts", 0, why))
    if values["window"]:
        values["window_start"], values["window_end"] = values["window"]
    del values["window"]
    return values, faults


def _blackouts(rows: Iterable[tuple[str, str, str]]) -> tuple[list[dict[str, str]], list[Fault]]:
    found: list[dict[str, str]] = []
    faults: list[Fault] = []
    for place, (first, last, name) in enumerate(rows, start=1):
        if not (first or last or name):
            continue
        try:
            found.append(_blackout(first or last, last or first, name))
        except ValueError as error:
            faults.append(Fault("blackouts", place, str(error)))
    if len(found) > MOST_BLACKOUTS:
        faults.append(Fault("blackouts", 0, f"There is room for {MOST_BLACKOUTS}: delete those that are past."))
    return sorted(found, key=lambda one: one["from"]), faults


def _blackout(first: str, last: str, name: str) -> dict[str, str]:
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise ValueError("Give its first and its last day, such as 2026-12-24.") from None
    if end < start:
        raise ValueError("Its last day is before its first.")
    if start.year not in YEARS or end.year not in YEARS:
        raise ValueError(f"Its year must be one from {YEARS[0]} to {YEARS[-1]}.")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"Its name is longer than {LONGEST_NAME} signs.")
    try:
        return {"from": start.isoformat(), "to": end.isoformat(), "name": content_fields.line(name or "No mails")}
    except ValueError as error:
        raise ValueError(f"Its name {error}.") from None
