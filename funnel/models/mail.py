"""The mails: one row a person and mail, and the links in them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words


class MessageKind(StrEnum):
    CONFIRMATION = "confirmation"
    STEP = "step"
    NEWSLETTER = "newsletter"
    NOTICE = "notice"
    LETTER = "letter"
    TEST = "test"


class MessageState(StrEnum):
    QUEUED = "queued"  # being sent too: then a Claim holds it, and no QueueEntry does
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    EXPIRED = "expired"


WAITING = (MessageState.QUEUED, MessageState.DEFERRED)
LAST_STATES = (
    MessageState.SENT,
    MessageState.SKIPPED,
    MessageState.FAILED,
    MessageState.UNKNOWN,
    MessageState.EXPIRED,
)
MARKETING = (MessageKind.STEP, MessageKind.NEWSLETTER)


class Queue(StrEnum):
    """Which process sends it. Only bulk mail knows windows, the 20-hour rule and pauses."""

    URGENT = "urgent"
    BULK = "bulk"


class LinkKind(StrEnum):
    CONTENT = "content"
    BOOKING = "booking"
    BOOKED = "booked"  # "I have already booked"
    HANDOUT = "handout"  # what their form gives
    INTEREST = "interest"  # a chosen level, never a symptom
    CANARY = "canary"  # hidden in every tip: no person sees it, so whoever follows it is a machine


class Message(Base):
    """One mail to one person. Planned once (kind, key), gated when claimed, and accounted for.

    Written twice in its life: when planned and when its outcome is known. No index names what the second writing
    changes when all is well, so that it stays on its page and touches no index (PostgreSQL's heap-only tuples).
    """

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[MessageKind] = mapped_column(words(MessageKind))
    key: Mapped[str]
    template: Mapped[str]  # step, or the folder under templates/emails
    queue: Mapped[Queue] = mapped_column(words(Queue))
    message_id: Mapped[str]  # RFC 5322, the same on every attempt: <id.random@domain>, found by the id in it
    subscriber_id: Mapped[int | None]  # no foreign key: half the cost of planning. Subscribers are never deleted
    to_address: Mapped[str | None]  # only of a mail to nobody we keep; blanked after its last state
    sign_up_id: Mapped[int | None] = mapped_column(ForeignKey("sign_up.id", ondelete="SET NULL"))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("step.id"))
    newsletter_id: Mapped[int | None]  # no foreign key either; newsletters with mails are never deleted
    enrolment_id: Mapped[int | None] = mapped_column(ForeignKey("enrolment.id"))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id"))
    state: Mapped[MessageState] = mapped_column(words(MessageState), default=MessageState.QUEUED)
    reason: Mapped[str] = mapped_column(default="")  # why it is where it is, in plain words
    reply: Mapped[str] = mapped_column(default="")  # the relay's last reply, addresses taken out
    relay: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    claim_id: Mapped[int | None]  # of an unknown one: the claim whose journal may still tell
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # when it reached a last state
    troubled_at: Mapped[datetime | None]  # when it failed or became unknown; NULL otherwise
    doubted_at: Mapped[datetime | None]  # of one wished for again: when it became unknown. It may have arrived then

    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_message_confirmation", "due_at", postgresql_where=text("kind = 'confirmation'")),
        Index("ix_message_troubled", "troubled_at", postgresql_where=text("troubled_at IS NOT NULL")),
        Index("ix_message_subscriber", "subscriber_id", "created_at"),
        Index("ix_message_step", "step_id", postgresql_where=text("step_id IS NOT NULL")),
        Index("ix_message_newsletter", "newsletter_id", postgresql_where=text("newsletter_id IS NOT NULL")),
        Index("ix_message_sign_up", "sign_up_id", postgresql_where=text("sign_up_id IS NOT NULL")),
        Index("ix_message_booking", "booking_id", postgresql_where=text("booking_id IS NOT NULL")),
        Index("ix_message_created", "created_at"),
        {"postgresql_with": {"fillfactor": "50"}},  # room on the page for the second writing of each row
    )


class Link(Base):
    """A URL in a mail or post. Where `/go/…` leads comes from here and nowhere else."""

    __tablename__ = "link"
    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str]
    kind: Mapped[LinkKind] = mapped_column(words(LinkKind))
    label: Mapped[str] = mapped_column(default="")  # the words of the link
    step_id: Mapped[int | None] = mapped_column(ForeignKey("step.id"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"))
    newsletter_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id"))
    created_at: Mapped[datetime]

    __table_args__ = (
        # One row a place; written without NULLS NOT DISTINCT, which PostgreSQL 14 does not know.
        Index(
            "uq_link_place",
            "url",
            text("coalesce(step_id, 0)"),
            text("coalesce(post_id, 0)"),
            text("coalesce(newsletter_id, 0)"),
            unique=True,
        ),
    )
