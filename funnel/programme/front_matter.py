"""One Markdown file with YAML front matter between two lines of `---`, read so that every problem knows its line."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from funnel.programme.merge import Problem

FENCE = "---"
BYTE_ORDER_MARK = "\ufeff"
# Signs nobody types on purpose: they break headers and the counting of lines.
_STRAY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u2028\u2029]")


class Unreadable(Exception):  # noqa: N818 (it names what was found)
    """A file that cannot be read at all; `problem` tells the line and the mend."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(f"line {line}: {text}")
        self.problem = Problem(line, text)


@dataclass(frozen=True)
class Document:
    """What a file says. Lines count from 1 at the top of the file."""

    path: Path
    body: str
    body_line: int
    fields: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)  # where each field stands


def read(path: Path) -> Document:
    """The file's fields and body, line ends made plain. Raises Unreadable, and OSError when there is no such file."""
    text = _text(path.read_bytes())
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        raise Unreadable(1, f"It must begin with a line of {FENCE}, then its fields, then {FENCE} again.")
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == FENCE), 0)
    if not end:
        raise Unreadable(1, f"Its fields are not closed: after the last one, put a line of {FENCE}.")
    fields, places = _fields("\n".join(lines[1:end]))
    return Document(path, "\n".join(lines[end + 1 :]).strip("\n") + "\n", _first_line(lines, end), fields, places)


def _text(raw: bytes) -> str:
    try:
        text = raw.decode().removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "It is not UTF-8 here. Save the file as UTF-8 and load it again.") from None
    if stray := _STRAY.search(text):
        line = text.count("\n", 0, stray.start()) + 1
        raise Unreadable(line, f"It holds a sign that is not text (U+{ord(stray[0]):04X}). Delete it.")
    return text


def _first_line(lines: list[str], end: int) -> int:
    """Where the body begins, the empty lines under the front matter left out."""
    return next((number for number in range(end + 1, len(lines)) if lines[number]), end + 1) + 1


def _fields(source: str) -> tuple[dict[str, Any], dict[str, int]]:
    fields: dict[str, Any] = {}
    places: dict[str, int] = {}
    try:
        loader = yaml.SafeLoader(source)
        tree = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable((mark.line if mark else 0) + 2, f"The fields cannot be read: {_why(error)}.") from None
    if not isinstance(tree, yaml.MappingNode):
        raise Unreadable(2, "It has no fields. Write each on a line of its own, such as subject: Strong sides")
    for key, value in tree.value:
        line = key.start_mark.line + 2
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable(line, "The name of a field must be a plain word.")
        if key.value in places:
            raise Unreadable(line, f"“{key.value}” stands twice; the first is in line {places[key.value]}.")
        places[key.value] = line
        fields[key.value] = _value(loader, value, line)
    return fields, places


def _value(loader: yaml.SafeLoader, node: yaml.Node, line: int) -> Any:
    try:
        return loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:  # such as a tag of another program, or the 31st of February
        raise Unreadable(line, f"The value cannot be read: {error}.") from None


def _why(error: yaml.MarkedYAMLError) -> str:
    hint = " (put text that holds a colon into quotes)" if "not allowed here" in (error.problem or "") else ""
    return f"{error.problem or error.context}{hint}"
