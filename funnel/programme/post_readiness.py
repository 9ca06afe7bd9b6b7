"""“Ready for readers?”: what the words of a post tell. Where its links lead is looked at in `mail/readiness`."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from markdown_it import MarkdownIt

from funnel.config import settings
from funnel.languages import ENGLISH
from funnel.programme import post_words, prose, readiness, reading, wording
from funnel.programme.check import Check, State

LONG_TITLE = 65  # signs; a list of found pages cuts what is longer
SUMMARY_SIGNS = range(50, 161)  # what such a list shows under the title
FEW_WORDS = 300

_MARKDOWN = MarkdownIt("commonmark", {"html": False})
NAMES = {
    "title": "Title",
    "summary": "Summary",
    "body": "Words",
    "sources": "Sources",
    "language": "Language",
    "published": "Date",
}


def checks(content: Mapping[str, str], now: datetime) -> list[Check]:
    """All that the words show, good ones among it."""
    _, faults = post_words.read(content, now)
    body = content["body"]
    return [
        *(Check(NAMES[one.field], State.STOP, one.text, one.field, one.line or None) for one in faults),
        *_lines(content),
        *_length(body),
        *_pictures(body),
        *(readiness.reading_age(_without_place(body)) if post_words.spoken(content) == ENGLISH else ()),
        *readiness.sourced(body, wording.sources(content["sources"])),
        *([] if faults else [Check("Words", State.GOOD, "No word that promises too much, and every tag has a value.")]),
    ]


def links(content: Mapping[str, str]) -> dict[str, str]:
    """The addresses outside this site that its links lead to, with the words of each."""
    found: dict[str, str] = {}
    for block in _MARKDOWN.parse(prose.ANY_TAG.sub(prose.A_TAGS_ADDRESS, content["body"])):
        address, words = "", ""
        for token in block.children or ():
            if token.type == "link_open":
                address, words = str(token.attrs.get("href") or ""), ""
            elif token.type == "link_close" and _leads_out(address):
                found.setdefault(address, words or address)
            words += token.content
    urls = [source.get("url", "") for source in wording.sources(content["sources"])]
    return {url: url for url in urls if _leads_out(url)} | found


def _leads_out(address: str) -> bool:
    ours = (f"{settings().base_url}/", prose.A_TAGS_ADDRESS)
    return address.startswith(("http://", "https://")) and not address.startswith(ours)


def _lines(content: Mapping[str, str]) -> Iterator[Check]:
    title, summary = content["title"].strip(), content["summary"].strip()
    if len(title) > LONG_TITLE:
        yield Check(
            "Title", State.WARN, f"{len(title)} signs; search engines cut it after about {LONG_TITLE}.", "title"
        )
    elif title:
        yield Check("Title", State.GOOD, f"{len(title)} signs.", "title")
    if summary and len(summary) not in SUMMARY_SIGNS:
        least, most = SUMMARY_SIGNS[0], SUMMARY_SIGNS[-1]
        words = f"{len(summary)} signs; {least} to {most} are shown whole under the title in a list of found pages."
        yield Check("Summary", State.WARN, words, "summary")
    elif summary:
        yield Check("Summary", State.GOOD, f"{len(summary)} signs.", "summary")


def _length(body: str) -> Iterator[Check]:
    count = reading.words(_without_place(body))
    few = "" if count >= FEW_WORDS else " Is that enough to be found, and to be of use?"
    yield Check("Length", State.WARN if few else State.GOOD, f"{count} words.{few}")


def _pictures(body: str) -> Iterator[Check]:
    for block in _MARKDOWN.parse(prose.ANY_TAG.sub(prose.A_TAGS_ADDRESS, body)):
        for token in block.children or ():
            if token.type == "image" and not token.content.strip():
                address = str(token.attrs.get("src") or "")
                words = (
                    f"The picture “{address}” has no words for those who do not see it: ![what it shows]({address})."
                )
                yield Check("Pictures", State.WARN, words, line=1 + prose.line_of(body, block, address))


def _without_place(body: str) -> str:
    return body.replace(prose.FORM_PLACE, "")
