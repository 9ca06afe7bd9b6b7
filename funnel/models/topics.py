"""What newsletters are about, and who does not want which of it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base


class Topic(Base):
    """A sort of newsletter that readers may switch off. A course of tips has none."""

    __tablename__ = "topic"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)  # as readers see it
    about: Mapped[str] = mapped_column(default="")  # one line under it
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]  # offered to nobody any more; who did not want it is remembered


class Unwanted(Base):
    """One person who switched one topic off."""

    __tablename__ = "unwanted"
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"), primary_key=True)
    at: Mapped[datetime]

    __table_args__ = (Index("ix_unwanted_subscriber", "subscriber_id"),)
