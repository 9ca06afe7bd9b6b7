"""A segment: people chosen by what is known of them. Every part that is set must hold."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from funnel.audience import conditions
from funnel.audience.conditions import Condition
from funnel.audience.line_values import BIGGEST, FIRST, LAST, LONGEST, MOST_WORDS
from funnel.audience.rule import Rule, condition
from funnel.models.content import EnrolmentState
from funnel.models.people import SubscriberState


class Trait(StrEnum):
    PAUSED = "paused"
    NEARLY = "nearly"  # clicked a booking link, did not book
    BOOKED = "booked"
    QUIET = "quiet"  # no click in 90 days
    SUPPRESSED = "suppressed"


@dataclass(frozen=True)
class Segment:
    """Whom a list or a bulk action is about. Nothing set: everybody of whom something is kept."""

    q: str = ""  # words of an address or name
    state: SubscriberState | None = None
    tag: int | None = None
    source: str | None = None  # '' is those without one
    form: int | None = None
    since: date | None = None
    until: date | None = None
    course: int | None = None
    place: EnrolmentState | None = None  # in that course
    step: int | None = None  # the mail they wait for
    trait: frozenset[Trait] = field(default=frozenset())
    saved: int | None = None  # a saved segment, whose rule `segments.looked_up` puts beside it
    rule: Rule | None = None
    loose: bool = False  # the words stand anywhere, not only at the beginning of a word

    @property
    def narrows(self) -> bool:
        """Whether it leaves anybody out."""
        return self != Segment()

    @property
    def words(self) -> list[str]:
        # A NUL can be in no text of the database, and may not be asked for.
        return self.q.replace("\x00", " ").split()[:MOST_WORDS]

    def conditions(self, now: datetime) -> list[Condition]:
        """What must hold of each of them."""
        traits = (_TRAITS[one](now) for one in sorted(self.trait))
        return [*self._of_words(), *self._of_person(), *self._of_saved(now), *traits]

    def plain(self) -> dict[str, list[str]]:
        """As the arguments of a URL, which `read` turns back into the same."""
        found: dict[str, list[str]] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name == "rule":
                continue
            if isinstance(value, frozenset):
                found[part.name] = sorted(value)
            elif value is True:
                found[part.name] = ["1"]
            elif value is not None and value is not False and (value != "" or part.name == "source"):
                found[part.name] = [str(value)]
        return {name: values for name, values in found.items() if values}

    def without(self, name: str, value: str = "") -> "Segment":
        """The same, less one part; of several traits, less this one."""
        if name == "trait":
            return replace(self, trait=self.trait - {Trait(value)})
        default: Any = {part.name: part.default for part in fields(self)}[name]
        return replace(self, **{name: default})

    def _of_words(self) -> Iterator[Condition]:
        if self.words:
            yield conditions.holds(self.words) if self.loose else conditions.begins(self.words)

    def _of_person(self) -> Iterator[Condition]:
        yield conditions.in_state(self.state) if self.state else conditions.kept()
        if self.tag is not None:
            yield conditions.tagged(self.tag)
        if self.source is not None:
            yield conditions.came_by(self.source)
        if self.form is not None:
            yield conditions.by_form(self.form)
        if self.since or self.until:
            yield conditions.joined(self.since, self.until)
        if self.course is not None:
            yield conditions.on_course(self.course, self.place)
        if self.step is not None:
            yield conditions.awaits(self.step)

    def _of_saved(self, now: datetime) -> Iterator[Condition]:
        if self.saved is not None:
            if self.rule is None:  # everybody would be meant
                raise ValueError("the saved segment has not been looked up")
            yield Condition(condition(self.rule, now))


def read(args: Mapping[str, Sequence[str]]) -> tuple[Segment, list[str]]:
    """The segment that these arguments stand for, and the names of those that make no sense and are left out."""
    values: dict[str, Any] = {}
    wrong = []
    for name, parse in _PARTS.items():
        given = [text for text in args.get(name, ()) if text != "" or name == "source"]
        try:
            if given:
                values[name] = parse(given)
        except ValueError:
            wrong.append(name)
    return Segment(**values), wrong


def _number(given: Sequence[str]) -> int:
    number = int(given[0])
    if not 0 < number <= BIGGEST:
        raise ValueError("no number of ours")
    return number


def _day(given: Sequence[str]) -> date:
    day = date.fromisoformat(given[0])
    if not FIRST <= day <= LAST:
        raise ValueError("no day of ours")
    return day


_TRAITS: dict[Trait, Callable[[datetime], Condition]] = {
    Trait.PAUSED: conditions.paused,
    Trait.NEARLY: lambda _now: conditions.nearly_booked(),
    Trait.BOOKED: lambda _now: conditions.booked(),
    Trait.QUIET: conditions.quiet,
    Trait.SUPPRESSED: lambda _now: conditions.suppressed(),
}
_PARTS: dict[str, Any] = {
    "q": lambda given: given[0][:LONGEST],
    "state": lambda given: SubscriberState(given[0]),
    "tag": _number,
    "source": lambda given: given[0][:LONGEST].replace("\x00", ""),
    "form": _number,
    "since": _day,
    "until": _day,
    "course": _number,
    "place": lambda given: EnrolmentState(given[0]),
    "step": _number,
    "saved": _number,
    "trait": lambda given: frozenset(Trait(one) for one in given),
    "loose": lambda given: given[0] == "1",
}
