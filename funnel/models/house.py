"""What the house itself keeps: who may sign in, what they did, and the pulse of the clock."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base


class Owner(Base):
    """Who may sign in. `session_key` is changed to end every session at once."""

    __tablename__ = "owner"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  # lower case
    password_hash: Mapped[str]  # Argon2id, PHC string
    session_key: Mapped[str]
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what. Append only."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id"))  # NULL: from the command line
    action: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(index=True)

    # What was done to one person, for their story.
    __table_args__ = (
        Index(
            "ix_audit_entry_person", text("(detail ->> 'subscriber')"), postgresql_where=text("detail ? 'subscriber'")
        ),
    )


class Heartbeat(Base):
    """When a part last showed life. `clock` is beat, broker and worker together."""

    __tablename__ = "heartbeat"
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
