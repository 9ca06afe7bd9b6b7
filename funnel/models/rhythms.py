"""Notes for newsletters to come, and the regular newsletters whose drafts are made of them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words


class Every(StrEnum):
    WEEKDAY = "weekday"  # the first Tuesday of a month
    DAY = "day"  # the 15th of a month
    WEEKS = "weeks"  # so many weeks after the one before


class Note(Base):
    """A thought jotted down. `newsletter_id`: the last newsletter that was begun with it."""

    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]  # Markdown
    newsletter_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]  # until it is gone for good, it can be brought back


class Rhythm(Base):
    """A regular newsletter: on which days there is one, and what its drafts begin with. Days are the practice's."""

    __tablename__ = "rhythm"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    subject: Mapped[str]  # may hold {{ month }} and {{ year }}, those of the turn
    every: Mapped[Every] = mapped_column(words(Every))
    nth: Mapped[int] = mapped_column(SmallInteger)  # of WEEKDAY: which one in the month, or turns.LAST
    weekday: Mapped[int] = mapped_column(SmallInteger)  # of WEEKDAY: Monday's is 0
    day: Mapped[int] = mapped_column(SmallInteger)  # of DAY: the last of the month where that is shorter
    weeks: Mapped[int] = mapped_column(SmallInteger)  # of WEEKS
    first_on: Mapped[date]  # of WEEKS: the day from which they count
    minute: Mapped[int] = mapped_column(SmallInteger)  # after midnight
    lead_days: Mapped[int] = mapped_column(SmallInteger)  # how long before it is due its draft is made
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segment.id"), index=True)  # None: everybody
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))  # None: chosen anew for each
    reminds: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    next_on: Mapped[date]  # the turn whose draft is made next
    paused_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Turn(Base):
    """One day of a rhythm, once it had its draft; without a newsletter where there was no note to make it of."""

    __tablename__ = "turn"
    id: Mapped[int] = mapped_column(primary_key=True)
    rhythm_id: Mapped[int] = mapped_column(ForeignKey("rhythm.id", ondelete="CASCADE"))
    day: Mapped[date]
    newsletter_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id", ondelete="SET NULL"), index=True)
    notes: Mapped[int] = mapped_column(SmallInteger)
    made_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]  # on the day itself

    __table_args__ = (UniqueConstraint("rhythm_id", "day"),)
