"""Words of a post, a form or an issue put in force: never over somebody else's unseen, and each wording kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from funnel.models.content import Newsletter, Post
from funnel.models.editing import Kind
from funnel.models.people import Form
from funnel.programme import drafts, file_copies, revisions

Content = Mapping[str, str]
Row = Post | Form | Newsletter
FROM_FILE = "from its file"
MADE = "made here"


def begun(session: Session, kind: Kind, row: Row, content: Content, *, owner_id: int | None, now: datetime) -> None:
    """Keeps the first wording of something that has just been made."""
    why = MADE if owner_id else FROM_FILE
    revisions.add(session, kind, row.id, content, owner_id=owner_id, why=why, now=now)


def save(
    session: Session,
    kind: Kind,
    row: Row,
    values: Mapping[str, Any],
    *,
    before: Content,
    after: Content,
    based_on: int,
    owner_id: int,
    why: str,
    now: datetime,
) -> bool:
    """Says `values`, the columns of `after`, from now on, instead of `before`; whether that changed anything.

    The caller holds the row locked. Raises revisions.Newer, writing nothing, when somebody saved since the revision
    `based_on`.
    """
    revisions.refuse_newer(session, kind, row.id, based_on)
    drafts.drop(session, kind, row.id, owner_id)
    if before == after:
        return False
    say(session, kind, row, values, before=before, after=after, owner_id=owner_id, why=why, now=now)
    file_copies.part(session, kind, row.id)
    return True


def say(
    session: Session,
    kind: Kind,
    row: Row,
    values: Mapping[str, Any],
    *,
    before: Content,
    after: Content,
    owner_id: int | None,
    why: str,
    now: datetime,
) -> None:
    """The same, whatever was there."""
    revisions.begin(session, kind, row.id, before, row.updated_at if isinstance(row, Post) else row.created_at)
    for name, value in values.items():
        setattr(row, name, value)
    if isinstance(row, Post):
        row.updated_at = now
    revisions.add(session, kind, row.id, after, owner_id=owner_id, why=why, now=now)
    session.flush()
