"""The mailbox behind an address: several spellings lead to one, and a stranger who floods it uses them all."""

from typing import Any

from sqlalchemy import ColumnElement, func

from funnel import tokens
from funnel.models.people import SignUp

# Where dots in the local part do not count, and which of its two domains is meant.
DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
MANY_DOTS = 3  # nobody spells their own address so


def spelled(email: str) -> str:
    """`email` in the one spelling of its mailbox: in small letters, without +tag, and at Gmail without dots."""
    local, _, domain = email.strip().lower().rpartition("@")
    untagged = local.partition("+")[0] or local  # “+x@” is an address, and no tag of an empty one
    if domain in DOTLESS:
        untagged = untagged.replace(".", "") or untagged
    return f"{untagged}@{DOTLESS.get(domain, domain)}"


def mark(email: str) -> bytes | None:
    """The hash of the mailbox as a sign-up keeps it; None where the address is its usual spelling."""
    usual = spelled(email)
    return None if usual == email.strip().lower() else tokens.address_hash(usual)


def is_disguised(email: str) -> bool:
    """Whether it is spelled as robots do to have one mailbox count as many."""
    local, _, domain = email.lower().rpartition("@")
    return "+" in local[1:] or (domain in DOTLESS and local.count(".") >= MANY_DOTS)


def hash_of(email: str) -> bytes:
    """The hash of the mailbox behind any address: what its limits and locks go by."""
    return tokens.address_hash(spelled(email))


def of(sign_up: SignUp) -> bytes:
    """The hash of the mailbox of a sign-up, whatever became of its address."""
    return sign_up.mailbox_hash or sign_up.address_hash


def column(sign_up: Any) -> ColumnElement[Any]:
    """The same of sign-ups in SQL, as their indexes have it; of SignUp, or an alias of it."""
    return func.coalesce(sign_up.mailbox_hash, sign_up.address_hash)


def leads_to(mailbox: bytes) -> ColumnElement[bool]:
    """Which sign-ups are of this mailbox."""
    return column(SignUp) == mailbox
