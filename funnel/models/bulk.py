"""What the owner has done to many people at once: the job with its progress, and what it changed on whom."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words


class BulkAction(StrEnum):
    TAG = "tag"
    UNTAG = "untag"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    ENROL = "enrol"
    UNSUBSCRIBE = "unsubscribe"
    ERASE = "erase"


class BulkState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    HALTED = "halted"  # by the owner, half-way
    UNDOING = "undoing"
    UNDONE = "undone"


class BulkJob(Base):
    """One action on many people, done chunk by chunk in the order of their ids, each chunk a transaction."""

    __tablename__ = "bulk_job"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id", ondelete="SET NULL"))
    action: Mapped[BulkAction] = mapped_column(words(BulkAction))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the tag, the day, the course
    segment: Mapped[dict[str, Any] | None]  # whom it is about, or:
    ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))  # those that were ticked
    newest: Mapped[int]  # nobody who came since it was asked for
    total: Mapped[int]  # how many it was asked for
    reached: Mapped[int] = mapped_column(default=0)  # everybody up to this id is done
    looked_at: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    state: Mapped[BulkState] = mapped_column(words(BulkState), default=BulkState.RUNNING)
    undone: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)  # not undone, since somebody has changed them meanwhile
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    undo_until: Mapped[datetime | None]  # NULL: it cannot be undone, or not any more

    __table_args__ = (Index("ix_bulk_job_open", "id", postgresql_where=text("state IN ('running', 'undoing')")),)


class BulkChange(Base):
    """What a job changed on one person, as it was before: to undo that, and to tell it in the person's story."""

    __tablename__ = "bulk_change"
    job_id: Mapped[int] = mapped_column(ForeignKey("bulk_job.id", ondelete="CASCADE"), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    before: Mapped[dict[str, Any]]
    undone: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index("ix_bulk_change_subscriber", "subscriber_id"),)
