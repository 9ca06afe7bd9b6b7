"""Our own handout: one page to print, made of Markdown and drawings, with the practice's name on it.

Any process makes it for itself, in a tenth of a second, and keeps it as long as its words and the practice's stay the
same. Nothing personal is on it. It is a tagged PDF (PDF/UA-1), set in Libertinus Serif (SIL OFL), which typst brings.
"""

import functools
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import segno
from markdown_it import MarkdownIt
from markdown_it.token import Token

from funnel.config import Settings
from funnel.languages import ENGLISH
from funnel.programme import front_matter, merge, typeset
from funnel.programme.front_matter import Document
from funnel.programme.pdf_file import pages

FOLDER = Path(__file__).parents[1] / "content" / "handouts"
SHEET = "sheet.md"
ELSEWHERE = "sheet.{}.md"  # the same in another language
LAYOUT = "sheet.typ"
QL_RESET = "ql-reset"
SIZES = (1.0, 0.94, 0.88, 0.8)
LONGEST_ADDRESS = 70  # signs of it that are shown; the code and the link hold all
TAGS = ("practitioner_name", "practice_name", "emergency_number")

_MARKDOWN = MarkdownIt("commonmark", {"html": False})

Run = Mapping[str, Any]


@dataclass(frozen=True)
class Pdf:
    """`digest` is another one when the bytes are."""

    title: str
    language: str
    file_name: str
    data: bytes
    digest: str


@dataclass(frozen=True)
class _House:
    """All of the settings that stand on it."""

    practice: str
    practitioner: str
    emergency_number: str
    booking: str


def told_in() -> list[str]:
    """The languages of the QL reset, English first."""
    others = (path.name.split(".")[1] for path in (FOLDER / QL_RESET).glob(ELSEWHERE.format("*")))
    return [ENGLISH, *sorted(others)]


def ours(known: Settings, language: str = ENGLISH) -> Pdf:
    """The QL reset of this practice, in English where it is not told in that language."""
    booking = known.booking_url or f"{known.base_url}/book"
    house = _House(known.practice_name, known.practitioner_name, known.emergency_number, booking)
    return _made(QL_RESET, language if language in told_in() else ENGLISH, house)


@functools.lru_cache(maxsize=8)
def _made(name: str, language: str, house: _House) -> Pdf:
    is_first = language == ENGLISH
    said = read(front_matter.read(FOLDER / name / (SHEET if is_first else ELSEWHERE.format(language))), house)
    # A long name or address makes it a little smaller, so that it stays one page.
    data = next((page for size in SIZES if pages(page := _set(said, size)) == 1), None) or _set(said, SIZES[-1])
    file_name = f"{name}.pdf" if is_first else f"{name}-{language}.pdf"
    return Pdf(str(said["title"]), language, file_name, data, blake2b(data, digest_size=12).hexdigest())


def _set(said: Mapping[str, Any], size: float) -> bytes:
    return typeset.pdf(FOLDER / LAYOUT, FOLDER, {"said": json.dumps(said), "size": str(size)})


def read(sheet: Document, house: _House) -> dict[str, Any]:
    """What the layout is given. A section with a picture is a movement, any other is to be heeded."""
    values = {
        "practitioner_name": house.practitioner,
        "practice_name": house.practice,
        "emergency_number": house.emergency_number,
    }
    intro, sections = _sections(_MARKDOWN.parse(merge.fill(sheet.body, values, _literal)), sheet.path.parent.name)
    own = {name: merge.fill(str(text), values) for name, text in sheet.fields.items() if isinstance(text, str)}
    return own | {
        "practice": house.practice,
        "booking": house.booking,
        "booking_shown": _shown(house.booking),
        "code": _code(house.booking),
        "sources": [str(source) for source in sheet.fields["sources"]],
        "intro": intro,
        "movements": [one for one in sections if one["picture"]],
        "notes": [one for one in sections if not one["picture"]],
    }


def _shown(address: str) -> str:
    short = address.removeprefix("https://").removeprefix("http://")
    return short if len(short) <= LONGEST_ADDRESS else f"{short[: LONGEST_ADDRESS - 1]}…"


def _literal(text: str) -> str:
    """What is put in is no Markdown."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+-.!<>&|~" else sign for sign in text)


def _sections(tokens: Sequence[Token], folder: str) -> tuple[list[list[Run]], list[dict[str, Any]]]:
    intro: list[list[Run]] = []
    sections: list[dict[str, Any]] = []
    for opening, inline in itertools.pairwise(tokens):
        if inline.type != "inline":
            continue
        children = inline.children or []
        if opening.type == "heading_open":
            sections.append({"title": inline.content, "picture": "", "alt": "", "words": []})
        elif children and children[0].type == "image":
            sections[-1] |= {"picture": f"{folder}/{children[0].attrs['src']}", "alt": children[0].content}
        else:
            (sections[-1]["words"] if sections else intro).append(list(_runs(children)))
    return intro, sections


def _runs(children: Sequence[Token]) -> Iterator[Run]:
    strong = emph = False
    for child in children:
        if child.type in {"strong_open", "strong_close"}:
            strong = child.nesting > 0
        elif child.type in {"em_open", "em_close"}:
            emph = child.nesting > 0
        elif text := " " if child.type == "softbreak" else child.content:
            yield {"text": text, "strong": strong, "emph": emph}


def _code(address: str) -> str:
    """The address for the camera of a phone: on paper nobody can tap it."""
    drawn: str = segno.make(address, error="m").svg_inline(border=0, dark="#22302e", omitsize=True)
    return drawn
