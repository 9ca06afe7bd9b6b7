"""Reapplying: what people withdrew is done again in a database that was set back and forgot it.

May be told any number of times: where the database remembers, nothing changes.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import ending, holdings, own_data, suppression, withdrawals
from funnel.audience.visit import Visit
from funnel.audience.withdrawals import Kind, Line
from funnel.models.people import SignUp, Subscriber, SubscriberState, Suppression, SuppressionReason
from funnel.models.responses import Booking

CHUNK = 1000
HOW = "told before a backup was restored"
SUPPRESSED = {
    Kind.BOUNCED: SuppressionReason.BOUNCE,
    Kind.COMPLAINED: SuppressionReason.COMPLAINT,
    Kind.SUPPRESSED: SuppressionReason.OWNER,
}

Told = dict[Kind, datetime]


class Person(NamedTuple):
    id: int
    address_hash: bytes
    state: SubscriberState
    created_at: datetime
    confirmed_at: datetime | None


def reapply(session: Session) -> int:
    """Ends, suppresses and erases again whatever this machine was told (withdrawals.py); returns how many people.

    Somebody who came back later stays, whether the file or the database knows of it.
    """
    told = withdrawals.standing()
    everybody = list(told)
    count = 0
    with withdrawals.silence(session):
        for start in range(0, len(everybody), CHUNK):
            hashes = everybody[start : start + CHUNK]
            people = _people(session, hashes)
            for person in people:  # in the order of their ids, as everybody locks several
                count += _end(session, person, told[person.address_hash])
            known = {person.address_hash for person in people}
            for address_hash in hashes:
                _keep_from_mail(session, address_hash, told[address_hash], address_hash in known)
        _erase_bookings(session, {key: found[Kind.UNBOOKED] for key, found in told.items() if Kind.UNBOOKED in found})
    return count


def gather(session: Session) -> int:
    """Writes down what the database knows of withdrawals and the file does not; returns how many lines.

    For a database that is about to be replaced: other machines were told some of it, in files of their own.
    """
    told = withdrawals.standing()
    left = select(Subscriber.ended_at, Subscriber.address_hash).where(
        Subscriber.state == SubscriberState.UNSUBSCRIBED, Subscriber.address_hash.is_not(None)
    )
    known = [Line(at, Kind.LEFT, address_hash) for at, address_hash in session.execute(left) if at and address_hash]
    kinds = {reason: kind for kind, reason in SUPPRESSED.items()} | {SuppressionReason.ERASURE: Kind.ERASED}
    suppressed = select(Suppression.created_at, Suppression.reason, Suppression.address_hash)
    known += [Line(at, kinds[reason], address_hash) for at, reason, address_hash in session.execute(suppressed)]
    new = [line for line in known if line.kind not in told.get(line.address_hash, {})]
    if new:
        withdrawals.write(new)
    return len(new)


def _people(session: Session, hashes: Collection[bytes]) -> list[Person]:
    wanted = (getattr(Subscriber, name) for name in Person._fields)
    found = select(*wanted).where(Subscriber.address_hash.in_(hashes)).order_by(Subscriber.id)
    return [Person(*row) for row in session.execute(found)]


def _end(session: Session, person: Person, told: Told) -> bool:
    """Whether it changed anything for the person."""
    ended = [
        Kind.COMPLAINED in told and ending.complained(session, person.id, told[Kind.COMPLAINED]),
        Kind.BOUNCED in told and ending.bounced(session, person.id, told[Kind.BOUNCED]),
        _leave(session, person, told.get(Kind.LEFT)),
    ]
    erased_at = told.get(Kind.ERASED)
    if erased_at and person.created_at < erased_at:  # or else it is the new row of somebody who signed up again
        own_data.erase(session, person.id, erased_at)
        return True
    return any(ended)


def _leave(session: Session, person: Person, at: datetime | None) -> bool:
    if at is None or person.state not in ending.LEAVABLE or (person.confirmed_at and person.confirmed_at > at):
        return False
    return ending.leave(session, person.id, HOW, Visit("", ""), at)


def _keep_from_mail(session: Session, address_hash: bytes, told: Told, known: bool) -> None:
    for kind, reason in SUPPRESSED.items():
        if kind in told:
            suppression.suppress(session, address_hash, reason, told[kind])
    if erased_at := told.get(Kind.ERASED):
        # Those that were settled in the time that is lost would be settled again.
        forms = (SignUp.address_hash == address_hash) & (SignUp.created_at <= erased_at)
        holdings.blank_sign_ups(session, forms, erased_at)
        if not known:
            suppression.suppress(session, address_hash, SuppressionReason.ERASURE, erased_at)


def _erase_bookings(session: Session, unbooked: dict[bytes, datetime]) -> None:
    if not unbooked:
        return
    typed = select(Booking.id, Booking.email, Booking.created_at).where(Booking.email != "")
    for number, email, created_at in session.execute(typed).all():
        erased_at = unbooked.get(tokens.address_hash(email))
        if erased_at and created_at <= erased_at:
            own_data.erase_booking(session, number, erased_at)
