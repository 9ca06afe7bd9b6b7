"""What the lines of a rule need to know, read from JSON: each refuses what makes no sense, in words for an owner."""

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Any

from funnel.models.people import Pace

MOST_DAYS = 3650
MOST_WORDS = 5
LONGEST = 200  # signs of what is searched for
BIGGEST = (1 << 63) - 1
FIRST, LAST = date(1970, 1, 1), date(2999, 12, 30)  # a day more must be a day too


class Place(StrEnum):
    """Where somebody stands in a course."""

    NOW = "now"
    FINISHED = "finished"
    STOPPED = "stopped"
    EVER = "ever"


def _number(what: str) -> Callable[[object], int]:
    def read(given: object) -> int:
        if not isinstance(given, int) or isinstance(given, bool) or not 0 < given <= BIGGEST:
            raise ValueError(f"Please choose {what}.")
        return given

    return read


def _days(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 0 < given <= MOST_DAYS:
        raise ValueError(f"Please type a number of days from 1 to {MOST_DAYS}.")
    return given


def _day(given: object) -> date | None:
    if given in (None, ""):
        return None
    try:
        day = date.fromisoformat(str(given))
    except ValueError:
        raise ValueError("Please give the day as a date.") from None
    if not FIRST <= day <= LAST:
        raise ValueError("Please give a day of our time.")
    return day


def _source(given: object) -> str:
    if not isinstance(given, str) or len(given) > LONGEST or "\x00" in given:
        raise ValueError("Please choose what they came by.")
    return given


def _words(given: object) -> str:
    words = given.replace("\x00", " ").split() if isinstance(given, str) else []
    if not words or len(words) > MOST_WORDS or len(" ".join(words)) > LONGEST:
        raise ValueError(f"Please type one word or more of an address or name, {MOST_WORDS} at most.")
    return " ".join(words)


def _one_of(choices: type[StrEnum], what: str) -> Callable[[object], StrEnum]:
    def read(given: object) -> StrEnum:
        if given not in [one.value for one in choices]:
            raise ValueError(f"Please choose {what}.")
        return choices(given)

    return read


PARTS: dict[str, Callable[[object], Any]] = {
    "source": _source,
    "form": _number("a form"),
    "tag": _number("a tag"),
    "course": _number("a course"),
    "place": _one_of(Place, "where in the course"),
    "step": _number("a mail"),
    "days": _days,
    "newsletter": _number("a newsletter"),
    "since": _day,
    "until": _day,
    "pace": _one_of(Pace, "how often"),
    "words": _words,
    "segment": _number("a segment"),
}
