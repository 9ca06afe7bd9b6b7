"""Which form an address means, as people type it and as the builders of sites write it down."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.people import Form


def form_called(session: Session, slug: str) -> Form | None:
    """The form of this slug, in capitals too and with a space around it; None when there is none."""
    meant = slug.strip().lower()  # no slug has a capital or a space
    # PostgreSQL takes no NUL in a text, and would make an error page of it.
    return session.scalar(select(Form).where(Form.slug == meant)) if meant.isprintable() else None
