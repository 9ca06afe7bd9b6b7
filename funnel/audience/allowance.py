"""How much one address and one network may ask for, and how fast confirmations leave.

All of it is counted in the database, under locks, because Redis may be away and two workers may count at once.
(Spamhaus: nine addresses were once sent 81,000 confirmation mails by other people's forms.)
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.audience import visit
from funnel.config import settings
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import SignUp, SignUpState

# The mails that a filled-in form leads to; every one of them counts for its address.
CONFIRMATION, REMINDER, ALREADY_IN = "confirmation", "reminder", "already_in"

MINUTE, DAY, MONTH = timedelta(minutes=1), timedelta(days=1), timedelta(days=30)
REST = timedelta(minutes=10)  # after each sign-up mail
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Mailed:
    """The sign-up mails planned for one address within a month: (template, when it was or will be due)."""

    mails: tuple[tuple[str, datetime], ...]
    now: datetime

    def rests(self) -> bool:
        """There was one within ten minutes."""
        return any(due_at > self.now - REST for _, due_at in self.mails)

    def has_had_enough(self) -> bool:
        """There were as many within a day or a month as one address may get."""
        most = settings().limits
        today = sum(due_at > self.now - DAY for _, due_at in self.mails)
        return today >= most.address_day or len(self.mails) >= most.address_month

    def was_told_today(self) -> bool:
        """The address was told within a day that it is already in."""
        return any(template == ALREADY_IN and due_at > self.now - DAY for template, due_at in self.mails)


def lock_address(session: Session, address_hash: bytes) -> None:
    """Makes every other worker wait that counts for this address, until this transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(address_hash[:8], "big", signed=True))))


def lock_network(session: Session, network: str) -> None:
    """The same for a network. Always taken after an address, so that two workers cannot wait for each other."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"network {network}", 0))))


def mailed(session: Session, address_hash: bytes, now: datetime) -> Mailed:
    """What this address was sent because of forms. Exact only under `lock_address`."""
    found = session.execute(
        select(Message.template, Message.due_at)
        .join(SignUp, Message.sign_up_id == SignUp.id)
        .where(
            SignUp.address_hash == address_hash,
            SignUp.state == SignUpState.SETTLED,
            Message.template.in_((CONFIRMATION, REMINDER, ALREADY_IN)),
            Message.due_at > now - MONTH,
        )
    )
    return Mailed(tuple((template, due_at) for template, due_at in found), now)


def is_limited(network: str) -> bool:
    """Whether sign-ups of this network are limited: all but those made on this machine while the service is only here.

    Then its owner tries it out, and every reader they play is one network.
    """
    return not (settings().local and visit.is_this_machine(network))


def network_has_had_enough(session: Session, network: str, now: datetime) -> bool:
    """As many of its sign-ups as may be were let through within an hour or a day. Exact under `lock_network`."""
    limits = settings().limits
    network_most = ((limits.network_hour, HOUR), (limits.network_day, DAY))
    counts = [
        select(func.count())
        .where(SignUp.state == SignUpState.SETTLED, SignUp.network == network, SignUp.created_at > now - within)
        .scalar_subquery()
        for _, within in network_most
    ]
    found = session.execute(select(*counts)).one()
    return any(count >= most for count, (most, _) in zip(found, network_most, strict=True))


def turn(session: Session, form_id: int, now: datetime) -> datetime:
    """When the next confirmation of this form may leave: now, or in a later minute when this one is full.

    Nobody is refused for it, or an attacker could close the form. Two workers may give the same turn twice; that
    the minute then holds one mail more is not worth a lock on all sign-ups.
    """
    planned = (
        select(Message.due_at)
        .where(
            Message.kind == MessageKind.CONFIRMATION,
            Message.state != MessageState.DEFERRED,  # it waits for another reason, and says nothing about the pace
            Message.due_at > now - MINUTE,
        )
        .order_by(Message.due_at.desc())
    )
    of_form = planned.join(SignUp, Message.sign_up_id == SignUp.id).where(SignUp.form_id == form_id)
    full = [
        session.scalar(planned.offset(settings().limits.all_minute - 1).limit(1)),
        session.scalar(of_form.offset(settings().limits.form_minute - 1).limit(1)),
    ]
    return max([now, *(due_at + MINUTE for due_at in full if due_at is not None)])
