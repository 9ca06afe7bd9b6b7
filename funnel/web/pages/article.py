"""A post's Markdown as the HTML of its page: cut where the form stands, and nothing in it that could run."""

import functools
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from funnel.mail import plain
from funnel.programme import merge
from funnel.web.pages import pictures

WORDS_A_MINUTE = 220
FIRST = 3  # tokens of Markdown: what opens the first paragraph, what is in it, what closes it
FORM_LINE = re.compile(r"^\{\{\s*form\s*\}\}\s*$", re.MULTILINE)
CHOSEN_ID = re.compile(r"\s*\{:\s*#([a-z0-9-]+)\s*\}\s*$")
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")  # all of ASCII's; CommonMark lets each be escaped

TAGS = {
    "a", "blockquote", "br", "caption", "code", "em", "figcaption", "figure", "h2", "h3", "hr", "img", "li", "ol", "p",
    "pre", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title", "class"}, "h2": {"id"}, "h3": {"id"}, "ol": {"start"},
    "img": {"src", "alt", "title", "width", "height", "loading", "decoding"},
}  # fmt: skip

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Article:
    before: Markup  # what stands before the form,
    after: Markup  # and after it
    minutes: int  # to read all of it


def read(body: str, values: Mapping[str, str]) -> Article:
    """The article of `body`, its merge tags replaced. Raises merge.BadTags for a tag there is not."""
    before, *after = FORM_LINE.split(body, maxsplit=1)
    return Article(
        before=_html(_filled(before, values)),
        after=_html(_filled("".join(after), values)),
        minutes=max(1, round(len(body.split()) / WORDS_A_MINUTE)),
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return merge.fill(text, values, lambda value: PUNCTUATION.sub(r"\\\1", value))


@functools.lru_cache(maxsize=64)
def _html(text: str) -> Markup:
    # Kept by the text itself: a post is read far more often than it is written.
    tokens = _markdown.parse(text)
    for opening, inside in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            _name_heading(opening, inside)
        elif opening.type == "paragraph_open" and plain.is_button(inside):
            (inside.children or [])[0].attrs["class"] = "button"
    for number, token in enumerate(tokens):
        for child in token.children or []:
            if child.type == "image":
                child.attrs |= pictures.attributes(str(child.attrs["src"]), first=number < FIRST)
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    return Markup(nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, link_rel=None))  # noqa: S704 (this is what makes it safe)


def _name_heading(heading: Token, inside: Token) -> None:
    """Gives a heading an id for a mail to lead to, chosen as in `## At the wall {: #wall}` or made of its words."""
    if chosen := CHOSEN_ID.search(inside.content):
        last = (inside.children or [])[-1]
        last.content = CHOSEN_ID.sub("", last.content)
    heading.attrs["id"] = chosen[1] if chosen else "-".join(re.findall(r"\w+", inside.content.lower()))
