"""Roll-ups: what the owner's pages read instead of millions of rows. All of it can be counted anew from those.

`insight/tallies` brings them up to date within a tick, from what changed: new rows are followed by their ids (Reading,
Gap), what changed in old ones is noted by triggers (Stale). `flask --app wsgi insight recount` makes all of it anew.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from funnel.db import Base, words
from funnel.models.mail import MessageKind, MessageState
from funnel.models.people import SubscriberState

BLOCK = 10_000  # mails counted together: ids that are alike but for their last four figures
PEOPLE, MAILS, BLOCKS = "people", "mails", "blocks"  # what a note of something stale is about
VERSION = 2  # of what is counted: with another number all of it is counted anew, by the first ticks after an upgrade


class Journey(Base):
    """How far one person has come: one narrow row for each subscriber, erased ones among them.

    The columns mean what the stages of insight/funnel.py say: who signed up on `day`, by `source` and `form_id` (first
    touch); `confirmed_at` NULL: has not; `steps`: the mails of courses that a relay took; clicks are people's, not
    machines', and are kept for 24 months; a booking that is cancelled is none. The people behind a number are the rows
    from which it is counted: those of a stage are found by `day` (an index, with subscriber_id) and these columns.
    Read it after `tallies.freshen`. No foreign keys: rows are made from rows just read.
    """

    __tablename__ = "journey"
    subscriber_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date]  # of signing up, in the practice's time zone
    source: Mapped[str]  # first touch, as is the form
    form_id: Mapped[int | None]
    state: Mapped[SubscriberState] = mapped_column(words(SubscriberState))
    signed_up_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    steps: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))  # the mails of courses that were sent, in order of ids
    clicked_at: Mapped[datetime | None]  # first click of a person in any mail
    booking_clicked_at: Mapped[datetime | None]  # the same of a link that leads to booking
    booked_at: Mapped[datetime | None]  # first booking that is not cancelled

    __table_args__ = (
        Index("ix_journey_day", "day", "subscriber_id"),
        Index(
            "ix_journey_booked",
            "day",
            "subscriber_id",
            postgresql_include=[
                "signed_up_at",
                "booked_at",
                "source",
                "form_id",
            ],  # how long whose took is read from it
            postgresql_where=text("booked_at IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": "80"}},  # a mail more touches no index: the row stays on its page
    )


class Way(Base):
    """A way people have come, whoever they are: there are some hundred different ones at most."""

    __tablename__ = "way"
    id: Mapped[int] = mapped_column(primary_key=True)
    confirmed: Mapped[bool]
    steps: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    clicked: Mapped[bool]
    booking_clicked: Mapped[bool]
    booked: Mapped[bool]

    __table_args__ = (
        UniqueConstraint("confirmed", "steps", "clicked", "booking_clicked", "booked", name="uq_way_all"),
    )


class Tally(Base):
    """How many people of one day, source and form have come one way: journeys, counted."""

    __tablename__ = "tally"
    day: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: none
    way_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    people: Mapped[int]


class Arrival(Base):
    """How many people of one day came by one source and form, however far: tallies without their ways, which are many
    times as many rows. Written by triggers on them, so that whoever counts there counts here.
    """

    __tablename__ = "arrival"
    day: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: none
    people: Mapped[int]


class StateTally(Base):
    """How many people are in a state: journeys, counted."""

    __tablename__ = "state_tally"
    state: Mapped[SubscriberState] = mapped_column(words(SubscriberState), primary_key=True)
    people: Mapped[int]


class OutcomeKind(StrEnum):
    CLICKED = "clicked"
    LEFT = "left"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    BOOKED = "booked"


class Outcome(Base):
    """What came of one mail of a course with one person: insight/outcomes says what each word means.

    Only of those with whom something came of it: one row for ten mails or so. The people behind a number, by its key.
    """

    __tablename__ = "outcome"
    step_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    which: Mapped[OutcomeKind] = mapped_column(words(OutcomeKind), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)


class OutcomeTally(Base):
    """How many people there are of each outcome of each mail: outcomes, counted."""

    __tablename__ = "outcome_tally"
    step_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    which: Mapped[OutcomeKind] = mapped_column(words(OutcomeKind), primary_key=True)
    people: Mapped[int]


class IssueOutcome(Base):
    """The same of a newsletter: what came of a wording of an issue came of the issue too, so that both have a row."""

    __tablename__ = "issue_outcome"
    newsletter_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    which: Mapped[OutcomeKind] = mapped_column(words(OutcomeKind), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)


class IssueOutcomeTally(Base):
    """How many people there are of each outcome of each newsletter: those outcomes, counted."""

    __tablename__ = "issue_outcome_tally"
    newsletter_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    which: Mapped[OutcomeKind] = mapped_column(words(OutcomeKind), primary_key=True)
    people: Mapped[int]


class MailTally(Base):
    """How many mails of a block (ids that begin alike) stand alike: counted anew when one of them changes."""

    __tablename__ = "mail_tally"
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)  # of planning, in the practice's time zone
    kind: Mapped[MessageKind] = mapped_column(words(MessageKind), primary_key=True)
    template: Mapped[str] = mapped_column(primary_key=True)
    step_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: none, as of the newsletter
    newsletter_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[MessageState] = mapped_column(words(MessageState), primary_key=True)
    # When a relay took it, where one did; else the day of planning.
    sent_on: Mapped[date] = mapped_column(primary_key=True, server_default=text("'epoch'"))
    mails: Mapped[int]
    people: Mapped[bytes | None]  # of newsletters: whose they are, eight bytes an id


class Stale(Base):
    """What changed and is not counted yet. Written by triggers with the change itself; deleted when counted."""

    __tablename__ = "stale"
    id: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[str]
    ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class Reading(Base):
    """Up to which id the rows of a table were looked at; those of its Gaps were not there."""

    __tablename__ = "reading"
    name: Mapped[str] = mapped_column(primary_key=True)
    last_id: Mapped[int]


class Gap(Base):
    """Ids that were passed by and may still come: numbers are given out before a transaction is committed.

    `running`: the transactions that ran when it was seen. When all of them have ended, nothing can come any more.
    """

    __tablename__ = "gap"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    first_id: Mapped[int]
    last_id: Mapped[int]
    running: Mapped[list[str]] = mapped_column(ARRAY(Text))


class TallyState(Base):
    """One row: by whose days was counted, by which version of what is counted, and when all that was there had last
    been counted.
    """

    __tablename__ = "tally_state"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    zone: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("0"))
    as_of: Mapped[datetime | None]
