"""Issues of the newsletter as they are written: begun, from a past one too, and saved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter, Part
from funnel.models.editing import Kind
from funnel.models.rhythms import Rhythm
from funnel.models.topics import Topic
from funnel.programme import issue_words, outgoing, revisions, saying, translations

EMPTY = {"subject": "A new issue", "body": ""}


def begin(session: Session, owner_id: int, now: datetime, like: Newsletter | None = None) -> Newsletter:
    """A new issue, a draft that nobody gets: empty, or with the words of `like` and what it is about.

    Its translations come along, left out until somebody has looked at them: the words beside them are to be others.
    """
    words: dict[str, Any] = {name: getattr(like, name) for name in issue_words.FIELDS} if like else dict(EMPTY)
    topic = topic_of(session, like) if like else None
    issue = add(
        session, Newsletter(**words, topic_id=topic, created_at=now), owner_id=owner_id, why=saying.MADE, now=now
    )  # fmt: skip
    if like:
        translations.copy(session, like.id, issue.id, now, why=saying.MADE)
    return issue


def topic_of(session: Session, past: Newsletter | Rhythm) -> int | None:
    """What another one like it is about; None where that is offered no more."""
    topic = session.get(Topic, past.topic_id) if past.topic_id else None
    return topic.id if topic and topic.retired_at is None else None


def add(session: Session, issue: Newsletter, *, owner_id: int | None, why: str, now: datetime) -> Newsletter:
    """Keeps a new issue and its first wording. `owner_id` None: of one that the clock began."""
    session.add(issue)
    session.flush()
    words = issue_words.typed(issue)
    revisions.add(session, Kind.NEWSLETTER, issue.id, words, owner_id=owner_id, why=why, now=now)
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

    A mail that is planned takes the words of the moment it leaves, where two subjects are tried too. Raises
    revisions.Newer as posts.save does.
    """
    before, after = issue_words.typed(issue), issue_words.of_values(values)
    changed = saying.save(
        session, Kind.NEWSLETTER, issue, values,
        before=before, after=after, based_on=based_on, owner_id=owner_id, why=why, now=now,
    )  # fmt: skip
    if changed:
        _hand_on(session, issue)
    return changed


def _hand_on(session: Session, issue: Newsletter) -> None:
    """The wordings of a trial say the same: those of the first subject that one too."""
    theirs = update(Newsletter).where(Newsletter.parent_id == issue.id, Newsletter.part.in_(outgoing.WORDINGS))
    same = {"preheader": issue.preheader, "body": issue.body, "sources": issue.sources}
    session.execute(theirs.values(same).execution_options(synchronize_session="fetch"))
    first = [Part.A] if issue.winner is Part.B else [Part.A, Part.REST]
    named = theirs.where(Newsletter.part.in_(first)).values(subject=issue.subject)
    session.execute(named.execution_options(synchronize_session="fetch"))
