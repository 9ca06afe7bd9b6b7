"""How mail leaves: what waits, what is being sent, and what is to be left alone for now.

The rows here come and go; the account of each mail is its Message.
"""

from datetime import UTC, date, datetime

from sqlalchemy import ARRAY, BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words
from funnel.models.mail import MessageKind, MessageState, Queue

NEVER = datetime(9000, 1, 1, tzinfo=UTC)  # when an entry is due that waits to be told; infinity is no datetime
GUARD = "guard"  # the rest in which nothing is planned by the clock, nor sent


class QueueEntry(Base):
    """The right to decide what becomes of a mail. It is there exactly as long as the mail waits.

    Whoever deletes it owns the mail: a claim, or whoever skips it because its person has left. So no two can, and a
    mail costs its wide row one update only. It repeats what the gate must know, for the claim to read one narrow table.
    """

    __tablename__ = "queue_entry"
    # No foreign keys: each costs a look-up a row, and entries are made from rows just written (docs/decisions.md).
    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    queue: Mapped[Queue] = mapped_column(words(Queue))
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    kind: Mapped[MessageKind] = mapped_column(words(MessageKind))
    subscriber_id: Mapped[int | None]
    sign_up_id: Mapped[int | None]
    enrolment_id: Mapped[int | None]
    newsletter_id: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")  # tries spent before this one
    reason: Mapped[str] = mapped_column(default="", server_default="")  # why it has not left yet, as on its message

    __table_args__ = (
        Index("ix_queue_entry_due", "queue", "due_at"),
        # Half of it is dead after every batch: swept often, or the next claim wades through it.
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": "0.02"}},
    )


class Claim(Base):
    """Mails that one worker is sending: one row a batch, so that a lease is renewed and fenced by touching one row.

    `ids`: those not recorded yet. The row goes with the last of them; while it is there, they are the worker's.
    """

    __tablename__ = "claim"
    id: Mapped[int] = mapped_column(primary_key=True)  # of a sequence, which a restored backup sets back
    queue: Mapped[Queue] = mapped_column(words(Queue))
    worker: Mapped[str]  # whose journal knows more: host and file
    lease_until: Mapped[datetime] = mapped_column(index=True)
    ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))  # not compressed: migration 0003
    made_at: Mapped[datetime]


class MarketingStamp(Base):
    """When somebody last got a tip or newsletter. Not on the subscriber, whose wide row would be written each time."""

    __tablename__ = "marketing_stamp"
    subscriber_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]  # claimed for sending
    message_id: Mapped[int]  # which mail that was: its own retries are not held back by it
    newsletter_at: Mapped[datetime | None]

    __table_args__ = ({"postgresql_with": {"fillfactor": "45"}},)  # room for a new version on the same page


class Progress(Base):
    """How many mails of a newsletter came to a last state, or left it again (then `mails` is negative).

    Written with the mails themselves: a row a batch, or by a trigger. Those of a state add up to the mails that are in
    it, so that a page that asks every two seconds reads some hundred rows. Old rows are added together.
    """

    __tablename__ = "progress"
    id: Mapped[int] = mapped_column(primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(index=True)
    state: Mapped[MessageState] = mapped_column(words(MessageState))
    mails: Mapped[int]
    at: Mapped[datetime]


class Rest(Base):
    """What is left alone for now, by all workers on all machines, and why.

    `name`: "relay:<host:port>", "domain:<example.org>", "stream:bulk", or GUARD (nothing is sent at all).
    """

    __tablename__ = "rest"
    name: Mapped[str] = mapped_column(primary_key=True)
    why: Mapped[str]
    seconds: Mapped[float]  # how long this rest is; the next one is longer
    since: Mapped[datetime]
    until: Mapped[datetime | None]  # NULL: until the owner or operator says so
    in_a_row: Mapped[int] = mapped_column(default=0, server_default="0")  # refusals that lead to the next rest


class RelayTally(Base):
    """What one relay was handed: for its daily limit and warm-up, and to see when too many addresses are bad."""

    __tablename__ = "relay_tally"
    name: Mapped[str] = mapped_column(primary_key=True)  # host:port
    first_at: Mapped[datetime]  # the first mail ever, from which warm-up counts
    day: Mapped[date]  # UTC
    today: Mapped[int]  # taken or being handed over on `day`
    delivered: Mapped[int]  # taken, or refused for the address, ever
    bad_marks: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))  # what `delivered` was at the latest bad addresses


class Lineage(Base):
    """One row: which database this was when mails were last let go from it. A copy or an older state is another one."""

    __tablename__ = "lineage"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    identity: Mapped[str]  # as mail/lineage reads it from the server
    accepted_at: Mapped[datetime]
