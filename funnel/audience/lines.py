"""The lines a rule is made of, and how they are read from JSON and written to it."""

from dataclasses import fields
from datetime import date
from typing import Any

from funnel.audience.line import Line
from funnel.audience.line_values import PARTS
from funnel.audience.lines_of_past import (
    Awaits,
    Booked,
    Clicked,
    ClickedIssue,
    GotIssue,
    NearlyBooked,
    OnCourse,
    Quiet,
)
from funnel.audience.lines_of_person import (
    AtPace,
    ByForm,
    Called,
    CameBy,
    Everybody,
    InSegment,
    Joined,
    Tagged,
)

KINDS: dict[str, type[Line]] = {
    kind.kind: kind
    for kind in (
        Everybody,
        CameBy,
        ByForm,
        Tagged,
        Joined,
        AtPace,
        Called,
        InSegment,
        OnCourse,
        Awaits,
        NearlyBooked,
        Booked,
        Quiet,
        Clicked,
        GotIssue,
        ClickedIssue,
    )
}


def read(plain: dict[str, Any]) -> Line:
    """A line from its JSON. Raises ValueError, saying in words for an owner what it lacks."""
    kind = KINDS.get(str(plain.get("is")))
    if kind is None:
        raise ValueError("Please choose what is asked.")
    wanted = [one.name for one in fields(kind)]
    if extra := set(plain) - {"is", *wanted}:
        raise ValueError(f"“{min(extra)}” is not a part of this.")
    values = {name: PARTS[name](plain.get(name)) for name in wanted}
    if kind is Joined:
        _check_days(values["since"], values["until"])
    return kind(**values)


def write(line: Line) -> dict[str, Any]:
    values = {one.name: getattr(line, one.name) for one in fields(line)}
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    return {"is": line.kind, **{name: value for name, value in plain.items() if value is not None}}


def _check_days(since: date | None, until: date | None) -> None:
    if since is None and until is None:
        raise ValueError("Please give the first day, the last day, or both.")
    if since and until and until < since:
        raise ValueError("The last day is before the first.")
