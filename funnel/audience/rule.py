"""A rule: lines joined by all, any and not, which say whom a segment or a newsletter is about.

As JSON, which is how it is kept:

    {"all": [{"is": "booked"}, {"not": {"is": "tagged", "tag": 3}}, {"any": [...]}]}

No rule at all (None) is everybody. A line may name a saved segment; `audience/segments` puts its rule in that place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, not_, or_

from funnel.audience import lines
from funnel.audience.line import Line
from funnel.audience.lines_of_person import InSegment

MOST_LINES = 60
DEEPEST = 8  # levels of all, any and not

Plain = dict[str, Any]


class RuleError(ValueError):
    """What makes no sense in a rule, in words for an owner. `place`: the parts that lead there, counted from 1."""

    def __init__(self, words: str, place: tuple[int, ...] = ()) -> None:
        super().__init__(f"{'.'.join(map(str, place))}: {words}" if place else words)
        self.words, self.place = words, place


@dataclass(frozen=True)
class AllOf:
    parts: tuple["Rule", ...]


@dataclass(frozen=True)
class AnyOf:
    parts: tuple["Rule", ...]


@dataclass(frozen=True)
class Not:
    part: "Rule"


Rule = AllOf | AnyOf | Not | Line


def read(plain: object) -> Rule:
    """The rule that this JSON stands for. Raises RuleError, naming the place of what makes no sense."""
    found = _read(plain, (), 1)
    if sum(1 for _ in each(found)) > MOST_LINES:
        raise RuleError(f"A rule may have {MOST_LINES} lines at most.")
    return found


def write(rule: Rule) -> Plain:
    """Its JSON, which `read` turns back into the same."""
    if isinstance(rule, AllOf):
        return {"all": [write(part) for part in rule.parts]}
    if isinstance(rule, AnyOf):
        return {"any": [write(part) for part in rule.parts]}
    return {"not": write(rule.part)} if isinstance(rule, Not) else lines.write(rule)


def condition(rule: Rule, now: datetime) -> ColumnElement[bool]:
    """The rule as a condition on Subscriber. Raises RuleError for one with a segment not unfolded."""
    if isinstance(rule, AllOf):
        return and_(*(condition(part, now) for part in rule.parts))
    if isinstance(rule, AnyOf):
        return or_(*(condition(part, now) for part in rule.parts))
    if isinstance(rule, Not):
        return not_(condition(rule.part, now))
    if isinstance(rule, InSegment):
        raise RuleError("The segment named here has not been looked up.")
    return rule.holds(now)


def each(rule: Rule, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Line]]:
    """Its lines with their places, in order."""
    if isinstance(rule, Not):
        yield from each(rule.part, place)
    elif isinstance(rule, Line):
        yield place, rule
    else:
        for at, part in enumerate(rule.parts, 1):
            yield from each(part, (*place, at))


def changed(rule: Rule, change: Callable[[Line], Rule]) -> Rule:
    """The same rule with each line as `change` makes it."""
    if isinstance(rule, Line):
        return change(rule)
    if isinstance(rule, Not):
        return Not(changed(rule.part, change))
    return type(rule)(tuple(changed(part, change) for part in rule.parts))


def _read(plain: object, place: tuple[int, ...], depth: int) -> Rule:
    if depth > DEEPEST:
        raise RuleError(f"Groups may lie in one another {DEEPEST} deep at most.", place)
    if not isinstance(plain, dict) or not plain:
        raise RuleError("This is no rule.", place)
    if "is" in plain:
        try:
            return lines.read(plain)
        except ValueError as error:
            raise RuleError(str(error), place) from None
    [(word, inside), *more] = plain.items()
    if more or word not in ("all", "any", "not"):
        raise RuleError("This is neither a line nor one of all, any and not.", place)
    if word == "not":
        return Not(_read(inside, place, depth + 1))
    if not isinstance(inside, list) or not inside:
        raise RuleError("There is no line in this group.", place)
    parts = tuple(_read(part, (*place, at), depth + 1) for at, part in enumerate(inside, 1))
    return AllOf(parts) if word == "all" else AnyOf(parts)
