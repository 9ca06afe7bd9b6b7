"""Forms, made and changed: their words, where they lead, and whether they take anybody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import Step
from funnel.models.editing import Kind
from funnel.models.mail import Message
from funnel.models.people import Form, FormState
from funnel.programme import content_fields, file_copies, form_words, saying, wording
from funnel.programme.posts import SlugError


def held(session: Session, form_id: int) -> Form | None:
    """The form, locked until the end of the transaction, so that two edits come one after the other."""
    locked = select(Form).where(Form.id == form_id).with_for_update(key_share=True)
    return session.scalars(locked.execution_options(populate_existing=True)).one_or_none()


def make(session: Session, slug: str, values: Mapping[str, Any], owner_id: int, now: datetime) -> Form:
    """A new form with `values` (the columns that form_words.read gave), open at once. Without a `slug` it is made of
    the title. Raises SlugError.
    """
    form = Form(slug=checked(session, slug) if slug else free(session, values["title"]), created_at=now, **values)
    session.add(form)
    session.flush()
    saying.begun(session, Kind.FORM, form, form_words.typed(session, form), owner_id=owner_id, now=now)
    return form


def save(
    session: Session, form: Form, values: Mapping[str, Any], *, based_on: int, owner_id: int, why: str, now: datetime
) -> bool:
    """Says `values` (the columns that form_words.read gave) from now on; whether that changed anything.

    A consent keeps the wording it was given under. Raises revisions.Newer as posts.save does.
    """
    before = form_words.typed(session, form)
    after = form_words.of_values(session, values)
    return saying.save(
        session, Kind.FORM, form, values,
        before=before, after=after, based_on=based_on, owner_id=owner_id, why=why, now=now,
    )  # fmt: skip


def copy(session: Session, form: Form, owner_id: int, now: datetime) -> Form:
    """Another form with the same words and course, under no post."""
    values = {name: getattr(form, name) for name in (*form_words.TEXTS, *form_words.CHOSEN)} | {
        "sequence_id": form.sequence_id
    }
    return make(session, free(session, form.slug), values | {"post_id": None}, owner_id, now)


def retire(session: Session, form: Form) -> None:
    """Nobody can sign up by it from now on; who has, goes on."""
    _become(session, form, FormState.RETIRED)


def bring_back(session: Session, form: Form) -> None:
    _become(session, form, FormState.OPEN)


def checked(session: Session, slug: str) -> str:
    """`slug` when a new form may have it. Raises SlugError."""
    try:
        content_fields.slug(slug)
    except ValueError as error:
        raise SlugError(f"The address {error}.") from None
    if taken := session.scalar(select(Form).where(Form.slug == slug)):
        raise SlugError(f"The form “{taken.title}” has this address. Choose another.")
    return slug


def free(session: Session, title: str) -> str:
    """An address made of the title that no form has."""
    stem = wording.slug(title, "form")
    number = 1
    while session.scalar(select(Form.id).where(Form.slug == (slug := stem if number == 1 else f"{stem}-{number}"))):
        number += 1
    return slug


def _become(session: Session, form: Form, state: FormState) -> None:
    form.state = state
    file_copies.part(session, Kind.FORM, form.id)
    session.flush()


def to_come_back(session: Session, message_id: int | None, language: str) -> Form | None:
    """The form by which whoever has this mail may sign up (again): one of its course, else the oldest that is open, in
    that language where there is one. It depends on the mail alone, never on whom that went to.
    """
    course = select(Step.sequence_id).join(Message, Message.step_id == Step.id).where(Message.id == message_id)
    of_course = Form.sequence_id == course.scalar_subquery()
    order = of_course.desc().nulls_last(), Form.language != language, Form.id
    return session.scalar(select(Form).where(Form.state == FormState.OPEN).order_by(*order).limit(1))
