"""Handouts: a PDF that a form gives to whoever confirms, and how many took it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base


class Gives(StrEnum):
    """What a form gives."""

    OURS = "ours"  # the QL reset
    OWN = "own"  # a file of the owner's
    NONE = "none"


class OwnFile(Base):
    """A PDF of the owner's. In the database, since any machine may be asked for it."""

    __tablename__ = "own_file"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # of the file
    title: Mapped[str] = mapped_column(default="", server_default="")  # what readers read; '': the name of the file
    digest: Mapped[str]
    size: Mapped[int]
    pages: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    made_at: Mapped[datetime]


class HandoutDay(Base):
    """How often a form's handout was taken, a row a day."""

    __tablename__ = "handout_day"
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # in the practice's time zone
    people: Mapped[int]  # who took it for the first time
    visits: Mapped[int]  # of people, each time
    machines: Mapped[int]  # visits
