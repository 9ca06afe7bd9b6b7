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
from funnel.audience import ending, suppression
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
    message = _message(session, report)
    if message is None:
        log.info("a %s that is about no mail of ours", report.kind)
        return Read(UNKNOWN_RECIPIENT)
    if message.subscriber_id:
        ending.hold(session, message.subscriber_id)
    about = _about(report, _address_hash(session, message))
    if _note(session, message, report.kind, about, now):
        log.info("message %s: %s %s", message.id, report.kind, about.status)
        _follow(session, message, report.kind, about, now)
    return Read(report.kind, message.id, about.status)


def _message(session: Session, report: Report) -> Message | None:
    """The mail of ours that the report is about, when that is proven."""
    for address in report.sent_to:
        message_id = verp.read(address)
        if message_id is not None:
            message = session.get(Message, message_id)
            return message if message and _left_us(session, message) else None
    ids = [number for named in report.message_ids if (number := plan.id_in(named))]
    for message in session.scalars(select(Message).where(among(Message.id, ids)).order_by(Message.id)):
        if message.message_id in report.message_ids and _left_us(session, message) and _fits(session, message, report):
            return message
    return None


def _left_us(session: Session, message: Message) -> bool:
    if message.attempts or message.state not in (*WAITING, *CLOSED_UNSENT):
        return True
    # Its first try is not recorded yet when its entry is taken: it is being sent.
    return message.state in WAITING and session.get(QueueEntry, message.id) is None


def _fits(session: Session, message: Message, report: Report) -> bool:
    """Whether a report that a Message-ID alone connects is about the address the mail went to.

    Complaints often have the address taken out; who knows the random Message-ID has seen the mail.
    """
    named = frozenset[str]().union(*(recipient.addresses for recipient in report.recipients))
    if not named:
        return report.kind == reports.COMPLAINT
    expected = _address_hash(session, message)
    return expected is not None and expected in {tokens.address_hash(address) for address in named}


def _about(report: Report, expected: bytes | None) -> Recipient:
    """What the report says of our address; of the first that failed, where a server knows it by another name."""
    by_weight = sorted(report.recipients, key=lambda recipient: not recipient.failed)
    ours = (found for found in by_weight if expected in {tokens.address_hash(address) for address in found.addresses})
    return next(ours, by_weight[0])


def _address_hash(session: Session, message: Message) -> bytes | None:
    """Whom the mail went to; None for somebody erased, and for the owner."""
    found: bytes | None = None
    if message.kind in {MessageKind.TEST, MessageKind.LETTER} or message.template == notices.OWNER_NOTICE:
        return None
    if message.subscriber_id:
        found = session.scalar(select(Subscriber.address_hash).where(Subscriber.id == message.subscriber_id))
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


def _follow(session: Session, message: Message, kind: str, about: Recipient, now: datetime) -> None:
    if kind == reports.COMPLAINT:
        _end(session, message, SuppressionReason.COMPLAINT, now)
    if kind == reports.BOUNCE:
        doubts.came_back(session, message.id, about.status, without_addresses(about.words)[:LONGEST_WORDS], now)
        if weight.is_final(session, message.subscriber_id, about.status, now):
            _end(session, message, SuppressionReason.BOUNCE, now)


def _end(session: Session, message: Message, reason: SuppressionReason, now: datetime) -> None:
    address_hash = _address_hash(session, message)
    if address_hash is not None:
        suppression.suppress(session, address_hash, reason, now)
    if message.subscriber_id and address_hash is not None:
        end = ending.complained if reason == SuppressionReason.COMPLAINT else ending.bounced
        end(session, message.subscriber_id, now)
