"""The page of one's own site that a sign-up may lead to: one exact address, on a site of the owner's list, no other."""

from urllib.parse import urlsplit

from funnel import origins
from funnel.config import settings
from funnel.relay import is_loopback

LONGEST = 500


def url(value: object) -> str:
    """A reader of content_fields: the address as it was typed; '' for our own page. Whose site it is, is asked later.

    Its ValueError goes on from the field's name, and says the mend.
    """
    if not isinstance(value, str):
        raise ValueError("must be an address in quotes")
    typed = value.strip()
    if not typed:
        return ""
    if len(typed) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} signs")
    if any(sign.isspace() or not sign.isprintable() or sign in "{}[]<>\\\"'" for sign in typed) or "%%" in typed:
        raise ValueError("holds a sign that no address has. Nothing about the reader can be filled in there")
    parts = urlsplit(typed)
    if not origins.of(typed) or (parts.scheme != "https" and not is_loopback(parts.hostname or "")):
        raise ValueError("must be a whole address that begins with https://")
    if "@" in parts.netloc:
        raise ValueError("holds a name before the sign @. Write the address without it")
    return typed


def is_trusted(address: str) -> bool:
    """Whether it is on one of the owner's sites, or ours, as the list of them stands now."""
    known = settings()
    return bool(address) and origins.covers((*known.sites, origins.of(known.base_url)), origins.of(address))


def origin(address: str) -> str:
    """Where a form may lead on to, for the policy of its page: a browser asks that, too. '' for no page of its own."""
    return origins.of(address) if is_trusted(address) else ""


def distrusted(address: str) -> str:
    """What is wrong with leading there, in words to mend it by."""
    return f"{origins.of(address)} is not among your sites, so nobody is led there. Add it, or name a page of yours."


def missing_site(typed: str) -> str:
    """The site that would have to be on the list for what was typed; '' where that is not what is wrong."""
    try:
        address = url(typed)
    except ValueError:
        return ""
    return origins.of(address) if address and not is_trusted(address) else ""
