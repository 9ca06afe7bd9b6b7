"""The one layout of all mails: MJML compiled once, its placeholders filled with what a mail says.

Placeholders are written [[so]], and put in after compiling: mjml-python reads `<` inside a template tag as markup.
"""

import functools
import html
import re
from pathlib import Path

import mjml

from funnel.mail.pieces import Pieces, joined

FOLDER = Path(__file__).parents[2] / "templates" / "emails"
FILE = FOLDER / "layout.mjml"
PLACES = ("title", "preheader", "masthead", "body", "footer")

# Stands behind the preheader, or the list of mails would go on with the body's first words.
PADDING = "&#847;&zwnj;&nbsp;" * 80

_PLACE = re.compile(rf"\[\[({'|'.join(PLACES)})\]\]")


def page(places: dict[str, Pieces]) -> Pieces:
    """The HTML of a mail. `places` holds HTML for each of PLACES, cut at its tags."""
    if places["preheader"]:
        places = places | {"preheader": joined(places["preheader"], (PADDING,))}
    runs: list[Pieces] = []
    for number, run in enumerate(_PLACE.split(_compiled())):
        runs.append(places[run] if number % 2 else (run,))
    return joined(*runs)


def escaped(words: Pieces) -> Pieces:
    """Plain words as HTML. What fills their tags is escaped by the stencil."""
    return tuple(html.escape(word) if isinstance(word, str) else word for word in words)


@functools.cache
def _compiled() -> str:
    compiled: str = mjml.mjml2html(FILE.read_text(), fonts={})  # or it would fetch those it knows by name
    # The mail is an article to its reader's program, and the main part of its own page when it is opened as one.
    compiled = re.sub(r'(<div [^>]*role="article".*)</body>', r'<div role="main">\1</div></body>', compiled)
    if found := [place for place in PLACES if f"[[{place}]]" not in compiled]:
        raise ValueError(f"{FILE.name} has no place for: {', '.join(found)}")
    return compiled
