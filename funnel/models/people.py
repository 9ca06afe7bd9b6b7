"""The people: who filled in a form, who is subscribed, what they agreed to, and who must not be mailed."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    and_,
    exists,
    false,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words
from funnel.models.door import Proof
from funnel.models.handouts import Gives
from funnel.models.spelling import spelled

# Of a sign-up, in its indexes.
REFUSED = text("state = 'refused'")
REASON = func.split_part(text("reason"), text("':'"), text("1"))
MAILBOX = func.coalesce(text("mailbox_hash"), text("address_hash"))


class SignUpState(StrEnum):
    NEW = "new"
    SETTLED = "settled"
    REFUSED = "refused"


class SubscriberState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"


class Pace(StrEnum):
    ALL = "all"
    MONTHLY = "monthly"


class ConsentKind(StrEnum):
    ASKED = "asked"
    CONFIRMED = "confirmed"
    WITHDREW = "withdrew"
    IMPORTED = "imported"  # agreed elsewhere before, as the owner says


class SuppressionReason(StrEnum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    ERASURE = "erasure"  # lifted by a fresh sign-up that is confirmed
    OWNER = "owner"


class FormState(StrEnum):
    OPEN = "open"
    RETIRED = "retired"  # takes nobody; its page says so, and where to go


class Form(Base):
    """A place to sign up."""

    __tablename__ = "form"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    promise: Mapped[str]  # what they will get
    rhythm: Mapped[str]  # how often
    leaving: Mapped[str]  # how to leave
    button: Mapped[str]
    wording: Mapped[str]  # what a sign-up agrees to, kept word for word with each Consent
    language: Mapped[str] = mapped_column(default="en", server_default="en")  # of these words: funnel/languages.py
    thanks_url: Mapped[str] = mapped_column(default="", server_default="")  # where a sign-up leads; '': our own page
    accent: Mapped[str] = mapped_column(default="", server_default="")  # #rrggbb; '': the house's colour
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"))
    sequence_id: Mapped[int] = mapped_column(ForeignKey("sequence.id"))
    state: Mapped[FormState] = mapped_column(words(FormState), default=FormState.OPEN, server_default=FormState.OPEN)
    created_at: Mapped[datetime]
    gives: Mapped[Gives] = mapped_column(words(Gives), default=Gives.OURS, server_default=Gives.OURS)
    own_file_id: Mapped[int | None] = mapped_column(ForeignKey("own_file.id"))  # of Gives.OWN


class SignUp(Base):
    """One filled-in form, whatever the address: the web only inserts it, the urgent worker settles it."""

    __tablename__ = "sign_up"
    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"))
    email: Mapped[str]  # blanked with the rest of what was typed when its retention ends
    address_hash: Mapped[bytes]
    mailbox_hash: Mapped[bytes | None]  # of ada@gmail.com for A.da+tips@gmail.com; NULL where that is the same address
    first_name: Mapped[str] = mapped_column(default="")
    time_zone: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en", server_default="en")  # the form's
    source: Mapped[str] = mapped_column(default="")  # the post it came from, or ?src=
    utm: Mapped[dict[str, Any]] = mapped_column(default=dict)
    wording: Mapped[str]
    network: Mapped[str | None]  # the IPv4 address or the IPv6 /64; blanked after 30 days
    wide: Mapped[str | None]  # the /24 or /48 it lies in; blanked with it
    agent: Mapped[str | None]
    nonce: Mapped[bytes] = mapped_column(LargeBinary)  # salts the confirmation token
    state: Mapped[SignUpState] = mapped_column(words(SignUpState), default=SignUpState.NEW)
    reason: Mapped[str] = mapped_column(default="")  # why it was refused, or what settling it led to
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id"), index=True)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    remind_at: Mapped[datetime | None]  # when to look whether to remind; NULL once that is done
    confirmed_at: Mapped[datetime | None]
    risk: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")  # audience/risk.py
    signs: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")  # what makes it so
    proof: Mapped[Proof] = mapped_column(words(Proof), default=Proof.NONE, server_default=Proof.NONE)
    let_in_at: Mapped[datetime | None]  # when the owner let in what was refused
    is_again: Mapped[bool] = mapped_column(default=False, server_default=false())  # “send it again” was pressed

    @property
    def asked_at(self) -> datetime:
        """From when on its mail's link is good: the owner may have let it in days later."""
        return self.let_in_at or self.created_at

    __table_args__ = (
        Index("ix_sign_up_new", "id", postgresql_where=text("state = 'new'")),
        Index("ix_sign_up_remind", "remind_at", postgresql_where=text("remind_at IS NOT NULL")),
        Index("ix_sign_up_address", "address_hash", "created_at"),
        # The limits count what was let through, so that a flood which was refused costs nothing to count.
        Index("ix_sign_up_settled_mailbox", MAILBOX, postgresql_where=text("state = 'settled'")),
        Index("ix_sign_up_settled_network", "network", "created_at", postgresql_where=text("state = 'settled'")),
        Index("ix_sign_up_settled_wide", "wide", "created_at", postgresql_where=text("state = 'settled'")),
        Index("ix_sign_up_wide", "wide", "created_at"),
        Index("ix_sign_up_form", "form_id", "created_at"),
        Index("ix_sign_up_refused", "created_at", "id", postgresql_where=text("state = 'refused'")),
        Index("ix_sign_up_refused_reason", REASON, "created_at", "id", postgresql_where=REFUSED),
        Index("ix_sign_up_refused_form", "form_id", "created_at", "id", postgresql_where=text("state = 'refused'")),
        Index("ix_sign_up_refused_mailbox", MAILBOX, "form_id", "created_at", "id", postgresql_where=REFUSED),
        Index("ix_sign_up_created", "created_at"),
    )


