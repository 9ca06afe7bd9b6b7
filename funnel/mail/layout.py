"""The one layout of all mails: MJML compiled once, its placeholders filled with what a mail says.

Placeholders are written [[so]], and put in after compiling: mjml-python reads `<` inside a template tag as markup.
"""

import functools
import html
import re

import mjml

from funnel import languages
from funnel.mail import dress
from funnel.mail.pieces import Pieces, joined
from funnel.programme import mail_files

FILE = mail_files.FOLDER / "layout.mjml"
PLACES = ("lang", "dir", "title", "preheader", "masthead", "body", "footer")

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
    whole = joined(*runs)
    return dress.mirrored(whole) if places["dir"] == ("rtl",) else whole


def spoken(words: Pieces, language: str, around: str) -> Pieces:
    """HTML in a language, marked where what stands `around` it is in another."""
    if language == around:
        return words
    found = languages.named(language)
    return joined((f'<div lang="{found.tag}" dir="{found.direction}">',), words, ("</div>",))


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
