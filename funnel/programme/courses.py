"""Courses as a whole: made, and changed as their owner wishes."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import EVERY_DAY, Sequence, SequenceState
from funnel.models.editing import Kind
from funnel.programme import content_fields, file_copies
from funnel.programme.wording import IT, Fault, slug


def make(session: Session, title: str, now: datetime) -> tuple[Sequence | None, list[Fault]]:
    """A new course without mails, that nobody gets yet; None with the reasons when its title is refused."""
    named, problems = content_fields.value("title", title, content_fields.line, called=IT)
    if problems or named is None:
        return None, [Fault("title", 0, problem.text) for problem in problems]
    stem = slug(named, "course")
    taken = session.scalar(select(Sequence.id).where(Sequence.slug == stem))
    course = Sequence(
        slug=f"{stem}-{secrets.token_hex(2)}" if taken else stem,
        title=named,
        state=SequenceState.DRAFT,
        blackouts=[],
        created_at=now,
    )
    session.add(course)
    session.flush()
    return course, []


def change(session: Session, course: Sequence, values: Mapping[str, Any]) -> None:
    """Gives the course these columns; from now on they are its owner's, whatever its file says."""
    for name, value in values.items():
        setattr(course, name, value)
    course.weekends_before = course.weekdays == EVERY_DAY
    file_copies.part(session, Kind.COURSE, course.id)
    session.flush()
