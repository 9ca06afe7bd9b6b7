"""The words of a mail: Markdown with merge tags, read once, told twice, as HTML and as text.

A tag is carried through Markdown as a word of its own making, since `{{ booking_link }}` with its spaces is no link
target there. What a person's values hold is put in afterwards, so a name is never read as Markdown.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from funnel import languages
from funnel.config import Settings
from funnel.languages import ENGLISH
from funnel.mail import dress, plain
from funnel.mail.links import Place
from funnel.mail.pieces import Pieces, bound, filled
from funnel.models.mail import LinkKind
from funnel.programme import merge
from funnel.programme.merge import Tag

INTEREST = "interest"  # the Markdown title of a link that tells what somebody likes to read on
ANSWERS = {  # where these lead is decided at the click
    "booking_link": LinkKind.BOOKING,
    "booked_link": LinkKind.BOOKED,
    "handout_link": LinkKind.HANDOUT,
}
LINK = "link:"  # begins the name of the tag that stands where a link's URL will

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_CLEANER = nh3.Cleaner(
    tags={"p", "br", "h1", "h2", "h3", "ul", "ol", "li", "a", "strong", "em", "blockquote", "hr", "code", "pre"},
    attributes={"a": {"href"}, "ol": {"start"}},
    allowed_classes={"p": {"button", "quiet"}},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
)


@dataclass(frozen=True)
class Body:
    """`places`: where its links lead; the one at n stands in both tellings as the tag `link:n`."""

    html: Pieces
    text: Pieces
    places: tuple[Place, ...]
    has_title: bool  # it brings its own h1


def read(source: str, known: Settings, language: str = ENGLISH) -> Body:
    """Reads Markdown with merge tags, written in a language. Raises merge.BadTags for a tag that is not one of ours."""
    return _read(source, known, dress.dressed, language)


def undressed(source: str, known: Settings, language: str = ENGLISH) -> Body:
    """The same for a page, whose own style sheet dresses it."""
    return _read(source, known, dress.undressed, language)


def _read(source: str, known: Settings, look: Callable[[str], str], language: str) -> Body:
    marks = _Marks(source)
    tokens = _MARKDOWN.parse(marks.source)
    places = _find_places(tokens, marks, known)
    _find_buttons(tokens, marks, places)
    has_title = _one_title(tokens)
    html = look(_CLEANER.clean(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})))
    text = plain.told(tokens, languages.colon(language))
    return Body(marks.cut(html), marks.cut(text), tuple(places), has_title)


class _Marks:
    """The words that stand for tags while Markdown is at work."""

    def __init__(self, source: str) -> None:
        self.word = f"slot{blake2b(source.encode(), digest_size=5).hexdigest()}n"  # not to be met in `source` itself
        self.tags: list[Tag] = []
        self.source = "".join(piece if isinstance(piece, str) else self.mark(piece) for piece in merge.pieces(source))

    def mark(self, tag: Tag) -> str:
        self.tags.append(tag)
        return f"{self.word}{len(self.tags) - 1}z"

    def cut(self, text: str) -> Pieces:
        runs = re.split(rf"{self.word}(\d+)z", text)
        found = (self.tags[int(run)] if place % 2 else run for place, run in enumerate(runs))
        return bound(tuple(piece for piece in found if piece != ""), {})


def _find_places(tokens: list[Token], marks: _Marks, known: Settings) -> list[Place]:
    """Puts a tag in the stead of every link that leads somewhere fixed; returns where those lead."""
    places: list[Place] = []
    for children in (token.children for token in tokens if token.children):
        for at, link in enumerate(children):
            if link.type != "link_open":
                continue
            title = link.attrs.pop("title", "")
            label = _label(children[at + 1 :], marks, known)
            place = _place(marks.cut(str(link.attrs["href"])), str(title), label, known)
            if place is None:
                continue
            number = next((number for number, other in enumerate(places) if other.url == place.url), len(places))
            if number == len(places):
                places.append(place)
            link.meta["url"] = link.attrs["href"]
            link.attrs["href"] = marks.mark(Tag(f"{LINK}{number}"))
    return places


def _place(target: Pieces, title: str, label: str, known: Settings) -> Place | None:
    """Where a link leads; None for one that is a person's own, such as the way out, or no web address."""
    if len(target) == 1 and isinstance(target[0], Tag) and target[0].name in ANSWERS:
        kind = ANSWERS[target[0].name]
        return Place(kind, kind.value, label)
    target = bound(target, {"site": known.base_url})
    if len(target) != 1 or not isinstance(target[0], str):
        return None
    url = known.base_url + target[0] if target[0].startswith("/") else target[0]
    if urlsplit(url).scheme not in {"http", "https"}:
        return None
    return Place(LinkKind.INTEREST if title == INTEREST else LinkKind.CONTENT, url, label)


def _label(tokens: list[Token], marks: _Marks, known: Settings) -> str:
    """The words of the link whose opening stands before `tokens`."""
    end = next(at for at, token in enumerate(tokens) if token.type == "link_close")
    words = marks.cut("".join(token.content or " " for token in tokens[:end] if token.type in plain.WORDS))
    house = {"practitioner_name": known.practitioner_name, "practice_name": known.practice_name}
    return filled(bound(words, house), dict.fromkeys(merge.NAMES, "")).strip()


def _find_buttons(tokens: list[Token], marks: _Marks, places: list[Place]) -> None:
    """A paragraph that is one link and nothing else is a button."""
    for paragraph, words in itertools.pairwise(tokens):
        if paragraph.type != "paragraph_open" or not plain.is_button(words):
            continue
        target = marks.cut(str((words.children or [])[0].attrs["href"]))
        answered = any(
            target == (Tag(f"{LINK}{number}"),) for number, place in enumerate(places) if place.kind == LinkKind.BOOKED
        )
        paragraph.attrs["class"] = "button quiet" if answered else "button"


def _one_title(tokens: list[Token]) -> bool:
    """Leaves the first h1 as the only one. False when there is none."""
    titles = [token for token in tokens if token.tag == "h1" and token.nesting]
    for token in titles[2:]:
        token.tag = "h2"
    return bool(titles)
