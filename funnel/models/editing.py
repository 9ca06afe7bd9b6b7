"""How what is said came to be: its revisions, drafts that are not yet said, and what its file last said of it.

Shared by every noun whose words an owner edits. `content` holds the fields as they are typed, each a text by its name.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words


class Kind(StrEnum):
    STEP = "step"
    COURSE = "course"
    POST = "post"
    FORM = "form"
    NEWSLETTER = "newsletter"
    TRANSLATION = "translation"


class Revision(Base):
    """One wording that was in force. The highest number is what is said now. Append only."""

    __tablename__ = "revision"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(words(Kind))
    of_id: Mapped[int]
    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id", ondelete="SET NULL"))  # NULL: from a file
    why: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("kind", "of_id", "number"),)


class Draft(Base):
    """What one owner has typed and not saved. One that is thrown away stays until the next is, to be brought back."""

    __tablename__ = "draft"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(words(Kind))
    of_id: Mapped[int | None]  # NULL: of something that is not there yet
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id", ondelete="SET NULL"))
    content: Mapped[dict[str, Any]]
    based_on: Mapped[int]  # the number of the revision it was begun from; 0 when there was none
    version: Mapped[int] = mapped_column(default=1)  # counts up with each keeping, so that two windows see each other
    at: Mapped[datetime]
    discarded_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_draft_open", "kind", "of_id", "owner_id", unique=True, postgresql_where=text("discarded_at IS NULL")),
    )


class FileCopy(Base):
    """What the content file of a noun last said. `followed`: nobody has edited it here, so it goes on as its file."""

    __tablename__ = "file_copy"
    kind: Mapped[Kind] = mapped_column(words(Kind), primary_key=True)
    of_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]
    followed: Mapped[bool]
    at: Mapped[datetime]  # when it last said something new


class Transfer(Base):
    """One enrolment that is to wait for another mail, or till another day, since its course was edited.

    It holds what the enrolment was when that was decided: one that has moved on meanwhile is left alone.
    """

    __tablename__ = "transfer"
    enrolment_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of one not transferred yet
    sequence_id: Mapped[int] = mapped_column(index=True)
    step_id: Mapped[int | None]  # NULL: it was finished
    due_at: Mapped[datetime | None]
    to_step_id: Mapped[int]
    days: Mapped[int]  # how much later; of one that was finished, 0


class Reopening(Base):
    """A mail that those who finished its course by `before` are to get after all, and how far they were looked at."""

    __tablename__ = "reopening"
    step_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence_id: Mapped[int]
    before: Mapped[datetime]
    last_id: Mapped[int]  # of an enrolment
