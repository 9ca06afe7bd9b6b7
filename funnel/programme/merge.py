"""Merge tags: `{{ first_name | default("there") }}`, a fixed list of names, and nothing else.

Owner-written mails are not templates: a value put in is text, and is never read for tags again.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

NAME = "first_name"
NAMES = (
    NAME,
    "practitioner_name",
    "practice_name",
    "practice_address",
    "emergency_number",
    "site",
    "booking_link",
    "booked_link",
    "handout_link",
    "unsubscribe_link",
    "preferences_link",
    "confirm_link",
    "fresh_link",
    "owner_link",
    "account_link",
    "form_title",
    "rhythm_name",
    "note_count",
    "turn_day",
)
EXAMPLE = '{{ first_name | default("there") }}'

_MARK = re.compile(r"\{\{|\{%|\{#|\}\}")  # where a tag begins, or something that only looks like one
_TAG = re.compile(  # stays on one line
    r"""\{\{ S (\w+) S (?: \| S (\w+) S (?: \( S "([^"\n]*)" S \) S )? )? \}\}""".replace("S", r"[^\S\n]*"),
    re.VERBOSE,
)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a text, and how to mend it."""

    line: int
    text: str


@dataclass(frozen=True)
class Tag:
    """A place for a value; `default` stands in when the value is empty."""

    name: str
    default: str = ""


class BadTags(ValueError):  # noqa: N818 (it names what was found)
    """A text whose tags are refused; `problems` tells each with its line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"line {problem.line}: {problem.text}" for problem in problems))
        self.problems = problems


def check(text: str, first_line: int = 1) -> list[Problem]:
    """Every tag in `text` that is refused, in the order they stand, lines counted from `first_line`."""
    return [found for found in _read(text, first_line) if isinstance(found, Problem)]


def pieces(text: str) -> list[str | Tag]:
    """`text` cut at its tags. Raises BadTags when `check` finds a problem in it."""
    found = list(_read(text, 1))
    if problems := [piece for piece in found if isinstance(piece, Problem)]:
        raise BadTags(problems)
    return [piece for piece in found if not isinstance(piece, Problem)]


def fill(text: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """`text` with its tags replaced. What is put in, value or default, goes through `escape`; the rest stands as it is.

    Raises BadTags as `pieces` does, and KeyError for a tag that has neither a value in `values` nor a default.
    """
    return "".join(piece if isinstance(piece, str) else escape(value(piece, values)) for piece in pieces(text))


def shown(text: str) -> str:
    """As a reader sees it who left the form's fields empty. Tags that are refused stay, and are told elsewhere."""
    try:
        return "".join(piece if isinstance(piece, str) else piece.default for piece in pieces(text))
    except BadTags:
        return text


def value(tag: Tag, values: Mapping[str, str]) -> str:
    """What stands in a tag's place: its default when the value is blank. Raises KeyError as `fill` does."""
    found = values.get(tag.name, "") if tag.default else values[tag.name]
    return found if found.strip() else tag.default


def _read(text: str, first_line: int) -> Iterator[str | Tag | Problem]:
    done = 0
    while mark := _MARK.search(text, done):
        if mark.start() > done:
            yield text[done : mark.start()]
        whole = _TAG.match(text, mark.start())
        line = first_line + text.count("\n", 0, mark.start())
        yield _tag(whole, line) if whole else Problem(line, _why_not(text, mark))
        done = whole.end() if whole else _end(text, mark)
    if done < len(text):
        yield text[done:]


def _tag(whole: re.Match[str], line: int) -> Tag | Problem:
    name, rule, default = whole.groups()
    if name not in NAMES:
        return Problem(line, f"“{name}” is not a tag.{_nearest(name)} The tags are: {', '.join(NAMES)}.")
    if rule is None:
        return Tag(name)
    if rule != "default":
        return Problem(line, f"“{rule}” is not known after the bar; only default is. Write it as {EXAMPLE}.")
    if default is None:
        return Problem(line, f"default has no words. Write it as {EXAMPLE}.")
    return Tag(name, default)


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), NAMES, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _why_not(text: str, mark: re.Match[str]) -> str:
    if mark[0] == "}}":
        return f"This }}}} closes no tag. A tag is written as {EXAMPLE}."
    if mark[0] != "{{":
        return f"{mark[0]} is not used here: mails have merge tags, not templates. A tag is written as {EXAMPLE}."
    if "}}" not in text[mark.end() : _end(text, mark)]:
        return f"This {{{{ is not closed by }}}} on its line. A tag is written as {EXAMPLE}."
    written = text[mark.start() : _end(text, mark)]
    return f"“{written}” cannot be read. Write it as {EXAMPLE}. The tags are: {', '.join(NAMES)}."


def _end(text: str, mark: re.Match[str]) -> int:
    """Where reading goes on after a mark that is no tag: behind its own closing, so that one mistake is told once."""
    if mark[0] != "{{":
        return mark.end()
    line_end = text.find("\n", mark.end())
    rest = text[mark.end() : line_end if line_end >= 0 else len(text)].split("{{")[0]
    return mark.end() + (rest.index("}}") + 2 if "}}" in rest else 0)
