"""The words of the confirmation page, as the practice chose them or as Funnel came with them."""

from funnel import languages
from funnel.config import settings
from funnel.house import stored
from funnel.languages import Said
from funnel.mail import notices
from funnel.programme import merge

NAME = "page"
TAGS = ("practitioner_name", "practice_name")
ORIGINAL: dict[str, str] = {
    "ask": Said("One tap, and you are in"),
    "not_you": Said("If you did not ask for this, close the page: nothing will come."),
    "done": Said("You are in"),
    "next": Said("The first mail is on its way to you."),
}


def original(code: str) -> dict[str, str]:
    """Funnel's own, in the language of that code."""
    return {name: languages.say(words, code) for name, words in ORIGINAL.items()}


def filled(code: str) -> dict[str, str]:
    """Each, in the practice's own words where there are some, with its tags filled in.

    It is plain text: the template escapes it.
    """
    own = stored.text(notices.kept_as(NAME, code)) or {}
    known = settings()
    values = {"practitioner_name": known.practitioner_name, "practice_name": known.practice_name}
    return {name: merge.fill(text, values) for name, text in {**original(code), **own}.items()}
