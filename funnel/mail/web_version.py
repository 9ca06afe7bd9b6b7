"""The web version of an issue: what its mail says, told to nobody in particular.

Read by the code that reads the mail. No name stands in it, its links are the plain ones, and an address that is
somebody's own, pasted into the words from a mail that came, leads to a page that harms nobody.
"""

import functools
import html
import re
from dataclasses import dataclass

from funnel.config import Settings, settings
from funnel.mail import body, links, press, values
from funnel.mail.body import Body
from funnel.mail.links import Place
from funnel.mail.pieces import bound, filled
from funnel.mail.press import Words
from funnel.mail.values import Values
from funnel.models.content import Newsletter
from funnel.models.mail import LinkKind
from funnel.models.translations import Translation
from funnel.programme import archive, merge

VERSIONS_KEPT = 64
FOOTER = "archive"
# Pages that a token in their address opens.
_OWN = (links.GO, values.LEAVE, values.CHOOSE, "confirm", "my-data", "booked", "owner/enter")


@dataclass(frozen=True)
class Heading:
    subject: str
    preheader: str


@dataclass(frozen=True)
class WebVersion:
    """`body` and `footer` are clean HTML without a style, all their links absolute."""

    subject: str
    preheader: str
    body: str
    footer: str
    has_title: bool  # the body brings its own h1


def heading(issue: Newsletter) -> Heading:
    """What a list says of `issue`. Raises merge.BadTags, as `of` does."""
    known = settings()
    return Heading(*(_told(text, known) for text in (archive.subject(issue), issue.preheader)))


def of(issue: Newsletter, said: Translation | None = None) -> WebVersion:
    """Of the issue as it was first written, or of what is said in its stead."""
    first = Words(archive.subject(issue), issue.preheader, issue.body)
    return _made(press.words_of(said) if said else first, settings())


def sources(issue: Newsletter) -> list[dict[str, str]]:
    """What it stands on: each with its `name`, `url` and `detail`."""
    return [{part: _freed(words, settings()) for part, words in source.items()} for source in issue.sources]


@functools.lru_cache(maxsize=VERSIONS_KEPT)
def _made(words: Words, known: Settings) -> WebVersion:
    said = body.undressed(words.body, known)
    footer = body.undressed(press.footer_file(FOOTER, words.language).read_text(), known)
    return WebVersion(
        subject=_told(words.subject, known),
        preheader=_told(words.preheader, known),
        body=_html(said, known),
        footer=_html(footer, known),
        has_title=said.has_title,
    )


def _told(text: str, known: Settings) -> str:
    return _freed(merge.fill(text, _nobodys(known)), known)


def _html(said: Body, known: Settings) -> str:
    return _freed(filled(bound(press.straight(said, known).html, _nobodys(known), html.escape), {}), known)


def _nobodys(known: Settings) -> Values:
    booking = links.direct(Place(LinkKind.BOOKING, "", ""), known)
    return dict.fromkeys(merge.NAMES, "") | press.house(known) | values.of_nobody() | {"booking_link": booking}


def _freed(text: str, known: Settings) -> str:
    own = rf"{re.escape(known.base_url)}/(?:{'|'.join(_OWN)})/[\w~.%-]+"
    return re.sub(own, known.base_url + values.NOWHERE, text)
