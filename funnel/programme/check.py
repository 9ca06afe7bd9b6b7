"""One thing that was looked at before a mail may leave, and what was found."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    GOOD = "good"
    WARN = "warn"  # said, and left to the author
    STOP = "stop"  # does not go live, nor is it sent


@dataclass(frozen=True)
class Check:
    """`name`: what was looked at; `words`: what was found, and how to mend it; `line`: of the field, from 1."""

    name: str
    state: State
    words: str
    field: str = "body"
    line: int | None = None


def worst(checks: Collection[Check]) -> State:
    """What they amount to together; good when there are none."""
    found = {check.state for check in checks}
    return next((state for state in (State.STOP, State.WARN) if state in found), State.GOOD)


def stops(checks: Collection[Check]) -> list[Check]:
    """Those that keep a mail from going live or being sent."""
    return [check for check in checks if check.state is State.STOP]
