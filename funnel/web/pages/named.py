"""What an address names by its slug."""

from typing import TypeVar

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import Post
from funnel.models.people import Form

Noun = TypeVar("Noun", Form, Post)


def named(session: Session, noun: type[Noun], slug: str) -> Noun:
    """The form or post with this slug. Answers 404 when there is none."""
    # PostgreSQL takes no NUL in a text, and would make an error page of it.
    found = session.scalar(select(noun).where(noun.slug == slug)) if slug.isprintable() else None
    return found or abort(404)
