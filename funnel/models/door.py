"""At the door: who saw a form, what is known of mail servers, how many were kept out, and which puzzles are spent."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words


class Proof(StrEnum):
    """What showed that a person filled in a form which looked risky."""

    NONE = "none"  # nothing was asked for
    PUZZLE = "puzzle"  # their browser solved one
    TAP = "tap"  # they tapped once more, without a script


class MailServer(StrEnum):
    """What the DNS says of a domain."""

    THERE = "there"
    NONE = "none"  # it takes no mail, or does not exist
    UNKNOWN = "unknown"  # no answer in time


class Stop(StrEnum):
    """What stops somebody at a form without a row being kept."""

    ROBOT = "robot"  # filled in the field that nobody sees
    STEP = "step"  # looked risky, and was asked for one step more
    RUSH = "rush"  # the same while a form had too many sign-ups a minute


class FormView(Base):
    """How often a form was seen by people, a row a day and source."""

    __tablename__ = "form_view"
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # in the practice's time zone
    source: Mapped[str] = mapped_column(primary_key=True, default="")
    views: Mapped[int]


class MailDomain(Base):
    """What the DNS said of a domain when it was last asked."""

    __tablename__ = "mail_domain"
    domain: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[MailServer] = mapped_column(words(MailServer))
    looked_at: Mapped[datetime]

    __table_args__ = (Index("ix_mail_domain_looked_at", "looked_at"),)


class DoorDay(Base):
    """How often something stopped somebody at a form on a day: a number, and nothing of who."""

    __tablename__ = "door_day"
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # in the practice's time zone
    what: Mapped[Stop] = mapped_column(words(Stop), primary_key=True)
    times: Mapped[int]
    last_at: Mapped[datetime]


class SpentPuzzle(Base):
    """The mark of a puzzle that let somebody in: it lets in nobody else."""

    __tablename__ = "spent_puzzle"
    mark: Mapped[bytes] = mapped_column(primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)  # from then on it is too old anyway


class CausedMail(Base):
    """A mail that a stranger may have caused. Kept for a month, whatever becomes of whom it went to."""

    __tablename__ = "caused_mail"
    id: Mapped[int] = mapped_column(primary_key=True)
    mailbox_hash: Mapped[bytes] = mapped_column(LargeBinary)
    template: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)  # when it is due

    __table_args__ = (Index("ix_caused_mail_mailbox", "mailbox_hash", "at"),)
