"""Who did what: the audit, read a page at a time by its key, whole or of one person or one kind."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from funnel.models.house import AuditEntry, Owner

PAGE_ROWS = 50
COMMAND_LINE = 0  # stands for those who did it from the command line
MOST_KINDS = 500


@dataclass(frozen=True)
class Which:
    """Which entries. `who`: the id of a person, or COMMAND_LINE; `action`: as it was noted. None: any."""

    who: int | None = None
    action: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        wanted = []
        if self.who is not None:
            mine = AuditEntry.owner_id.is_(None) if self.who == COMMAND_LINE else AuditEntry.owner_id == self.who
            wanted.append(mine)
        if self.action is not None:
            wanted.append(AuditEntry.action == self.action)
        return wanted


@dataclass(frozen=True)
class Page:
    """Entries, the newest first. `before`: what the next page begins below; None when there is none."""

    entries: list[AuditEntry]
    before: int | None


def page(session: Session, which: Which, before: int | None = None, rows: int = PAGE_ROWS) -> Page:
    """The newest entries below the number `before`."""
    wanted = which.conditions() + ([AuditEntry.id < before] if before else [])
    newest = select(AuditEntry).where(*wanted).order_by(AuditEntry.id.desc()).limit(rows + 1)
    found = list(session.scalars(newest))
    return Page(found[:rows], found[rows - 1].id if len(found) > rows else None)


def every(session: Session, which: Which) -> Iterator[AuditEntry]:
    """All of them, the newest first, page by page in constant memory."""
    found = page(session, which, rows=1000)
    while found.entries:
        yield from found.entries
        session.expunge_all()
        if found.before is None:
            return
        found = page(session, which, found.before, rows=1000)


def kinds(session: Session) -> list[str]:
    """Everything that was ever done, in the order of the alphabet: one look into the index for each."""
    first = select(func.min(AuditEntry.action).label("action")).cte("kinds", recursive=True)
    after = aliased(first)
    later = select(func.min(AuditEntry.action)).where(AuditEntry.action > after.c.action).scalar_subquery()
    found = first.union_all(select(later).where(after.c.action.is_not(None)))
    return [kind for kind in session.scalars(select(found.c.action).limit(MOST_KINDS)) if kind is not None]


def people(session: Session) -> dict[int, str]:
    """Everybody who may sign in, or could once."""
    return {owner.id: owner.email for owner in session.scalars(select(Owner).order_by(Owner.email))}
