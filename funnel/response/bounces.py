"""Mails that came back: what a report (`reports`) means for the mail and the address it is about.

A report is believed when it came to the keyed envelope sender of a mail of ours (VERP), or else when it holds the
Message-ID of one and names the address that one went to. Anything else changes nothing: anybody can write a bounce.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import ending, former, suppression
from funnel.logs import without_addresses
from funnel.mail import verp, weight
from funnel.models.mail import WAITING, Message, MessageKind, MessageState
from funnel.models.people import SignUp, Subscriber, SuppressionReason
from funnel.models.responses import Booking, Event, EventKind
from funnel.models.sending import QueueEntry
from funnel.programme import plan
from funnel.programme.history import among
from funnel.response import doubts, notices, reports
from funnel.response.reports import Recipient, Report

UNKNOWN_RECIPIENT = "unknown recipient"
LONGEST_WORDS = 500
CLOSED_UNSENT = (MessageState.SKIPPED, MessageState.EXPIRED)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Read:
    """What came of one mail: bounce, delay, complaint, auto-reply, not a bounce, or unknown recipient."""

    kind: str
    message_id: int | None = None
    status: str = ""


def read(session: Session, raw: bytes, now: datetime) -> Read:
    """Reads one mail that came back and does what follows from it. Read again, it changes nothing more.

    RFC 3464 and 5965; the codes are those of RFC 3463, weighed as in mail/weight.py.
    """
    report = reports.read(raw)
    if report.kind in {reports.AUTO_REPLY, reports.NOTHING}:
        return Read(report.kind)
    message = _message(session, report, now)
    if message is None:
        log.info("a %s that is about no mail of ours", report.kind)
        return Read(UNKNOWN_RECIPIENT)
    if message.subscriber_id:
        ending.hold(session, message.subscriber_id)
    went_to = _address_hash(session, message, report, now)
    about = _about(report, went_to)
    if _note(session, message, report.kind, about, now):
        log.info("message %s: %s %s", message.id, report.kind, about.status)
        _follow(session, message, report.kind, about, went_to, now)
    return Read(report.kind, message.id, about.status)


def _message(session: Session, report: Report, now: datetime) -> Message | None:
    """The mail of ours that the report is about, when that is proven."""
    for address in report.sent_to:
        message_id = verp.read(address)
        if message_id is not None:
            message = session.get(Message, message_id)
            return message if message and _left_us(session, message) else None
    ids = [number for named in report.message_ids if (number := plan.id_in(named))]
    for message in session.scalars(select(Message).where(among(Message.id, ids)).order_by(Message.id)):
        ours = message.message_id in report.message_ids and _left_us(session, message)
        if ours and _fits(session, message, report, now):
            return message
    return None


def _left_us(session: Session, message: Message) -> bool:
    if message.attempts or message.state not in (*WAITING, *CLOSED_UNSENT):
        return True
    # Its first try is not recorded yet when its entry is taken: it is being sent.
    return message.state in WAITING and session.get(QueueEntry, message.id) is None


def _fits(session: Session, message: Message, report: Report, now: datetime) -> bool:
    """Whether a report that a Message-ID alone connects is about the address the mail went to.

    Complaints often have the address taken out; who knows the random Message-ID has seen the mail.
    """
    named = _named(report)
    if not named:
        return report.kind == reports.COMPLAINT
    return _address_hash(session, message, report, now) in named


def _named(report: Report) -> set[bytes]:
    return {tokens.address_hash(address) for recipient in report.recipients for address in recipient.addresses}


def _about(report: Report, expected: bytes | None) -> Recipient:
    """What the report says of our address; of the first that failed, where a server knows it by another name."""
    by_weight = sorted(report.recipients, key=lambda recipient: not recipient.failed)
    ours = (found for found in by_weight if expected in {tokens.address_hash(address) for address in found.addresses})
    return next(ours, by_weight[0])


def _address_hash(session: Session, message: Message, report: Report, now: datetime) -> bytes | None:
    """Which address the mail went to, their former one perhaps; None for somebody erased, and for the owner."""
    found: bytes | None = None
    if message.kind in {MessageKind.TEST, MessageKind.LETTER} or message.template == notices.OWNER_NOTICE:
        return None
    if message.subscriber_id:
        found = former.went_to(session, message, _named(report), now)
    elif message.sign_up_id:
        found = session.scalar(select(SignUp.address_hash).where(SignUp.id == message.sign_up_id))
    elif message.booking_id:
        typed = session.scalar(select(Booking.email).where(Booking.id == message.booking_id))
        found = tokens.address_hash(typed) if typed else None
    return found or None


def _note(session: Session, message: Message, kind: str, about: Recipient, now: datetime) -> bool:
    """Adds the event. False when this was read before."""
    delayed = {"delayed": True} if kind == reports.DELAY else {}
    row = insert(Event).values(
        kind=EventKind.COMPLAINT if kind == reports.COMPLAINT else EventKind.BOUNCE,
        key=f"{kind}:{message.id}",
        at=now,
        subscriber_id=message.subscriber_id,
        message_id=message.id,
        machine=False,
        reason=about.status,
        detail={"words": without_addresses(about.words)[:LONGEST_WORDS]} | delayed,
    )
    return session.scalar(row.on_conflict_do_nothing(index_elements=["key"]).returning(Event.id)) is not None


def _follow(
    session: Session, message: Message, kind: str, about: Recipient, went_to: bytes | None, now: datetime
) -> None:
    theirs, merged_into = _whose(session, message, went_to)
    if kind == reports.COMPLAINT:
        _suppress(session, went_to, SuppressionReason.COMPLAINT, now)
        # Who was merged into another is that one still, whichever address they complained under.
        if whose := theirs or merged_into:
            ending.complained(session, whose, now)
    if kind == reports.BOUNCE:
        doubts.came_back(session, message.id, about.status, without_addresses(about.words)[:LONGEST_WORDS], now)
        if weight.is_final(session, theirs, about.status, now):
            _suppress(session, went_to, SuppressionReason.BOUNCE, now)
            if theirs:
                ending.bounced(session, theirs, now)


def _whose(session: Session, message: Message, went_to: bytes | None) -> tuple[int | None, int | None]:
    """Who has the address the mail went to, if they have it still; and into whom they were merged."""
    found = select(Subscriber.id, Subscriber.address_hash, Subscriber.merged_into_id)
    person = session.execute(found.where(Subscriber.id == message.subscriber_id)).one_or_none()
    if person is None:
        return None, None
    return person.id if went_to and went_to == person.address_hash else None, person.merged_into_id


def _suppress(session: Session, went_to: bytes | None, reason: SuppressionReason, now: datetime) -> None:
    if went_to is not None:
        suppression.suppress(session, went_to, reason, now)
