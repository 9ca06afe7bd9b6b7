"""Drafts: what an owner has typed and not saved, kept so that nothing is lost. Each owner has their own.

Shared by mails, posts, forms and newsletters. A draft is never checked: half a sentence may be kept.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.models.editing import Draft, Kind
from funnel.models.house import Owner


class Moved(Exception):  # noqa: N818 (it names what was found)
    """The draft was kept by another window meanwhile: nothing was written. `draft` is what stands there."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(f"version {draft.version} of the draft is another window's")
        self.draft = draft


def of(session: Session, kind: Kind, of_id: int, owner_id: int) -> Draft | None:
    """This owner's draft, if one is kept."""
    return session.scalars(_open(kind, of_id).where(Draft.owner_id == owner_id)).one_or_none()


def others(session: Session, kind: Kind, of_id: int, owner_id: int) -> list[tuple[Draft, str]]:
    """The drafts of other owners, with their addresses: '' of one who may no longer sign in."""
    rows = select(Draft, Owner.email).outerjoin(Owner, Owner.id == Draft.owner_id)
    rows = rows.where(Draft.kind == kind, Draft.of_id == of_id, Draft.discarded_at.is_(None))
    found = session.execute(rows.where(Draft.owner_id.is_distinct_from(owner_id)).order_by(Draft.at.desc()))
    return [(draft, email or "") for draft, email in found]


def keep(
    session: Session,
    kind: Kind,
    of_id: int,
    owner_id: int,
    content: Mapping[str, str],
    *,
    based_on: int,
    version: int,
    now: datetime,
) -> Draft:
    """Keeps what was typed as this owner's draft. `version`: of the draft that the window began from, 0 without one.

    Raises Moved when another window has kept something else meanwhile.
    """
    fresh = session.scalar(
        insert(Draft)
        .values(kind=kind, of_id=of_id, owner_id=owner_id, content=dict(content), based_on=based_on, version=1, at=now)
        .on_conflict_do_nothing()
        .returning(Draft.id)
    )
    draft = session.scalars(
        _open(kind, of_id).where(Draft.owner_id == owner_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if fresh is None and draft.content != dict(content):
        if draft.version != version:
            raise Moved(draft)
        draft.content, draft.based_on, draft.version, draft.at = dict(content), based_on, draft.version + 1, now
        session.flush()
    return draft


def discard(session: Session, kind: Kind, of_id: int, owner_id: int, now: datetime) -> int | None:
    """Throws this owner's draft away and returns its number, by which `bring_back` undoes that; None without one.

    The one thrown away before is gone for good then.
    """
    draft = of(session, kind, of_id, owner_id)
    if draft is None:
        return None
    mine = (Draft.kind == kind, Draft.of_id == of_id, Draft.owner_id == owner_id)
    session.execute(delete(Draft).where(*mine, Draft.discarded_at.is_not(None)))
    draft.discarded_at = now
    session.flush()
    return draft.id


def bring_back(session: Session, draft_id: int, owner_id: int) -> bool:
    """Undoes `discard`. False when the draft is gone, or another was begun meanwhile."""
    draft = session.get(Draft, draft_id)
    if draft is None or draft.owner_id != owner_id or draft.of_id is None:
        return False
    if of(session, draft.kind, draft.of_id, owner_id) is not None:
        return False
    session.execute(update(Draft).where(Draft.id == draft_id).values(discarded_at=None))
    return True


def drop(session: Session, kind: Kind, of_id: int, owner_id: int) -> None:
    """Takes away a draft whose words were saved, or are those in force."""
    draft = of(session, kind, of_id, owner_id)
    if draft:
        session.delete(draft)
        session.flush()


def _open(kind: Kind, of_id: int) -> Select[Draft]:
    return select(Draft).where(Draft.kind == kind, Draft.of_id == of_id, Draft.discarded_at.is_(None))
