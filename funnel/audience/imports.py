"""An import's way: a file is chosen, checked, let in, and may be taken back. Each verb does nothing out of its turn.

A worker takes a lease on an import and renews it with every chunk, in the chunk's own transaction. So whoever was
killed is followed by another within half a minute, exactly where it was; and a pause or an end pressed is seen.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from funnel.audience.intake import Plan
from funnel.db import database_now
from funnel.models.imports import STARTED, WORKING, Import, ImportState, Verdict

LEASE = timedelta(seconds=30)
KEPT = timedelta(days=7)  # the lines of a file, for its errors to be mended
LOST = "The file is no longer here, since the database was restarted. Please choose it once more."
TO_CHECK = (ImportState.CHOSEN, ImportState.CHECKED, ImportState.FAILED)
UNDOABLE = (ImportState.DONE, ImportState.CANCELLED)
MOST_LISTED = 20
BEYOND = (1 << 63) - 1


@dataclass
class Lease:
    """One worker's right to work on an import."""

    id: int
    state: ImportState
    until: datetime


def check(session: Session, found: Import, plan: Plan, now: datetime) -> bool:
    """Has the file read by `plan`, the dry run. False where it is too late for that. The plan has no problems."""
    if found.state not in TO_CHECK or found.cleared_at:
        return False
    found.plan, found.counts, found.why, found.reached = plan.kept(), {}, "", 0
    _enter(session, found, ImportState.CHECKING)
    return True


def start(session: Session, found: Import, now: datetime) -> bool:
    """Has those who are new let in."""
    if found.state is not ImportState.CHECKED or found.cleared_at:
        return False
    found.started_at, found.reached, found.line, found.done = now, 0, 0, {}
    _enter(session, found, ImportState.RUNNING)
    return True


def pause(session: Session, found: Import) -> bool:
    return found.state is ImportState.RUNNING and _enter(session, found, ImportState.PAUSED)


def resume(session: Session, found: Import) -> bool:
    return found.state is ImportState.PAUSED and _enter(session, found, ImportState.RUNNING)


def cancel(session: Session, found: Import, now: datetime) -> bool:
    """Ends it. Who has come in stays, and can be taken back."""
    if found.state not in (*STARTED, *TO_CHECK, ImportState.CHECKING):
        return False
    found.ended_at = now
    return _enter(session, found, ImportState.CANCELLED)


def undo(session: Session, found: Import) -> bool:
    """Has those taken back who came in by it, had no mail and did nothing since."""
    if found.state not in UNDOABLE or not found.done.get("added"):
        return False
    found.reached = found.line = 0
    return _enter(session, found, ImportState.UNDOING)


def new(found: Import) -> int:
    """How many people it would bring in, or brings in."""
    return int(found.counts.get(Verdict.NEW, 0))


def total(found: Import) -> int:
    """What `reached` is a part of."""
    if found.state is ImportState.CHECKING:
        return found.size
    return int(found.done.get("added", 0)) if found.state is ImportState.UNDOING else new(found)


def latest(session: Session, most: int = MOST_LISTED) -> list[Import]:
    return list(session.scalars(select(Import).order_by(Import.id.desc()).limit(most)))


def hold(session: Session, import_id: int) -> Import | None:
    """The import, locked."""
    return session.get(Import, import_id, with_for_update=True, populate_existing=True)


def take(session: Session, after: int = 0, before: int = BEYOND) -> Lease | None:
    """The next import, by its number between those two, that has work to be done and no worker."""
    now = database_now(session)
    free = or_(Import.lease_until.is_(None), Import.lease_until < now)
    found = session.scalar(
        select(Import)
        .where(Import.state.in_(WORKING), Import.id > after, Import.id < before, free)
        .order_by(Import.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if found is None:
        return None
    found.lease_until = now + LEASE
    return Lease(found.id, found.state, found.lease_until)


def renew(session: Session, lease: Lease) -> Import | None:
    """The import, locked; None when it was paused, ended or taken over meanwhile: then nothing more is to be done."""
    found = hold(session, lease.id)
    if found is None or found.state is not lease.state or found.lease_until != lease.until:
        return None
    lease.until = found.lease_until = database_now(session) + LEASE
    return found


def let_go(session: Session, lease: Lease) -> None:
    """For now, or since it has come to its end."""
    if found := renew(session, lease):
        found.lease_until = None


def rest(session: Session, found: Import, length: timedelta) -> None:
    """Lets no worker at it for so long."""
    found.lease_until = database_now(session) + length


def end(session: Session, found: Import, state: ImportState, now: datetime, why: str = "") -> None:
    found.ended_at, found.why = now, why
    _enter(session, found, state)


def past_keeping(session: Session, now: datetime) -> Collection[int]:
    """Whose file and lines are kept no longer; those are marked so, and are to be cleared."""
    old = select(Import).where(
        Import.cleared_at.is_(None), Import.made_at < now - KEPT, Import.state.not_in((*STARTED, *WORKING))
    )
    found = session.scalars(old.with_for_update(skip_locked=True)).all()
    for one in found:
        one.cleared_at = now
        if one.state in TO_CHECK:
            one.state, one.ended_at = ImportState.CANCELLED, now
    return [one.id for one in found]


def _enter(session: Session, found: Import, state: ImportState) -> bool:
    found.state, found.lease_until = state, None
    session.flush()
    return True
