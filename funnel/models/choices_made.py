"""What readers chose themselves, beside agreeing and leaving: evidence of what they wished, and when."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words


class Chose(StrEnum):
    PAUSE = "pause"
    GO_ON = "go on"
    MONTHLY = "monthly"
    ALL = "all"
    TOPICS = "topics"
    LANGUAGE = "language"
    NO_COURSE = "no course"
    NAME = "name"
    ADDRESS = "address"


class Choice(Base):
    """One change by the reader (audience/chosen). It outlives erasure, without its detail."""

    __tablename__ = "choice"
    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"))
    chose: Mapped[Chose] = mapped_column(words(Chose))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime]
    kept_until: Mapped[datetime | None]  # since a later line overtook it; NULL: it stands, and stays

    __table_args__ = (
        Index("ix_choice_subscriber", "subscriber_id", "at"),
        Index("ix_choice_kept_until", "kept_until", postgresql_where=text("kept_until IS NOT NULL")),
    )


class NewAddress(Base):
    """An address somebody wants their mails at, until it is confirmed there: blank after a day, gone after 30."""

    __tablename__ = "new_address"
    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"))
    email: Mapped[str]  # blank once it is theirs, or a day old
    address_hash: Mapped[bytes]
    nonce: Mapped[bytes] = mapped_column(LargeBinary)  # salts the token
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]  # when it was decided behind the page whether it is asked
    done_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_new_address_new", "id", postgresql_where=text("settled_at IS NULL")),
        Index("ix_new_address_subscriber", "subscriber_id", "created_at"),
    )
