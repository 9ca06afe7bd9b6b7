"""The notices' words: one Markdown file each under templates/emails."""

import functools

from funnel.house import stored
from funnel.mail import layout
from funnel.mail.press import Words
from funnel.programme import front_matter, reminders

NAMES = (
    "confirmation",
    "reminder",
    "already_in",
    "booking_thanks",
    "booking_notice",
    "fresh_link",
    "invitation",
    "password_link",
    "account_changed",
    *reminders.TEMPLATES,
)


def words(name: str) -> Words:
    """What the notice `name` says, in the practice's own words where there are some. Raises KeyError for no notice."""
    own = stored.text(name)
    return Words(**own) if own else original(name)


@functools.cache
def original(name: str) -> Words:
    """What it says in Funnel's own words. Raises KeyError for a name that is none of NAMES."""
    if name not in NAMES:
        raise KeyError(name)
    found = front_matter.read(layout.FOLDER / f"{name}.md")
    return Words(str(found.fields["subject"]), str(found.fields["preheader"]), found.body)
