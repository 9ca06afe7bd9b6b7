"""The order of a course's mails: which day each has, what a day may be, and who changes places with whom.

A mail that is retired keeps its day and takes nobody's. Days differ, so that the order is never in doubt.
"""

from collections.abc import Collection, Iterable

from funnel.models.content import SequenceState, Step, StepKind
from funnel.programme.content_fields import LAST_DAY
from funnel.programme.wording import DAY, Fault

GAP = 3  # days from the last mail to a new one
KIND = "kind"

Days = dict[int, int]  # of each live step, by its id


def in_use(steps: Iterable[Step]) -> list[Step]:
    """Those that are live or about to be, in order."""
    return sorted((step for step in steps if step.state is not SequenceState.RETIRED), key=lambda step: step.day)


def days(steps: Iterable[Step]) -> Days:
    """The days of those that people get."""
    return {step.id: step.day for step in steps if step.state is SequenceState.LIVE}


def next_day(steps: Collection[Step]) -> int:
    """A day for one more mail at the end; 0 for the first. Raises ValueError when the course's year is full."""
    used = in_use(steps)
    if not used:
        return 0
    day = min(used[-1].day + GAP, LAST_DAY)
    if day <= used[-1].day:
        raise ValueError(f"The last mail comes on day {LAST_DAY} already. Move it forward, or retire one.")
    return day


def refusals(step: Step, steps: Iterable[Step], day: int, kind: StepKind) -> list[Fault]:
    """Why the course cannot have `step` on this day as this kind."""
    taken = [other for other in in_use(steps) if other.id != step.id and other.day == day]
    found = [Fault(DAY, 0, f"Day {day} is taken by “{other.subject}”. Choose another.") for other in taken]
    if (kind is StepKind.WELCOME) != (day == 0):
        told = "The welcome leaves at once, on day 0." if kind is StepKind.WELCOME else "Day 0 is the welcome's."
        found.append(Fault(KIND if day else DAY, 0, f"{told} Choose another day, or another kind."))
    return found


def exchanged(steps: Iterable[Step], step: Step, earlier: bool) -> Days:
    """The days of the two mails that change places when `step` moves up (earlier) or down; empty at the end.

    The welcome stays where it is.
    """
    used = in_use(steps)
    at = used.index(step)
    to = at - 1 if earlier else at + 1
    if not 0 <= to < len(used) or StepKind.WELCOME in (step.kind, used[to].kind):
        return {}
    return {step.id: used[to].day, used[to].id: step.day}
