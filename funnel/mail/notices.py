"""The notices' words: one Markdown file each under templates/emails."""

import functools

from funnel import languages
from funnel.audience import allowance, moving
from funnel.config import settings
from funnel.house import stored
from funnel.languages import ENGLISH
from funnel.mail import press
from funnel.mail.press import Sheet, Words
from funnel.programme import front_matter, mail_files, reminders

MOVING = (moving.CONFIRM, moving.TOLD)  # of a reader, to an address that is not theirs yet, or not any more
ASKING = ("confirmation", "reminder")  # of whoever is on no list yet
TO_READERS = (*allowance.OF_SIGN_UPS, "booking_thanks", "fresh_link", *MOVING)  # in each language
NAMES = (
    *TO_READERS,
    "booking_notice",
    "invitation",
    "password_link",
    "account_changed",
    *reminders.TEMPLATES,
)


def words(name: str, language: str = ENGLISH) -> Words:
    """What the notice `name` says in a language, in the practice's own words where there are some.

    Raises KeyError for a name that is none of NAMES.
    """
    own = stored.text(kept_as(name, language))
    first = original(name, language)
    return Words(**own, language=first.language) if own else first


def sheet(name: str, said: Words) -> Sheet:
    """The sheet of the notice `name` in these words, which may be kept nowhere yet. Raises BadTags and Unsendable."""
    pressed = press.asking if name in ASKING else press.notice
    return pressed(said, settings())


def kept_as(name: str, language: str) -> str:
    """Under which name the practice's own words of it are kept."""
    return name if language == ENGLISH else f"{name}:{language}"


def known_as(kept: str) -> tuple[str, str]:
    """The name and the language of what is kept so."""
    name, _, language = kept.partition(":")
    return name, language or ENGLISH


@functools.cache
def original(name: str, language: str = ENGLISH) -> Words:
    """What it says in Funnel's own words: to owners in English, to readers in any language there is."""
    if name not in NAMES:
        raise KeyError(name)
    spoken = languages.named(language).code if name in TO_READERS else ENGLISH
    found = front_matter.read(mail_files.path(f"{name}.md", spoken))
    return Words(str(found.fields["subject"]), str(found.fields["preheader"]), found.body, spoken)
