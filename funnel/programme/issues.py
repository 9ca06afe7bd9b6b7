"""Issues of the newsletter as they are written: begun, from a past one too, and saved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter
from funnel.models.editing import Kind
from funnel.programme import issue_words, saying

EMPTY = {"subject": "A new issue", "body": ""}


def begin(session: Session, owner_id: int, now: datetime, like: Newsletter | None = None) -> Newsletter:
    """A new issue, a draft that nobody gets: empty, or with the words of `like`."""
    words = (
        {name: getattr(like, name) for name in issue_words.FIELDS} if like else {"subject": "A new issue", "body": ""}
    )
    issue = Newsletter(**words, created_at=now)
    session.add(issue)
    session.flush()
    saying.begun(session, Kind.NEWSLETTER, issue, issue_words.typed(issue), owner_id=owner_id, now=now)
    return issue


def held(session: Session, issue_id: int) -> Newsletter | None:
    """The issue, locked until the end of the transaction, so that two edits come one after the other."""
    locked = select(Newsletter).where(Newsletter.id == issue_id).with_for_update(key_share=True)
    return session.scalars(locked.execution_options(populate_existing=True)).one_or_none()


def save(
    session: Session, issue: Newsletter, values: Mapping[str, Any], *, based_on: int, owner_id: int, why: str,
    now: datetime,
) -> bool:  # fmt: skip
    """Says `values` (the columns that issue_words.read gave) from now on; whether that changed anything.

    A mail that is planned takes the words of the moment it leaves. Raises revisions.Newer as posts.save does.
    """
    before, after = issue_words.typed(issue), issue_words.of_values(values)
    return saying.save(
        session, Kind.NEWSLETTER, issue, values,
        before=before, after=after, based_on=based_on, owner_id=owner_id, why=why, now=now,
    )  # fmt: skip
