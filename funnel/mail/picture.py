"""The picture of a newsletter: the mail as its readers saw it, with a word beside each of its links.

It is composed by what composes the mail. Each link leads to a mark for the time that it takes to find it again: two may
lead to the same page, and a footer may name it too.
"""

import html
import re
from collections.abc import Mapping
from datetime import datetime

from funnel.config import settings
from funnel.mail import links, press, render
from funnel.mail.body import LINK
from funnel.models.content import Newsletter
from funnel.models.mail import LinkKind
from funnel.models.translations import Translation

_MARK = "https://mark.invalid/"
_ANCHOR = re.compile(rf'(<a\b[^>]*\bhref="){re.escape(_MARK)}(\d+)("[^>]*>)(.*?)</a>', re.DOTALL)
# Read on the page of the mail and on its buttons, in the light and in the dark.
_LOOK = (
    "display:inline-block;margin-left:6px;padding:0 7px;border:1px solid #1d1d1b;border-radius:10px;background:#ffe58a;"
    "color:#1d1d1b;font:700 13px/18px sans-serif;text-decoration:none;white-space:nowrap"
)


def drawn(issue: Newsletter, words: Mapping[str, str], now: datetime) -> str:
    """The HTML of `issue` as somebody without a name gets it; `words` by where a link leads (`Place.url`).

    Raises merge.BadTags and Unsendable, as a preview does.
    """
    places = press.of_newsletter(issue).places
    marks = {f"{LINK}{number}": f"{_MARK}{number}" for number in range(len(places))}
    seen = render.preview_newsletter(issue, None, now, marks)

    def worded(anchor: re.Match[str]) -> str:
        place = places[int(anchor[2])]
        target = html.escape(links.direct(place, settings()))
        said = "" if place.kind == LinkKind.CANARY else words.get(place.url, "")
        badge = f'<span style="{_LOOK}">{html.escape(said)}</span>' if said else ""
        return f"{anchor[1]}{target}{anchor[3]}{anchor[4]}{badge}</a>"

    return _ANCHOR.sub(worded, seen.html)


def labels(issue: Newsletter, said: Translation | None = None) -> dict[str, str]:
    """Where the links lead that stand in it now, or in what is said in its stead, each with its words."""
    places = press.of_newsletter(issue, said=said).places
    return {place.url: place.label for place in reversed(places) if place.kind != LinkKind.CANARY}
