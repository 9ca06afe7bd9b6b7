"""What is done to many people at once: asked for, done chunk by chunk, and undone within the hour.

Each chunk is one transaction: it locks its people, does the action to those of them whom it changes, and keeps how they
were before. A job that was cut short goes on where it stopped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import deeds, muster
from funnel.audience.segment import Segment, read
from funnel.models.bulk import BulkAction, BulkChange, BulkJob, BulkState
from funnel.models.people import Subscriber
from funnel.programme.history import among

UNDO_FOR = timedelta(hours=1)
MOST_TICKED = 1000
RECENT = timedelta(days=7)
GOING_ON = (BulkState.RUNNING, BulkState.UNDOING)


@dataclass(frozen=True)
class Wish:
    """What is to be done to whom. `ids` None: to all of `segment`, up to the person `newest`."""

    action: BulkAction
    detail: dict[str, Any]
    segment: Segment
    ids: list[int] | None
    newest: int
    total: int


def ask(session: Session, wish: Wish, owner_id: int | None, now: datetime) -> BulkJob:
    """Writes the wish down; `work` does it."""
    job = BulkJob(
        owner_id=owner_id,
        action=wish.action,
        detail=wish.detail,
        segment=wish.segment.plain() if wish.ids is None else None,
        ids=sorted(set(wish.ids)) if wish.ids is not None else None,
        newest=wish.newest,
        total=wish.total,
        made_at=now,
    )
    session.add(job)
    session.flush()
    return job


def waiting(session: Session) -> list[int]:
    """The jobs that are not at their end, the oldest first."""
    return list(session.scalars(select(BulkJob.id).where(BulkJob.state.in_(GOING_ON)).order_by(BulkJob.id)))


def work(session: Session, job_id: int, now: datetime) -> bool:
    """Does one chunk of the job. False: it is at its end, or another worker is at it."""
    found = select(BulkJob).where(BulkJob.id == job_id, BulkJob.state.in_(GOING_ON)).with_for_update(skip_locked=True)
    job = session.scalar(found.execution_options(populate_existing=True))
    if job is None:
        return False
    more = _do_chunk(session, job, now) if job.state is BulkState.RUNNING else _undo_chunk(session, job, now)
    session.flush()
    return more


def halt(session: Session, job_id: int, now: datetime) -> bool:
    """Ends the job where it stands. What was done stays, and may be undone. False: it was at its end."""
    job = session.get_one(BulkJob, job_id, with_for_update=True, populate_existing=True)
    if job.state is not BulkState.RUNNING:
        return False
    _end(job, BulkState.HALTED, now)
    return True


def undo(session: Session, job_id: int, now: datetime) -> bool:
    """Begins to undo the job. False: it is too late for that, or it cannot be undone."""
    job = session.get_one(BulkJob, job_id, with_for_update=True, populate_existing=True)
    if not can_be_undone(job, now):
        return False
    job.state, job.reached, job.ended_at = BulkState.UNDOING, 0, None
    return True


def can_be_undone(job: BulkJob, now: datetime) -> bool:
    over = job.state in (BulkState.DONE, BulkState.HALTED)
    return over and job.changed > 0 and job.undo_until is not None and job.undo_until > now


def recent(session: Session, now: datetime, most: int = 5) -> list[BulkJob]:
    """The newest jobs of the last seven days, the last one first."""
    return list(
        session.scalars(select(BulkJob).where(BulkJob.made_at > now - RECENT).order_by(BulkJob.id.desc()).limit(most))
    )


def _do_chunk(session: Session, job: BulkJob, now: datetime) -> bool:
    deed = deeds.DEEDS[job.action]
    ids, reached = _next(session, job, deed.chunk, now)
    if reached is None:
        _end(job, BulkState.DONE, now)
        return False
    changes = deed.do(session, _lock(session, ids) if deed.undo else ids, job.detail, now)
    if changes:
        rows = [
            {"job_id": job.id, "subscriber_id": who, "before": before, "undone": False}
            for who, before in changes.items()
        ]
        session.execute(insert(BulkChange).values(rows).on_conflict_do_nothing())
    job.reached, job.looked_at, job.changed = reached, job.looked_at + len(ids), job.changed + len(changes)
    return True


def _undo_chunk(session: Session, job: BulkJob, now: datetime) -> bool:
    deed = deeds.DEEDS[job.action]
    rows = session.execute(
        select(BulkChange.subscriber_id, BulkChange.before)
        .where(BulkChange.job_id == job.id, BulkChange.subscriber_id > job.reached)
        .order_by(BulkChange.subscriber_id)
        .limit(deed.chunk)
    ).all()
    if not rows or deed.undo is None:
        job.state, job.ended_at, job.undo_until = BulkState.UNDONE, now, None
        return False
    befores = {row.subscriber_id: row.before for row in rows}
    _lock(session, list(befores))
    done = deed.undo(session, befores, job.detail, now)
    back = update(BulkChange).where(BulkChange.job_id == job.id, among(BulkChange.subscriber_id, done))
    session.execute(back.values(undone=True).execution_options(synchronize_session=False))
    job.reached, job.undone, job.kept = max(befores), job.undone + len(done), job.kept + len(befores) - len(done)
    return True


def _next(session: Session, job: BulkJob, size: int, now: datetime) -> tuple[list[int], int | None]:
    """The next people of the job, and how far it has come with them; None: nobody is left."""
    if job.ids is not None:
        left = [number for number in job.ids if number > job.reached][:size]
        return left, left[-1] if left else None
    segment, _ = read(job.segment or {})
    return muster.chunk(session, segment, now, job.reached, job.newest, size)


def _end(job: BulkJob, state: BulkState, now: datetime) -> None:
    job.state, job.ended_at = state, now
    job.undo_until = now + UNDO_FOR if deeds.DEEDS[job.action].undo and job.changed else None


def _lock(session: Session, ids: list[int]) -> list[int]:
    people = select(Subscriber.id).where(among(Subscriber.id, ids)).order_by(Subscriber.id)
    return list(session.scalars(people.with_for_update()))
