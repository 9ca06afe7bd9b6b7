"""What a form showed at a moment: its words as its revisions keep them, whatever it says by now."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.editing import Kind, Revision
from funnel.models.people import Form
from funnel.programme import form_words, revisions

WORDING = "wording"


@dataclass(frozen=True)
class Shown:
    """A form's words as they stood then. `revision` 0: it was never edited, and stands so still."""

    form: str
    revision: int
    words: dict[str, str]


def of(session: Session, form: Form, at: datetime) -> Shown:
    """What the form said at that moment."""
    of_form = select(Revision).where(Revision.kind == Kind.FORM, Revision.of_id == form.id)
    then = session.scalar(of_form.where(Revision.at <= at).order_by(Revision.number.desc()).limit(1))
    found = then or revisions.one(session, Kind.FORM, form.id, 1)
    content = dict(found.content) if found else form_words.typed(session, form)
    return Shown(form.slug, found.number if found else 0, {name: content.get(name, "") for name in form_words.TEXTS})


def on_confirming(session: Session, form: Form, asked_at: datetime, wording: str) -> Shown:
    """What the page of a confirmation mail shows: the form as it stood when it was filled in, and what was agreed to.

    These are the words that the tap agrees to, however often the form was edited in between.
    """
    then = of(session, form, asked_at)
    return replace(then, words=then.words | {WORDING: wording})
