"""What of our forms stands in a page of another site, as its HTML says it. What a script makes later cannot be seen."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

from funnel import origins
from funnel.insight.far_page import FarPage

SCRIPT = "/embed.js"
LOOKS = {"inline": "In place", "slide-in": "Slide-in", "button": "Button"}  # of the script, in the owner’s words
IN_PLACE = "inline"
LATER = ("src", "data-src", "data-lazy-src", "data-litespeed-src")  # where plugins that load late put an address
BUILDERS = {
    "wix": "Wix",
    "squarespace": "Squarespace",
    "wordpress.com": "WordPress.com",
    "wordpress": "WordPress",
    "ghost": "Ghost",
    "webflow": "Webflow",
}
SECONDS = 3.0  # for reading it, however it is made
PIECE = 16_384  # signs read at once
MOST = 50  # pieces of code: a page full of them says no more
NAMED = {"iframe": LATER, "form": ("action",), "a": ("href",)}
WHAT = {"iframe": "frame", "form": "form", "a": "link"}
FIELDS = {"input", "select", "textarea", "button"}
# Where a browser with script shows nothing of what stands in it, or shows it as text.
APART = {"noscript", "template", "iframe", "noembed", "noframes", "xmp", "textarea", "title"}
_FORM = re.compile(r"/f/([^/]+)(/embed)?/?")

Marks = dict[str, str]


@dataclass(frozen=True)
class Embed:
    """One piece of code. `what`: script, frame, form or link; `at` the whole address it names."""

    what: str
    slug: str
    at: str
    source: str = ""
    marks: Marks = field(default_factory=dict)  # the attributes of its element
    names: tuple[str, ...] = ()  # of a form's fields

    @property
    def origin(self) -> str:
        return origins.of(self.at)

    @property
    def is_whole_page(self) -> bool:
        """Whether it shows the page of a form's own in a frame, which no frame may show."""
        return self.what == "frame" and not urlsplit(self.at).path.rstrip("/").endswith("/embed")

    @property
    def look(self) -> str:
        return self.marks.get("data-look") or IN_PLACE


@dataclass(frozen=True)
class Seen:
    embeds: list[Embed]
    policies: list[str]  # as its headers and meta elements write them
    builder: str  # the name of what the page was made with, where it says so
    is_cut: bool = False  # there was more than could be read in time


def seen(page: FarPage, seconds: float = SECONDS) -> Seen:
    """All that stands in the page, in its order, as far as it can be read within `seconds`."""
    reader, html, ends = _Reader(), page.html.decode(errors="replace"), time.monotonic() + seconds
    read = 0
    while read < len(html) and time.monotonic() < ends and len(reader.found) < MOST:
        reader.feed(html[read : read + PIECE])
        read += PIECE
    at = urljoin(page.url, reader.base) if reader.base else page.url
    embeds = [embed for marks, tag, names in reader.found if (embed := _embed(tag, marks, names, at))]
    policies = [*page.header("content-security-policy"), *reader.policies]
    return Seen(embeds, policies, _builder(reader.made_with), is_cut=read < len(html))


class _Reader(HTMLParser):
    """Reads tag after tag and builds no tree: for one, thousands of elements in each other take a parser minutes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Marks, str, list[Marks]]] = []  # what may be of us; of a form its fields too
        self.base = ""
        self.policies: list[str] = []
        self.made_with: list[str] = []
        self._fields: list[Marks] | None = None  # of the form that is open
        self._apart, self._depth = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._apart:
            self._depth += tag == self._apart == "template"  # of these alone one may stand in another
            return
        marks: Marks = {}
        for name, value in attrs:
            marks.setdefault(name, value or "")  # of two of a name the first counts
        self._note(tag, marks)
        if tag in APART:
            self._apart, self._depth = tag, 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # HTML has no elements that end themselves

    def handle_endtag(self, tag: str) -> None:
        if tag == self._apart:
            self._depth -= 1
            self._apart = self._apart if self._depth else ""
        elif tag == "form" and not self._apart:
            self._fields = None

    def _note(self, tag: str, marks: Marks) -> None:
        if tag == "base":
            self.base = self.base or marks.get("href", "")
        elif tag == "meta":
            self._note_meta(marks)
        elif tag == "form" and self._fields is None:  # a form in a form is none
            self._fields = []
            self._keep(tag, marks, self._fields)
        elif tag in FIELDS and self._fields is not None and marks.get("name"):
            self._fields.append(marks)
        elif tag in {"script", "iframe", "a"}:
            self._keep(tag, marks, [])

    def _note_meta(self, marks: Marks) -> None:
        if marks.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(marks.get("content", ""))
        if marks.get("name", "").lower() == "generator":
            self.made_with.append(marks.get("content", "").lower())

    def _keep(self, tag: str, marks: Marks, fields: list[Marks]) -> None:
        named = "data-form" in marks or any("f/" in marks.get(name, "") for name in NAMED.get(tag, ()))
        if named:
            self.found.append((marks, tag, fields))


def _embed(tag: str, marks: Marks, fields: Iterable[Marks], base: str) -> Embed | None:
    if tag == "script":
        at = urljoin(base, marks.get("src", ""))
        if not urlsplit(at).path.endswith(SCRIPT) or "data-form" not in marks:
            return None
        return Embed("script", marks["data-form"], at, marks.get("data-src", ""), marks)
    for name in NAMED[tag]:
        at = urljoin(base, marks.get(name, "").strip()) if marks.get(name) else ""
        if at and (found := _FORM.fullmatch(urlsplit(at).path)):
            source = "".join(parse_qs(urlsplit(at).query).get("src", [])[:1])
            for hidden in fields:
                source = hidden.get("value", "") if hidden["name"] == "src" else source
            return Embed(WHAT[tag], found[1], at, source, marks, tuple(one["name"] for one in fields))
    return None


def _builder(made_with: list[str]) -> str:
    made = " ".join(made_with)
    return next((name for sign, name in BUILDERS.items() if sign in made), "")
