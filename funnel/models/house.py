"""What the house itself keeps: who may sign in, what they did, and the pulse of the clock."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words


class Role(StrEnum):
    """What somebody who signs in may do."""

    OWNER = "owner"  # everything
    EDITOR = "editor"  # everything but the settings, who may sign in, the audit, and many people at once
    VIEWER = "viewer"  # look


class Owner(Base):
    """Who may sign in. `session_key` salts the links that open the account: changed, none of them does any more."""

    __tablename__ = "owner"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  # lower case
    password_hash: Mapped[str]  # Argon2id, PHC string; empty: invited, and not come yet
    session_key: Mapped[str]
    role: Mapped[Role] = mapped_column(words(Role), default=Role.OWNER, server_default=Role.OWNER.value)
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]  # may not sign in; the row stays, since the audit names it
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed (tokens.seal)
    totp_since: Mapped[datetime | None]  # NULL: the secret is shown, and not confirmed by a code yet
    totp_step: Mapped[int | None]  # of the last code taken; it and those before it are good no more


class RecoveryCode(Base):
    """Opens the second step of a sign-in once, when the telephone is lost. Only its keyed hash is kept."""

    __tablename__ = "recovery_code"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"), index=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]


class OwnerSession(Base):
    """One browser that is signed in. The cookie holds what `hash` is the hash of. Deleted when it ends."""

    __tablename__ = "owner_session"
    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner.id"), index=True)
    agent: Mapped[str]
    network: Mapped[str]  # truncated: IPv4 /24, IPv6 /48
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # some minutes old at the most
    proved_at: Mapped[datetime]  # when the password was last typed


class Setting(Base):
    """A setting made on the owner's pages. The environment wins over it."""

    __tablename__ = "setting"
    name: Mapped[str] = mapped_column(primary_key=True)  # the variable's, or words:<page or mail>
    value: Mapped[Any] = mapped_column(JSONB)
    changed_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what. Append only."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owner.id"))  # NULL: from the command line
    action: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (
        Index("ix_audit_entry_owner", "owner_id", "id"),
        Index("ix_audit_entry_action", "action", "id"),
        # What was done to one person, for their story.
        Index(
            "ix_audit_entry_person", text("(detail ->> 'subscriber')"), postgresql_where=text("detail ? 'subscriber'")
        ),
    )


class Heartbeat(Base):
    """When a part last showed life. `clock` is beat, broker and worker together."""

    __tablename__ = "heartbeat"
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
