"""What is said: posts, and sequences of mails with their subscribers' places in them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from funnel.config import settings
from funnel.db import Base, words

WORKING_DAYS, EVERY_DAY = 0b0011111, 0b1111111  # of a week, a bit a day, Monday's the lowest


class SequenceState(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    RETIRED = "retired"


class StepKind(StrEnum):
    WELCOME = "welcome"  # sent at once on confirming, outside windows and the 20-hour rule
    TIP = "tip"
    INVITATION = "invitation"  # asks to book


class EnrolmentState(StrEnum):
    ACTIVE = "active"
    FINISHED = "finished"
    STOPPED = "stopped"


class StopReason(StrEnum):
    BOOKED = "booked"
    LEFT = "left"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    PREFERENCE = "preference"
    ERASED = "erased"
    BY_OWNER = "by owner"


class PostState(StrEnum):
    DRAFT = "draft"  # seen by owners only
    PUBLISHED = "published"
    RETIRED = "retired"  # its page says so, and where to go


class Post(Base):
    """An article that readers come for."""

    __tablename__ = "post"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]  # Markdown
    sources: Mapped[list[Any]] = mapped_column(default=list)
    state: Mapped[PostState] = mapped_column(words(PostState), default=PostState.PUBLISHED, server_default="published")
    counted_as: Mapped[str | None]  # its first slug, once it has another one
    language: Mapped[str] = mapped_column(default="", server_default="")  # '': its form's, or the practice's
    cover: Mapped[str | None]  # the address of the picture in its text that links to it show; None: its title, drawn
    published_at: Mapped[datetime]  # the day that stands on it, at noon where the practice is
    updated_at: Mapped[datetime]

    @hybrid_property
    def source(self) -> str:
        """What its readers are counted under. It stays when the slug changes, so that no number is cut in two."""
        return self.counted_as or self.slug

    @source.inplace.expression
    @classmethod
    def _source(cls) -> ColumnElement[str]:
        return func.coalesce(cls.counted_as, cls.slug)

    __table_args__ = (Index("ix_post_published", "published_at", "id", postgresql_where=text("state = 'published'")),)


class OldSlug(Base):
    """A slug that a post had, so that links to it lead to the post for good. No other post may take it."""

    __tablename__ = "old_slug"
    slug: Mapped[str] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), index=True)


def _weekdays() -> int:
    return EVERY_DAY if settings().window.weekends else WORKING_DAYS


class Sequence(Base):
    """A course of mails. The window is in minutes after the subscriber's midnight; `blackouts` are days without mails,
    first and last: `{"from": "2026-12-24", "to": "2026-12-26", "name": "Christmas"}`.
    """

    __tablename__ = "sequence"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    state: Mapped[SequenceState] = mapped_column(words(SequenceState), default=SequenceState.DRAFT)
    window_start: Mapped[int] = mapped_column(default=lambda: settings().window.start)
    window_end: Mapped[int] = mapped_column(default=lambda: settings().window.end)
    weekdays: Mapped[int] = mapped_column(SmallInteger, default=_weekdays, server_default=text("31"))
    blackouts: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    weekends_before: Mapped[bool] = mapped_column("weekends", default=False)  # read by the release before; goes next
    created_at: Mapped[datetime]
    steps: Mapped[list["Step"]] = relationship(order_by="Step.day, Step.id", back_populates="sequence")
    forms: Mapped[list[Any]] = relationship("Form", viewonly=True)

    # A window that never opens would keep the tick looking for a day for ever; so would a week without a day.
    __table_args__ = (
        CheckConstraint("0 <= window_start AND window_start < window_end AND window_end <= 1440", name="window"),
        CheckConstraint("weekdays BETWEEN 1 AND 127", name="weekdays"),
    )

    @property
    def weekends(self) -> bool:
        """Whether mails come on any day of the week; set, it is that or the working days."""
        return self.weekdays == EVERY_DAY

    @weekends.setter
    def weekends(self, wanted: bool) -> None:
        self.weekdays, self.weekends_before = EVERY_DAY if wanted else WORKING_DAYS, wanted


class Step(Base):
    """One mail of a sequence. `day` counts local calendar days from confirming."""

    __tablename__ = "step"
    id: Mapped[int] = mapped_column(primary_key=True)
    sequence_id: Mapped[int] = mapped_column(ForeignKey("sequence.id"), index=True)
    slug: Mapped[str]
    day: Mapped[int]
    kind: Mapped[StepKind] = mapped_column(words(StepKind))
    state: Mapped[SequenceState] = mapped_column(words(SequenceState), default=SequenceState.LIVE)
    subject: Mapped[str]
    preheader: Mapped[str]
    body: Mapped[str]  # Markdown with merge tags
    sources: Mapped[list[Any]] = mapped_column(default=list)
    revision: Mapped[int] = mapped_column(default=1)  # counts up with every change of what is said
    updated_at: Mapped[datetime]
    sequence: Mapped[Sequence] = relationship(back_populates="steps")

    __table_args__ = (UniqueConstraint("sequence_id", "slug"),)


class Enrolment(Base):
    """One subscriber on one sequence: which step is next, when it is due, and when to look."""

    __tablename__ = "enrolment"
    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id"))
    sequence_id: Mapped[int] = mapped_column(ForeignKey("sequence.id"))
    state: Mapped[EnrolmentState] = mapped_column(words(EnrolmentState), default=EnrolmentState.ACTIVE)
    reason: Mapped[StopReason | None] = mapped_column(words(StopReason))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("step.id"))  # the next one; NULL when none is left
    due_at: Mapped[datetime | None]  # of the next step; the steps after it count from here
    next_at: Mapped[datetime | None]  # when the tick looks: due_at, or later where the 20-hour rule moves it
    round: Mapped[int] = mapped_column(default=1)  # counts up when someone who stopped asks again
    is_wish: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # begun by a tap of theirs
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("subscriber_id", "sequence_id"),
        Index("ix_enrolment_due", "next_at", postgresql_where=text("state = 'active'")),
        Index("ix_enrolment_step", "step_id"),
        # Of those that are over; a tick that moves the others on writes nothing there.
        Index("ix_enrolment_finished", "sequence_id", "id", postgresql_where=text("state = 'finished'")),
        Index("ix_enrolment_over", "sequence_id", "state", "subscriber_id", postgresql_where=text("state <> 'active'")),
    )


class NewsletterState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


UNDER_WAY = "ended_at IS NULL AND state IN ('scheduled', 'sending', 'paused', 'cancelled')"


class ZoneMode(StrEnum):
    """Whose clock the hour of an issue is read from."""

    PRACTICE = "practice"
    READER = "reader"


class Part(StrEnum):
    """What a newsletter is that belongs to another one."""

    A = "a"  # the first subject of a trial, to those it is tried on
    B = "b"
    REST = "rest"  # the better one, to all others
    RESEND = "resend"  # to who did not click; an issue of its own


class Newsletter(Base):
    """One issue, or a wording of it: a, b or rest, with mails and links of its own, and the state of its issue."""

    __tablename__ = "newsletter"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("newsletter.id"), index=True)
    part: Mapped[Part | None] = mapped_column(words(Part))
    subject: Mapped[str]
    preheader: Mapped[str] = mapped_column(default="")
    body: Mapped[str]  # Markdown with merge tags
    sources: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    state: Mapped[NewsletterState] = mapped_column(words(NewsletterState), default=NewsletterState.DRAFT)
    segment_id: Mapped[int | None]  # from which the rule was taken; it may be gone, so no foreign key
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))  # None: for all, whatever they switched off
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # to whom, as scheduled; None: all
    with_course: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    zone_mode: Mapped[ZoneMode] = mapped_column(words(ZoneMode), default=ZoneMode.PRACTICE, server_default="practice")
    send_at: Mapped[datetime | None]  # as the practice's clock has it
    starts_at: Mapped[datetime | None]  # when its planning begins: some readers' hour comes before the practice's
    scheduled_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    planned_at: Mapped[datetime | None]  # when all its mails were planned
    paused_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # sent or cancelled, and nothing of it waits or is under way
    doubted_at: Mapped[datetime | None]  # when a backup was restored that may not know that it was sent, or taken back
    planned_to: Mapped[int] = mapped_column(default=0)  # subscribers up to this id were looked at
    looked_at: Mapped[int] = mapped_column(default=0, server_default="0")  # how many
    planned: Mapped[int] = mapped_column(default=0, server_default="0")  # mails, those of its wordings among them
    subject_b: Mapped[str | None]  # tried beside `subject`; None: no trial
    trial_percent: Mapped[int | None] = mapped_column(SmallInteger)  # of the people
    trial_hours: Mapped[int | None] = mapped_column(SmallInteger)
    trial_to: Mapped[int | None]  # the last subscriber looked at for the trial
    trial_ends_at: Mapped[datetime | None]
    winner: Mapped[Part | None] = mapped_column(words(Part))
    verdict: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # programme/trial.Verdict
    created_at: Mapped[datetime]
    in_archive: Mapped[bool] = mapped_column(default=True, server_default=text("true"))  # once it began to leave
    archive_set_at: Mapped[datetime | None]  # when that was last changed

    __table_args__ = (
        Index("ix_newsletter_under_way", "state", "id", postgresql_where=text(UNDER_WAY)),  # asked for in every claim
        Index("ix_newsletter_cancelled", "id", postgresql_where=text("state = 'cancelled'")),
        Index("ix_newsletter_topical", "id", postgresql_where=text("topic_id IS NOT NULL")),
        Index("uq_newsletter_part", "parent_id", "part", unique=True, postgresql_where=text("part IS NOT NULL")),
    )
