"""What a link to a page of ours shows where it is pasted: a picture of 1200 × 630 with the title, or a post's own.

Any process draws it for itself, in a twentieth of a second, and keeps it for a while. It is set in Libertinus Serif,
and in Arabic letters in Noto Naskh Arabic, both SIL OFL. A title in letters that neither has is left out.
"""

import functools
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from markdown_it import MarkdownIt

from funnel.programme import typeset

ROOT = Path(__file__).parents[1]
LAYOUT = ROOT / "content" / "covers" / "cover.typ"
FONTS = ROOT / "static" / "vendor"
STATIC = "/static/"
SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC")  # as Unicode names begin; what the two fonts have
LONGEST = 140  # signs of a title that are drawn
LONGEST_PRACTICE = 60
KEPT = 64  # of some 40 kB each
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_KINDS = {".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp"}


@dataclass(frozen=True)
class Picture:
    """A picture of a post's own. `address` as its text has it, `path` below our folder of files."""

    address: str
    path: str
    alt: str


@dataclass(frozen=True)
class Cover:
    """`digest` is another one when the picture would be."""

    title: str
    practice: str
    picture: Picture | None = None

    @property
    def alt(self) -> str:
        """What is to be seen on it, in words."""
        return (self.picture and self.picture.alt) or self.title or self.practice

    @property
    def digest(self) -> str:
        return blake2b(f"{_layout()}\n{self._said()}".encode(), digest_size=9).hexdigest()

    def png(self) -> bytes:
        return _drawn(self._said())

    def _said(self) -> str:
        title, practice = drawable(self.title, LONGEST), drawable(self.practice, LONGEST_PRACTICE)
        picture = f"{STATIC}{self.picture.path}" if self.picture else ""
        rtl = _begins_from_the_right(title or practice)
        return json.dumps({"title": title, "practice": practice, "picture": picture, "rtl": rtl})


def drawable(words: str, most: int) -> str:
    """Those words as far as the fonts have them: without emojis, cut where a word ends; none in other letters."""
    plain = "".join(sign for sign in unicodedata.normalize("NFC", words) if not _is_no_sign(sign))
    if any(sign.isalpha() and not unicodedata.name(sign, "").startswith(SCRIPTS) for sign in plain):
        return ""
    return cut(plain, most)


def cut(words: str, most: int) -> str:
    """Those words on one line; of more than `most` signs as many whole words as fit with a sign that it goes on."""
    told = " ".join(words.split())
    if len(told) <= most:
        return told
    whole = told[:most].rpartition(" ")[0]
    return f"{(whole or told[: most - 1]).rstrip(' ,;:.–-')}…"


def pictures(body: str, base_url: str) -> list[Picture]:
    """The pictures in a post's Markdown that are files of ours: no page of ours shows any other."""
    found: dict[str, Picture] = {}
    for alt, address in _images(body):
        path = address.removeprefix(base_url).partition("?")[0]
        file = (ROOT / path.lstrip("/")).resolve()
        ours = path.startswith(STATIC) and file.is_relative_to(ROOT / "static") and file.is_file()
        if ours and file.suffix.lower() in _KINDS:
            found.setdefault(address, Picture(address, path.removeprefix(STATIC), alt))
    return list(found.values())


def _images(body: str) -> Iterator[tuple[str, str]]:
    for token in _MARKDOWN.parse(body):
        for child in token.children or []:
            if child.type == "image":
                yield child.content, str(child.attrs["src"])


def _is_no_sign(sign: str) -> bool:
    return unicodedata.category(sign) in {"So", "Sk", "Cs", "Cn", "Co", "Cc"} and not sign.isspace()


def _begins_from_the_right(words: str) -> bool:
    ways = map(unicodedata.bidirectional, words)
    return next((way for way in ways if way in {"L", "R", "AL"}), "L") != "L"


@functools.cache
def _layout() -> str:
    return LAYOUT.read_text()


@functools.lru_cache(maxsize=KEPT)
def _drawn(said: str) -> bytes:
    return typeset.png(LAYOUT, ROOT, {"said": said}, FONTS)
