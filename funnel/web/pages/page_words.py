"""The words of the confirmation page, as the practice chose them or as Funnel came with them."""

from funnel.config import settings
from funnel.house import stored
from funnel.programme import merge

NAME = "page"
TAGS = ("practitioner_name", "practice_name")
ORIGINAL = {
    "ask": "One tap, and you are in",
    "not_you": "If you did not ask for this, close the page: nothing will come.",
    "done": "You are in",
    "next": "The first mail is on its way to you.",
}


def filled() -> dict[str, str]:
    """Each with its tags filled in. It is plain text: the template escapes it."""
    known = settings()
    values = {"practitioner_name": known.practitioner_name, "practice_name": known.practice_name}
    return {name: merge.fill(text, values) for name, text in {**ORIGINAL, **(stored.text(NAME) or {})}.items()}
