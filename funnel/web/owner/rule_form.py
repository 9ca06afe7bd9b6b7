"""The rule of a segment as a form: groups of lines, read with all that was typed, and changed by its buttons.

Any page may hold it (templates/owner/segments/rule.html): its fields begin with “rule-”, and a button that adds or
takes away a line posts the page's form back, which shows what `read` and `pressed` make of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from funnel.audience import rule as rules
from funnel.audience.rule import MOST_LINES, Plain, RuleError
from funnel.web.owner import rule_words

DO = "rule-do"  # the name of the buttons
DEFAULT_DAYS = "90"
_FIELD = re.compile(r"rule-(\d{1,3})-(\d{1,3})-(not|what|days|since|until|words)")
_NUMBERED = {"tagged": "tag", "by_form": "form", "awaits": "step", "segment": "segment"}
_NUMBERED |= {"got_issue": "newsletter", "clicked_issue": "newsletter"}


@dataclass
class TypedLine:
    """One line as it stands in the form."""

    what: str = ""
    is_not: bool = False
    days: str = DEFAULT_DAYS
    since: str = ""
    until: str = ""
    words: str = ""
    problem: str = ""

    def plain(self) -> Plain:
        """Its JSON, which `rule.read` may refuse."""
        line = self._plain()
        return {"not": line} if self.is_not else line

    def _plain(self) -> Plain:
        kind, _, value = self.what.partition(":")
        if kind in rule_words.DAYS:
            return {"is": kind, "days": int(self.days) if self.days.isdecimal() and len(self.days) < 9 else 0}
        if kind in rule_words.SPAN:
            return {"is": kind, **{name: day for name in ("since", "until") if (day := getattr(self, name))}}
        if kind in rule_words.TEXT:
            return {"is": kind, "words": self.words}
        if kind == "came_by":
            return {"is": kind, "source": value}
        if kind == "pace":
            return {"is": kind, "pace": value}
        if kind == "on_course":
            course, _, place = value.partition("-")
            return {"is": kind, "course": _number(course), "place": place}
        return {"is": kind, _NUMBERED[kind]: _number(value)} if kind in _NUMBERED else {"is": kind}


@dataclass
class TypedGroup:
    match: str = "all"
    lines: list[TypedLine] = field(default_factory=lambda: [TypedLine()])


@dataclass
class TypedRule:
    """The form. `problem`: what is wrong with the whole of it; a line's own stands with the line."""

    match: str = "all"
    groups: list[TypedGroup] = field(default_factory=lambda: [TypedGroup(lines=[TypedLine("everybody")])])
    problem: str = ""

    @property
    def lines(self) -> list[TypedLine]:
        return [line for group in self.groups for line in group.lines]

    def plain(self) -> Plain:
        """Its JSON, whole, which `rule.read` may refuse."""
        groups = [{group.match: [line.plain() for line in group.lines]} for group in self.groups]
        return {self.match: groups}

    def so_far(self) -> Plain | None:
        """The same of those lines that make sense; None: of none."""
        sound = [(group.match, [line.plain() for line in group.lines if _makes_sense(line)]) for group in self.groups]
        groups = [{match: lines} for match, lines in sound if lines]
        return {self.match: groups} if groups else None

    def blame(self, error: RuleError) -> None:
        """Puts the words of a refusal beside the line they are about."""
        if len(error.place) >= 2:
            group, line = error.place[:2]
            self.groups[group - 1].lines[line - 1].problem = error.words
        else:
            self.problem = error.words


def read(form: Mapping[str, str]) -> TypedRule:
    """What stands in the form, in its order, nothing refused."""
    found: dict[int, dict[int, TypedLine]] = {}
    for name, value in form.items():
        if match := _FIELD.fullmatch(name):
            group, at, part = int(match[1]), int(match[2]), match[3]
            line = found.setdefault(group, {}).setdefault(at, TypedLine())
            if part == "not":
                line.is_not = value == "not"
            else:
                setattr(line, part, value.strip())
    if not found:
        return TypedRule()
    groups = [
        TypedGroup(_match(form.get(f"rule-{number}-match")), [lines[at] for at in sorted(lines)])
        for number, lines in sorted(found.items())
    ]
    return TypedRule(_match(form.get("rule-match")), groups)


def of(plain: Plain) -> TypedRule:
    """The form of a rule that this form made. Raises RuleError for one that has no place in two levels."""
    match, groups = _opened(plain)
    return TypedRule(match, [_group(group) for group in groups])


def pressed(typed: TypedRule, button: str) -> None:
    """Does what a button asks: “add-line-2”, “drop-line-2-1”, “add-group”. Whatever is none does nothing."""
    verb, _, where = button.partition("-")
    what, *numbers = where.split("-")
    places = [int(number) - 1 for number in numbers if number.isdecimal()]
    room = len(typed.lines) < MOST_LINES
    if (verb, what) == ("add", "group") and room:
        typed.groups.append(TypedGroup())
    elif (verb, what, len(places)) == ("add", "line", 1) and room and places[0] < len(typed.groups):
        typed.groups[places[0]].lines.append(TypedLine())
    elif (verb, what, len(places)) == ("drop", "line", 2) and places[0] < len(typed.groups):
        group = typed.groups[places[0]]
        group.lines[places[1] : places[1] + 1] = []
        typed.groups = [one for one in typed.groups if one.lines] or TypedRule().groups


def _group(plain: Plain) -> TypedGroup:
    match, lines = _opened(plain)
    return TypedGroup(match, [_line(line) for line in lines])


def _line(plain: Plain) -> TypedLine:
    is_not = "not" in plain
    inside: Any = plain["not"] if is_not else plain
    if "is" not in inside:
        raise RuleError("This rule was not made here, and cannot be changed here.")
    days = str(inside.get("days", DEFAULT_DAYS))
    typed = {name: inside.get(name, "") for name in ("since", "until", "words")}
    return TypedLine(rule_words.choice(inside), is_not, days, **typed)


def _opened(plain: Plain) -> tuple[str, list[Plain]]:
    for match in ("all", "any"):
        if match in plain:
            return match, plain[match]
    return "all", [plain]


def _makes_sense(line: TypedLine) -> bool:
    try:
        rules.read(line.plain())
    except RuleError:
        return False
    return True


def _match(given: str | None) -> str:
    return "any" if given == "any" else "all"


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0
