"""What of our forms stands in a page of another site, as its HTML says it. What a script makes later cannot be seen."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from funnel import origins
from funnel.insight.far_page import FarPage

SCRIPT = "/embed.js"
LOOKS = ("inline", "slide-in", "button")
LATER = ("src", "data-src", "data-lazy-src", "data-litespeed-src")  # where plugins that load late put an address
BUILDERS = {
    "wix": "Wix",
    "squarespace": "Squarespace",
    "wordpress.com": "WordPress.com",
    "wordpress": "WordPress",
    "ghost": "Ghost",
    "webflow": "Webflow",
}
_FORM = re.compile(r"/f/([^/]+)(/embed)?/?")


@dataclass(frozen=True)
class Embed:
    """One piece of code. `what`: script, frame, form or link; `at` the whole address it names."""

    what: str
    slug: str
    at: str
    source: str = ""
    marks: dict[str, str] = field(default_factory=dict)  # the attributes of its element
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
        return self.marks.get("data-look") or LOOKS[0]


@dataclass(frozen=True)
class Seen:
    embeds: list[Embed]
    policies: list[str]  # as its headers and meta elements write them
    builder: str  # the name of what the page was made with, where it says so


def seen(page: FarPage) -> Seen:
    """All that stands in the page, in its order."""
    tree = LexborHTMLParser(page.html)
    base = tree.css_first("base[href]")
    at = urljoin(page.url, _mark(base, "href")) if base else page.url
    nodes = [node for node in tree.css("script, iframe, form, a") if not _is_apart(node)]
    found = [embed for node in nodes if (embed := _embed(node, at))]
    metas = tree.css('meta[http-equiv="content-security-policy" i]')
    policies = [_mark(meta, "content") for meta in metas]
    return Seen(found, [*page.header("content-security-policy"), *policies], _builder(tree))


def _embed(node: LexborNode, base: str) -> Embed | None:
    marks = {name: value or "" for name, value in node.attributes.items()}
    if node.tag == "script":
        at = urljoin(base, marks.get("src", ""))
        if not urlsplit(at).path.endswith(SCRIPT) or "data-form" not in marks:
            return None
        return Embed("script", marks["data-form"].strip(), at, marks.get("data-src", ""), marks)
    named = {"iframe": LATER, "form": ("action",), "a": ("href",)}[str(node.tag)]
    for name in named:
        at = urljoin(base, marks.get(name, "").strip()) if marks.get(name) else ""
        if at and (found := _FORM.fullmatch(urlsplit(at).path)):
            return _placed(node, marks, at, found[1])
    return None


def _placed(node: LexborNode, marks: dict[str, str], at: str, slug: str) -> Embed:
    what = {"iframe": "frame", "form": "form", "a": "link"}[str(node.tag)]
    fields = node.css("input[name], select[name], textarea[name], button[name]") if what == "form" else []
    source = "".join(parse_qs(urlsplit(at).query).get("src", [])[:1])
    for hidden in fields:
        if _mark(hidden, "name") == "src":
            source = _mark(hidden, "value")
    return Embed(what, slug, at, source, marks, tuple(_mark(one, "name") for one in fields))


def _is_apart(node: LexborNode) -> bool:
    """Whether it stands where a browser with script shows nothing."""
    above = node.parent
    while above is not None:
        if above.tag in {"noscript", "template"}:
            return True
        above = above.parent
    return False


def _builder(tree: LexborHTMLParser) -> str:
    made = " ".join(_mark(meta, "content").lower() for meta in tree.css('meta[name="generator" i]'))
    return next((name for sign, name in BUILDERS.items() if sign in made), "")


def _mark(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "") if node else ""
