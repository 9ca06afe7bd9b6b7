"""What differs between two texts: line by line, and within a line word by word; and two edits of one text made one.

Pure: texts in, words out. How a page shows it is the page's business.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

CONTEXT = 2  # lines around what changed
ALIKE = 0.4  # from which on two lines are one that was changed, and no two
LONGEST_PAIRED = 40  # lines of a block compared each with each
# Marks that a text cannot be saved with: the checker of merge tags refuses {#, and names the line.
MINE, THEIRS, END = "{# yours: #}", "{# theirs: #}", "{# choose one of the two #}"

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


class Mark(StrEnum):
    SAME = "same"
    OUT = "out"
    IN = "in"


Run = tuple[Mark, str]


@dataclass(frozen=True)
class Line:
    """One line as it changed. `number` counts in the new text, where it is gone in the old; 0: lines left out."""

    number: int
    runs: tuple[Run, ...]

    @property
    def is_gap(self) -> bool:
        return self.number == 0

    @property
    def whole(self) -> Mark | None:
        """How the line as a whole changed; None where only some of its words did."""
        marks = {mark for mark, _ in self.runs}
        return marks.pop() if len(marks) == 1 else Mark.SAME if not marks else None


def lines(old: str, new: str) -> list[Line]:
    """The lines that changed from `old` to `new`, with CONTEXT around them; empty when nothing did."""
    before, after = old.splitlines(), new.splitlines()
    found: list[Line] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(CONTEXT)):
        if number or group[0][3] > 0:
            found.append(Line(0, ()))
        for tag, from_, to, start, end in group:
            if tag == "equal":
                found += [Line(start + at + 1, ((Mark.SAME, text),)) for at, text in enumerate(after[start:end])]
            else:
                found += _block(before[from_:to], after[start:end], from_, start)
    return found


def words(old: str, new: str) -> tuple[Run, ...]:
    """One line, word by word."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    runs: list[Run] = []
    for tag, from_, to, start, end in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            runs.append((Mark.SAME, "".join(after[start:end])))
            continue
        gone, come = "".join(before[from_:to]), "".join(after[start:end])
        runs += [(mark, text) for mark, text in ((Mark.OUT, gone), (Mark.IN, come)) if text]
    return tuple(runs)


def merged(base: str, mine: str, theirs: str) -> tuple[str, int]:
    """Both edits of `base` in one text, and in how many places they clash: there both stand, between marks."""
    old, ours, others = (text.splitlines() for text in (base, mine, theirs))
    text: list[str] = []
    clashes = 0
    for kept, left, right in _pieces(old, ours, others):
        if left == right or right == kept:
            text += left
        elif left == kept:
            text += right
        else:
            clashes += 1
            text += [MINE, *left, THEIRS, *right, END]
    return "\n".join(text) + ("\n" if text else ""), clashes


def joined(base: Mapping[str, str], mine: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """Both edits of the same fields, and in how many places they clash: of a field of one line, mine stands then."""
    content, clashes = {}, 0
    for name, text in mine.items():
        old, other = base.get(name, ""), theirs.get(name, "")
        if "\n" in text + other + old:
            content[name], found = merged(old, text, other)
            clashes += found
        else:
            content[name] = other if text == old else text
            clashes += len({old, text, other}) == 3
    return content, clashes


def _block(before: list[str], after: list[str], from_: int, start: int) -> Iterator[Line]:
    """A run of lines that was replaced: each old one beside the new one that it became, where there is one."""
    done = 0
    for at, text in enumerate(before):
        twin = _twin(text, after[done : done + LONGEST_PAIRED])
        if twin is None:
            yield Line(from_ + at + 1, ((Mark.OUT, text),))
            continue
        for between in range(done, done + twin):
            yield Line(start + between + 1, ((Mark.IN, after[between]),))
        done += twin + 1
        yield Line(start + done, words(text, after[done - 1]))
    for rest in range(done, len(after)):
        yield Line(start + rest + 1, ((Mark.IN, after[rest]),))


def _twin(text: str, among: list[str]) -> int | None:
    for place, other in enumerate(among):
        matcher = difflib.SequenceMatcher(None, text, other, autojunk=False)
        if matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE:
            return place
    return None


def _pieces(base: list[str], mine: list[str], theirs: list[str]) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """The three texts cut at the lines that all of them share: by turns what differs somewhere, and one such line."""
    ours, others = _matches(base, mine), _matches(base, theirs)
    at, left, right = 0, 0, 0
    for line in range(len(base)):
        if line in ours and line in others and ours[line] >= left and others[line] >= right:
            yield base[at:line], mine[left : ours[line]], theirs[right : others[line]]
            shared = [base[line]]
            yield shared, shared, shared
            at, left, right = line + 1, ours[line] + 1, others[line] + 1
    yield base[at:], mine[left:], theirs[right:]


def _matches(base: list[str], other: list[str]) -> dict[int, int]:
    """For each line of `base` that stands in `other` unchanged, where."""
    blocks = difflib.SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {block.a + step: block.b + step for block in blocks for step in range(block.size)}