class Suppression(Base):
    """A keyed hash of an address not to be mailed again. It outlives deletion."""

    __tablename__ = "suppression"
    address_hash: Mapped[bytes] = mapped_column(primary_key=True)
    reason: Mapped[SuppressionReason] = mapped_column(words(SuppressionReason))
    created_at: Mapped[datetime]


class Subscriber(Base):
    """An address we know."""

    __tablename__ = "subscriber"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None]  # NULL once erased
    address_hash: Mapped[bytes | None] = mapped_column(unique=True)  # NULL once erased
    first_name: Mapped[str] = mapped_column(default="")
    time_zone: Mapped[str] = mapped_column(default="")  # empty: the practice's
    language: Mapped[str] = mapped_column(default="en", server_default="en")  # what they are written to in
    state: Mapped[SubscriberState] = mapped_column(words(SubscriberState), default=SubscriberState.PENDING)
    pace: Mapped[Pace] = mapped_column(words(Pace), default=Pace.ALL)
    paused_until: Mapped[datetime | None]
    form_id: Mapped[int | None] = mapped_column(ForeignKey("form.id"))  # first touch
    source: Mapped[str] = mapped_column(default="")  # first touch
    utm: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # left, bounced, complained or erased
    import_id: Mapped[int | None]  # which file brought them; no foreign key, a look-up for each of a million
    taken_back: Mapped[bool] = mapped_column(default=False, server_default=false())  # with their import: never was here
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id"))  # whom the links in old mails mean

    @hybrid_property
    def mailable(self) -> bool:
        """Whether this person may get a tip or newsletter: confirmed, not left, not suppressed. Only for SQL."""
        raise TypeError("Subscriber.mailable is an SQL expression: select it")

    @mailable.inplace.expression
    @classmethod
    def _mailable(cls) -> ColumnElement[bool]:
        suppressed = exists(select(literal_column("1")).where(Suppression.address_hash == cls.address_hash))
        return and_(cls.state == SubscriberState.ACTIVE, cls.email.is_not(None), ~suppressed)

    __table_args__ = (
        Index("ix_subscriber_created", "created_at", "id"),
        Index("ix_subscriber_confirmed", "confirmed_at", "id"),
        # What happened lately leaves out the thousands of a file.
        Index("ix_subscriber_came", "created_at", postgresql_where=text("import_id IS NULL")),
        Index(
            "ix_subscriber_pressed",
            "confirmed_at",
            postgresql_where=text("import_id IS NULL OR confirmed_at <> created_at"),
        ),
        Index(
            "ix_subscriber_email",
            func.lower(text("email")).label("email_lower"),
            postgresql_ops={"email_lower": "text_pattern_ops"},
        ),
        Index("ix_subscriber_state", "state", "id"),
        Index("ix_subscriber_import", "import_id", "id", postgresql_where=text("import_id IS NOT NULL")),
        # Finding people: every word of an address or name by its beginning, and what the owner filters by.
        Index("ix_subscriber_words", spelled(text("email"), text("first_name")), postgresql_using="gin"),
        Index("ix_subscriber_source", "source", "id"),
        Index("ix_subscriber_form", "form_id", "id", postgresql_where=text("form_id IS NOT NULL")),
        Index("ix_subscriber_paused", "paused_until", postgresql_where=text("paused_until IS NOT NULL")),
        # Who may be written to, to be counted without a look at their wide rows; and who wants fewer mails.
        Index("ix_subscriber_reachable", "id", postgresql_where=text("state = 'active' AND email IS NOT NULL")),
        # Hardly anybody; without it the exact reckoning reads everybody to learn that.
        Index("ix_subscriber_mute", "id", postgresql_where=text("state = 'active' AND email IS NULL")),
        Index("ix_subscriber_monthly", "id", postgresql_where=text("pace = 'monthly'")),
        Index("ix_subscriber_merged", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
    )


class Consent(Base):
    """One line of evidence. Append only; a trigger holds that, and lets only the network and agent be blanked."""

    __tablename__ = "consent"
    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(index=True)  # subscribers stay; a trigger holds that there is one
    sign_up_id: Mapped[int | None] = mapped_column(ForeignKey("sign_up.id", ondelete="SET NULL"))
    form_id: Mapped[int | None] = mapped_column(ForeignKey("form.id"))
    kind: Mapped[ConsentKind] = mapped_column(words(ConsentKind))
    wording: Mapped[str] = mapped_column(default="")
    how: Mapped[str] = mapped_column(default="")  # which page, button or mail
    network: Mapped[str | None]  # truncated: IPv4 /24, IPv6 /48
    agent: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (Index("ix_consent_sign_up_id", "sign_up_id", postgresql_where=text("sign_up_id IS NOT NULL")),)
