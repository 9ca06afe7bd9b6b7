"""Addresses of the usual kind, known for good by their shape alone: a million lines leave no time for the library.

What it says of an address is what email-validator says; a test holds the two together.
"""

import re

LONGEST = 254
LONGEST_LOCAL = 64
LONGEST_DOMAIN = 253
# Letters, digits and what may stand among them; labels that look like punycode are left to the library.
USUAL = re.compile(
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+(?!(?i:arpa|invalid|local|localhost|onion|test)\Z)[A-Za-z]{2,63})",
    re.ASCII,
)
# Names of a role, whose case the library takes away (RFC 2142): left to it.
ROLES = frozenset({
    "info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster", "usenet", "news",
    "webmaster", "www", "uucp", "ftp",
})  # fmt: skip


MAILTO = "mailto:"  # RFC 6068


def bare(pasted: str) -> str:
    """The address in what was pasted with more around it: `mailto:`, a name before it, the full stop after it.

    Whatever holds no address comes back as it is. None of the three can be part of one (RFC 5321 §4.1.2).
    """
    found = _unstopped(pasted)
    if found.endswith(">"):
        found = _unstopped(found.rpartition("<")[2][:-1])
    if found[: len(MAILTO)].lower() == MAILTO:
        found = _unstopped(found[len(MAILTO) :].partition("?")[0])
    return found if "@" in found else pasted


def _unstopped(text: str) -> str:
    return text.strip().rstrip(".,;")


def usual(typed: str) -> str | None:
    """`typed` as an address is kept, when it is one of the usual kind; None says nothing: ask the library."""
    found = USUAL.fullmatch(typed)
    if found is None or len(typed) > LONGEST:
        return None
    local, domain = found.groups()
    if len(local) > LONGEST_LOCAL or len(domain) > LONGEST_DOMAIN or "--" in domain or local.lower() in ROLES:
        return None
    return f"{local}@{domain.lower()}"
