"""Merge tags: `{{ first_name | default("there") }}`, a fixed list of names, and nothing else.

Owner-written mails are not templates: a value put in is text, and is never read for tags again.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
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
    "sheet_link",
    "sheet_title",
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
NEAR, FAR = 0.6, 0.45  # likeness, from 0 to 1, of what was typed to the tag that was meant; below FAR there is none

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


@dataclass(frozen=True)
class Place:
    """Where a text stands: the tags that are filled in there, and how that of the first name is best written."""

    tags: Collection[str]
    name: str = EXAMPLE

    @property
    def example(self) -> str:
        """The mend for what cannot be read as a tag."""
        known = NAME if NAME in self.tags else next(iter(self.tags), "")
        return f"Write it as {self.written(known)}." if known else "Nothing is filled in here: write the words."

    def written(self, tag: str) -> str:
        return self.name if tag == NAME else f"{{{{ {tag} }}}}"

    def meant(self, typed: str) -> str:
        """The tag that was probably meant, as a question; where none is like it, all that there are."""
        small = typed.lower()
        nearest = max(self.tags, key=lambda tag: _likeness(small, tag), default="")
        if nearest and _likeness(small, nearest) >= NEAR:
            return f"Did you mean {self.written(nearest)}?"
        return self.known(typed)

    def known(self, typed: str) -> str:
        """All that can be filled in there, the nearest to what was typed first."""
        if not self.tags or self is ANYWHERE:
            return self.example
        small = typed.lower()
        nearest = sorted(self.tags, key=lambda tag: max(FAR, _likeness(small, tag)), reverse=True)
        return f"What can be filled in here: {', '.join(nearest)}."


ANYWHERE = Place(NAMES)  # of a text whose place is not known


class BadTags(ValueError):  # noqa: N818 (it names what was found)
    """A text whose tags are refused; `problems` tells each with its line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"line {problem.line}: {problem.text}" for problem in problems))
        self.problems = problems


def check(text: str, first_line: int = 1, place: Place = ANYWHERE) -> list[Problem]:
    """Every tag in `text` that is none at all, in the order they stand, lines counted from `first_line`.

    What is said against it names tags of the `place` alone.
    """
    return [found for found in _read(text, first_line, place) if isinstance(found, Problem)]


def pieces(text: str) -> list[str | Tag]:
    """`text` cut at its tags. Raises BadTags when `check` finds a problem in it."""
    found = list(_read(text, 1, ANYWHERE))
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


def _read(text: str, first_line: int, place: Place) -> Iterator[str | Tag | Problem]:
    done = 0
    while mark := _MARK.search(text, done):
        if mark.start() > done:
            yield text[done : mark.start()]
        whole = _TAG.match(text, mark.start())
        line = first_line + text.count("\n", 0, mark.start())
        yield _tag(whole, line, place) if whole else Problem(line, _why_not(text, mark, place))
        done = whole.end() if whole else _end(text, mark)
    if done < len(text):
        yield text[done:]


def _tag(whole: re.Match[str], line: int, place: Place) -> Tag | Problem:
    name, rule, default = whole.groups()
    if name not in NAMES:
        return Problem(line, f"“{name}” is not a tag. {place.meant(name)}")
    if rule is None:
        return Tag(name)
    if rule != "default":
        return Problem(line, f"“{rule}” is not known after the bar; only default is. {place.example}")
    if default is None:
        return Problem(line, f"default has no words. {place.example}")
    return Tag(name, default)


def _likeness(typed: str, tag: str) -> float:
    """From 0 to 1; a tag that was typed with something around it is meant, and a part of its name may mean it."""
    words = set(re.findall(r"\w+", typed))
    if tag in words:
        return 1.0
    known = NEAR if words & set(tag.split("_")) else 0.0
    return max(known, difflib.SequenceMatcher(None, typed, tag).ratio())


def _why_not(text: str, mark: re.Match[str], place: Place) -> str:
    if mark[0] == "}}":
        return f"This }}}} closes no tag. {place.example}"
    if mark[0] != "{{":
        return f"{mark[0]} is not used here: mails have merge tags, not templates. {place.example}"
    if "}}" not in text[mark.end() : _end(text, mark)]:
        return f"This {{{{ is not closed by }}}} on its line. {place.example}"
    written = text[mark.start() : _end(text, mark)]
    return f"“{written}” cannot be read. {place.meant(written)}"


def _end(text: str, mark: re.Match[str]) -> int:
    """Where reading goes on after a mark that is no tag: behind its own closing, so that one mistake is told once."""
    if mark[0] != "{{":
        return mark.end()
    line_end = text.find("\n", mark.end())
    rest = text[mark.end() : line_end if line_end >= 0 else len(text)].split("{{")[0]
    return mark.end() + (rest.index("}}") + 2 if "}}" in rest else 0)
