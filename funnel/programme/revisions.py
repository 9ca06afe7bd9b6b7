"""Revisions: every wording that was in force, by whom and when. Shared by mails, posts, forms and newsletters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.models.editing import Kind, Revision
from funnel.models.house import Owner

SHOWN = 50
BEFORE = "as it was before revisions were kept"
Content = Mapping[str, str]


class Newer(Exception):  # noqa: N818 (it names what was found)
    """Somebody saved meanwhile: nothing was written. `theirs` is their wording, `base` the one that both began from."""

    def __init__(self, theirs: Revision, base: Revision | None) -> None:
        super().__init__(f"revision {theirs.number} is newer")
        self.theirs, self.base = theirs, base


@dataclass(frozen=True)
class Line:
    """A revision in the list: `who` is '' for one that came from a file; `changed` names the fields that it changed."""

    revision: Revision
    who: str
    changed: tuple[str, ...]


def latest(session: Session, kind: Kind, of_id: int) -> int:
    """The number of the wording in force; 0 while nothing was ever said."""
    numbers = select(func.max(Revision.number)).where(Revision.kind == kind, Revision.of_id == of_id)
    return session.scalar(numbers) or 0


def one(session: Session, kind: Kind, of_id: int, number: int) -> Revision | None:
    found = select(Revision).where(Revision.kind == kind, Revision.of_id == of_id, Revision.number == number)
    return session.scalars(found).one_or_none()


def who(session: Session, revision: Revision) -> str:
    """The address of the owner who made it; '' for one that came from a file, or of somebody who is gone."""
    owner = session.get(Owner, revision.owner_id) if revision.owner_id else None
    return owner.email if owner else ""


def listed(session: Session, kind: Kind, of_id: int, before: int | None = None) -> list[Line]:
    """Newest first, SHOWN at a time: those before the number `before`, or the newest."""
    rows = select(Revision, Owner.email).outerjoin(Owner, Owner.id == Revision.owner_id)
    rows = rows.where(Revision.kind == kind, Revision.of_id == of_id).order_by(Revision.number.desc())
    if before is not None:
        rows = rows.where(Revision.number < before)
    found = [(revision, email or "") for revision, email in session.execute(rows.limit(SHOWN + 1))]
    older = [revision.content for revision, _ in found[1:]] + [{}]
    lines = [
        Line(revision, who, changed(past, revision.content))
        for (revision, who), past in zip(found, older, strict=False)
    ]
    return lines[:SHOWN]


def changed(old: Content, new: Content) -> tuple[str, ...]:
    """The names of the fields that are not the same."""
    return tuple(name for name in {**new, **old} if old.get(name, "") != new.get(name, ""))


def add(
    session: Session, kind: Kind, of_id: int, content: Content, *, owner_id: int | None, why: str, now: datetime
) -> Revision:
    """Writes down the wording that is in force from now on. The caller holds the noun's row locked."""
    number = latest(session, kind, of_id) + 1
    made = Revision(
        kind=kind, of_id=of_id, number=number, content=dict(content), owner_id=owner_id, why=why, at=now
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def begin(session: Session, kind: Kind, of_id: int, content: Content, at: datetime) -> None:
    """Keeps what was said before revisions were, so that the first edit can be undone too. Once only."""
    if not latest(session, kind, of_id):
        add(session, kind, of_id, content, owner_id=None, why=BEFORE, now=at)


def refuse_newer(session: Session, kind: Kind, of_id: int, based_on: int) -> None:
    """Raises Newer when the wording in force is not the one with the number `based_on`, from which an edit began."""
    number = latest(session, kind, of_id)
    theirs = one(session, kind, of_id, number)
    if theirs and number != based_on:
        raise Newer(theirs, one(session, kind, of_id, based_on))
