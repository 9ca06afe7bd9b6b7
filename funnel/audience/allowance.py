"""How much one address and one network may ask for, and how fast confirmations leave.

All of it is counted in the database, under locks, because Redis may be away and two workers may count at once.
(Spamhaus: nine addresses were once sent 81,000 confirmation mails by other people's forms.)
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from funnel.audience import ledger, visit
from funnel.config import settings
from funnel.models.door import Proof
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import SignUp, SignUpState

# The mails that a filled-in form leads to; every one of them counts for its address, as all in the ledger do.
CONFIRMATION, REMINDER, ALREADY_IN = "confirmation", "reminder", "already_in"
NEW_ADDRESS = "new_address"
RESTED_AFTER = (CONFIRMATION, REMINDER, ALREADY_IN, NEW_ADDRESS)  # whoever books may sign up a moment later

MINUTE, DAY, MONTH = timedelta(minutes=1), timedelta(days=1), timedelta(days=30)
REST = timedelta(minutes=10)  # after each mail of RESTED_AFTER
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Mailed:
    """What strangers may have caused for one mailbox within a month: (template, when it was or will be due)."""

    mails: tuple[tuple[str, datetime], ...]
    now: datetime

    def rests(self) -> bool:
        """It was asked for a confirmation, or told, within ten minutes."""
        return any(template in RESTED_AFTER and due_at > self.now - REST for template, due_at in self.mails)

    def has_had_enough(self) -> bool:
        """There were as many within a day or a month as one address may get."""
        most = settings().limits
        today = sum(due_at > self.now - DAY for _, due_at in self.mails)
        return today >= most.address_day or len(self.mails) >= most.address_month

    def was_told_today(self) -> bool:
        """The address was told within a day that it is already in."""
        return self.had(ALREADY_IN, DAY)

    def had(self, template: str, within: timedelta) -> bool:
        return any(one == template and due_at > self.now - within for one, due_at in self.mails)


def lock_address(session: Session, mailbox_hash: bytes) -> None:
    """Makes every other worker wait that counts for the addresses of this mailbox, until this transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(mailbox_hash[:8], "big", signed=True))))


def lock_network(session: Session, network: str) -> None:
    """The same for a network, and a wide one after it. After an address, so that no two wait for each other."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"network {network}", 0))))


def mailed(session: Session, mailbox_hash: bytes, now: datetime) -> Mailed:
    """What the addresses of this mailbox were sent because somebody asked. Exact only under `lock_address`."""
    return Mailed(ledger.since(session, mailbox_hash, now - MONTH), now)


def is_limited(network: str) -> bool:
    """Whether sign-ups of this network are limited: all but those made on this machine while the service is only here.

    Then its owner tries it out, and every reader they play is one network.
    """
    return not (settings().local and visit.is_this_machine(network))


def network_has_had_enough(session: Session, sign_up: SignUp, now: datetime) -> bool:
    """As many sign-ups of its network as may be were let through within an hour or a day. Exact under `lock_network`.

    It takes fewer where this one looks risky and solved no puzzle.
    """
    limits = settings().limits
    most = limits.tap if sign_up.proof is Proof.TAP else (limits.network_hour, limits.network_day)
    return _were_let_through(session, SignUp.network == sign_up.network, most, now)


def surroundings_have_had_enough(session: Session, sign_up: SignUp, now: datetime) -> bool:
    """The same of the wider network: a botnet that hires a whole street."""
    return _were_let_through(session, SignUp.wide == sign_up.wide, settings().limits.wide, now)


def _were_let_through(session: Session, whose: ColumnElement[bool], most: tuple[int, int], now: datetime) -> bool:
    counts = [
        select(func.count())
        .where(SignUp.state == SignUpState.SETTLED, whose, SignUp.created_at > now - within)
        .scalar_subquery()
        for within in (HOUR, DAY)
    ]
    found = session.execute(select(*counts)).one()
    return any(count >= limit for count, limit in zip(found, most, strict=True))


def turn(session: Session, sign_up: SignUp, now: datetime) -> datetime:
    """When the confirmation of `sign_up` may leave: now, or in a later minute when this one is full.

    Nobody is refused for it, or an attacker could close the form. Who only tapped waits behind everybody and holds up
    nobody but their like. Two workers may give the same turn twice; that the minute then holds one mail more is not
    worth a lock on all sign-ups.
    """
    limits, of_form = settings().limits, SignUp.form_id == sign_up.form_id
    counted = () if sign_up.proof is Proof.TAP else (SignUp.proof != Proof.TAP,)
    full = [
        _last_of(session, limits.all_minute, now, *counted),
        _last_of(session, limits.form_minute, now, of_form, *counted),
    ]
    if sign_up.proof is Proof.TAP:
        full.append(_last_of(session, limits.tap_minute, now, of_form, SignUp.proof == Proof.TAP))
    return max([now, *(due_at + MINUTE for due_at in full if due_at is not None)])


def _last_of(session: Session, many: int, now: datetime, *counted: ColumnElement[bool]) -> datetime | None:
    """When the confirmation is due that has `many - 1` later ones; None when there are fewer.

    A flood of taps far ahead is passed by row after row, but only once a minute is full with them counted in.
    """
    planned = (
        select(Message.due_at)
        .where(
            Message.kind == MessageKind.CONFIRMATION,
            Message.state != MessageState.DEFERRED,  # it waits for another reason, and says nothing about the pace
            Message.due_at > now - MINUTE,
        )
        .order_by(Message.due_at.desc())
        .offset(many - 1)
        .limit(1)
    )
    of_all = session.scalar(planned)
    if of_all is None or not counted:
        return of_all
    return session.scalar(planned.join(SignUp, Message.sign_up_id == SignUp.id).where(*counted))
