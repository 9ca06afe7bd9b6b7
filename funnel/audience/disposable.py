"""Domains that give out addresses for ten minutes: nobody reads a course of 24 days there."""

from disposable_email_domains import blocklist


def is_disposable(email: str) -> bool:
    """Whether the domain of `email`, or one that it lies in, is on the list."""
    domain = email.rpartition("@")[2].lower()
    while "." in domain:
        if domain in blocklist:
            return True
        domain = domain.partition(".")[2]
    return False
