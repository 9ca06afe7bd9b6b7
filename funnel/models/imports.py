"""What comes in by the file: the import, its file in pieces, and the people it holds before they are let in."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words


class ImportState(StrEnum):
    CHOSEN = "chosen"  # the file is here; what its columns hold is not said yet
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"  # whoever came in before that stays
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


WORKING = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)
STARTED = (ImportState.RUNNING, ImportState.PAUSED)


class Verdict(StrEnum):
    """What becomes of one line of the file."""

    NEW = "new"
    HERE = "here"  # known already, waiting to confirm or in
    TWICE = "twice"  # an earlier line of the file has this address
    LEFT = "left"  # left, bounced or complained here, or is suppressed: stays so
    ELSEWHERE = "elsewhere"  # left where the file comes from
    WRONG = "wrong"  # to be mended


class Import(Base):
    """One file of people. `plan` says how it is to be read, and what is to become of them (audience/plan_of_import)."""

    __tablename__ = "import"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id", ondelete="SET NULL"))
    name: Mapped[str]  # of the file
    size: Mapped[int]  # bytes
    encoding: Mapped[str]
    separator: Mapped[str]
    plan: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[ImportState] = mapped_column(words(ImportState), default=ImportState.CHOSEN)
    why: Mapped[str] = mapped_column(default="")  # it failed
    reached: Mapped[int] = mapped_column(default=0)  # bytes checked, people let in, or people taken back
    line: Mapped[int] = mapped_column(default=0)  # while it runs: everything up to this line is done
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # lines by verdict
    spoken: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # new people, by their language
    done: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what came of it
    lease_until: Mapped[datetime | None]  # a worker is at it
    made_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]  # when its pieces and rows were deleted

    __table_args__ = (
        Index("ix_import_working", "id", postgresql_where=text("state IN ('checking', 'running', 'undoing')")),
        Index("ix_import_uncleared", "made_at", postgresql_where=text("cleared_at IS NULL")),
    )


class ImportPiece(Base):
    """A part of the file as it came. Unlogged: lost when the database is killed, and the file is chosen again."""

    __tablename__ = "import_piece"
    import_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    piece: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class ImportRow(Base):
    """One line of the file, checked. Unlogged, without foreign keys: a million are written and deleted again."""

    __tablename__ = "import_row"
    import_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # of the file, where it begins
    verdict: Mapped[Verdict] = mapped_column(words(Verdict))
    reason: Mapped[str]  # of a new one: what of the line could not be taken
    email: Mapped[str]
    address_hash: Mapped[bytes | None]
    first_name: Mapped[str]
    time_zone: Mapped[str]
    source: Mapped[str]
    language: Mapped[str] = mapped_column(default="", server_default="")  # as the file says it; '': it does not
    agreed_at: Mapped[datetime | None]
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    cells: Mapped[list[str] | None] = mapped_column(ARRAY(Text))  # as they stand in the file; of a wrong line only

    __table_args__ = (
        Index("ix_import_row_verdict", "import_id", "verdict", "line", postgresql_where=text("verdict <> 'new'")),
        Index(
            "ix_import_row_noted",
            "import_id",
            "line",
            postgresql_where=text("verdict = 'new' AND reason <> ''"),
        ),
        {"prefixes": ["UNLOGGED"]},
    )
