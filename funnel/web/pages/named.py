"""What an address names by its slug."""

from typing import TypeVar

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.audience import doorplate
from funnel.models.content import Post
from funnel.models.people import Form
from funnel.web import spoken
from funnel.web.pages import colours

Noun = TypeVar("Noun", Form, Post)


def found(session: Session, noun: type[Noun], slug: str) -> Noun | None:
    """The form or post with this slug, if there is one."""
    # PostgreSQL takes no NUL in a text, and would make an error page of it.
    return session.scalar(select(noun).where(noun.slug == slug)) if slug.isprintable() else None


def named(session: Session, noun: type[Noun], slug: str) -> Noun:
    """The form or post with this slug. Answers 404 when there is none."""
    return found(session, noun, slug) or abort(404)


def form_named(session: Session, slug: str) -> Form:
    """The form with this slug, whose language the page speaks, in its colour. Answers 404 when there is none."""
    form = doorplate.form_called(session, slug) or abort(404)
    colours.wear(form)
    spoken.speak(form.language)
    return form
