"""The owner's own marks on people."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base


class Tag(Base):
    """A word of the owner's. `name` is as audience/tags normalises it, so that one word is one tag."""

    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class Tagged(Base):
    """One person who bears one tag. `at` tells the time it was put on from the time it was put on again."""

    __tablename__ = "tagged"
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"), primary_key=True)
    at: Mapped[datetime]

    __table_args__ = (Index("ix_tagged_subscriber", "subscriber_id"),)
