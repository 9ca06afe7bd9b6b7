"""Moving: another address, confirmed at the new one. What is answered is the same whatever that address is.

It is asked behind a fresh link, which only the old address has; the mail to the new one says nothing of who asks, and
its link lives for an hour. An address that has an entry of its own keeps it, and nobody is moved there: a tap on a
mail that a stranger caused must not make one of the two.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel import languages, tokens
from funnel.audience import allowance, chosen, former, ledger, mailbox, pointer, signup, suppression
from funnel.audience.visit import Visit, truncated
from funnel.config import settings
from funnel.languages import Said
from funnel.models.choices_made import Chose, NewAddress
from funnel.models.mail import MessageKind, Queue
from funnel.models.people import Consent, ConsentKind, Subscriber, SubscriberState, SuppressionReason
from funnel.programme import plan
from funnel.tokens import BadToken, Purpose

VALID = timedelta(hours=1)
MOST_AN_HOUR, MOST_A_DAY = 3, 6  # asked by one person, whatever the addresses
CONFIRM, TOLD = allowance.NEW_ADDRESS, "address_moved"
HOW = "button on the page of the new address"
MAYBE = (None, SuppressionReason.ERASURE)


class State(StrEnum):
    OPEN = "open"  # there is a button to press
    DONE = "done"
    TAKEN = "taken"  # the address has an entry of its own
    ENDED = "ended"


class Found(NamedTuple):
    state: State
    subscriber_id: int


def ask(session: Session, subscriber: Subscriber, email: str, now: datetime) -> bool:
    """Keeps the wish, whatever the address; `settle` decides what follows. False: not active, or often of late."""
    session.flush()
    session.refresh(subscriber, with_for_update=True)
    new = signup.normalised(email)
    address_hash = tokens.address_hash(new)
    if subscriber.state is not SubscriberState.ACTIVE or address_hash == subscriber.address_hash:
        return False
    if _asked_enough(session, subscriber.id, now):
        return False
    row = NewAddress(
        subscriber_id=subscriber.id,
        email=new,
        address_hash=address_hash,
        nonce=secrets.token_bytes(signup.NONCE_BYTES),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return True


def settle(session: Session, now: datetime, limit: int = 100) -> int:
    """Plans the mails to new addresses that may be mailed and have not had enough, where no stranger watches."""
    new = select(NewAddress).where(NewAddress.settled_at.is_(None)).order_by(NewAddress.id).limit(limit)
    found = session.scalars(new.with_for_update(skip_locked=True).execution_options(populate_existing=True))
    # In the order of their locks, so that two workers cannot wait for each other.
    return sum(
        [_settle(session, row, now) for row in sorted(found, key=lambda row: (mailbox.hash_of(row.email), row.id))]
    )


def _settle(session: Session, row: NewAddress, now: datetime) -> bool:
    row.settled_at = now
    mailbox_hash = mailbox.hash_of(row.email)
    allowance.lock_address(session, mailbox_hash)
    mailed = allowance.mailed(session, mailbox_hash, now)
    if mailed.rests() or mailed.has_had_enough() or now >= row.created_at + VALID:
        return False
    if suppression.reason(session, row.address_hash) not in MAYBE:
        return False
    ledger.write(session, mailbox_hash, CONFIRM, now)
    _plan(session, f"{CONFIRM}:{row.id}", CONFIRM, row.email, now)
    return True


def token(row: NewAddress) -> str:
    return tokens.sign(Purpose.ADDRESS, row.id, salt=row.nonce)


def of_key(session: Session, key: str) -> NewAddress | None:
    """What a mail with this key is about; None when it is deleted."""
    return session.get(NewAddress, int(key.rpartition(":")[2]))


def look(session: Session, token: str, now: datetime) -> Found:
    """What the page behind `token` shows. Changes nothing. Raises BadToken."""
    row = _row(session, token)
    person = session.get(Subscriber, pointer.kept(session, row.subscriber_id))
    return Found(_state(session, row, person, now), row.subscriber_id)


def move(session: Session, token: str, visit: Visit, now: datetime) -> Found:
    """Sends the person's mails to the new address from now on, once; told again it says done. Raises BadToken."""
    row = _row(session, token)
    person_id = pointer.kept(session, row.subscriber_id)
    if row.email:  # a sign-up of that address that is being settled comes first; a mailbox is locked before people
        allowance.lock_address(session, mailbox.hash_of(row.email))
    person = session.get_one(Subscriber, person_id, with_for_update=True, populate_existing=True)
    session.refresh(row, with_for_update=True)
    if (state := _state(session, row, person, now)) is not State.OPEN:
        return Found(state, row.subscriber_id)
    _witness(session, person, row, visit, now)
    assert person.email
    assert person.address_hash
    former.give_up(session, person.id, person.address_hash, now)
    _plan(session, f"{TOLD}:{row.id}", TOLD, person.email, now)
    person.email, person.address_hash = row.email, row.address_hash
    suppression.lift(session, row.address_hash, now, only=SuppressionReason.ERASURE)
    row.email, row.done_at = "", now
    session.flush()
    return Found(State.DONE, row.subscriber_id)


def _row(session: Session, token: str) -> NewAddress:
    numbers = tokens.peek(token)
    row = session.get(NewAddress, numbers[0]) if len(numbers) == 1 else None
    if row is None:
        raise BadToken
    tokens.read(Purpose.ADDRESS, token, salt=row.nonce)
    return row


def _state(session: Session, row: NewAddress, person: Subscriber | None, now: datetime) -> State:
    if row.done_at is not None:
        return State.DONE
    if now >= row.created_at + VALID or person is None or person.state is not SubscriberState.ACTIVE:
        return State.ENDED
    if suppression.reason(session, row.address_hash) not in MAYBE:
        return State.ENDED
    other = session.scalar(select(Subscriber.id).where(Subscriber.address_hash == row.address_hash))
    return State.OPEN if other is None else State.TAKEN


def _asked_enough(session: Session, subscriber_id: int, now: datetime) -> bool:
    """As many as may be of one person within an hour or a day, whatever came of each. Exact under the person's lock."""
    lately = NewAddress.subscriber_id == subscriber_id, NewAddress.created_at > now - allowance.DAY
    counts = select(func.count().filter(NewAddress.created_at > now - VALID), func.count()).where(*lately)
    this_hour, today = session.execute(counts).one()
    return bool(this_hour >= MOST_AN_HOUR or today >= MOST_A_DAY)


def _plan(session: Session, key: str, template: str, to_address: str, now: datetime) -> None:
    plan.plan(
        session,
        MessageKind.NOTICE,
        key,
        template=template,
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + (VALID if template == CONFIRM else allowance.DAY),
        to_address=to_address,
        now=now,
    )


def _witness(session: Session, person: Subscriber, row: NewAddress, visit: Visit, now: datetime) -> None:
    wording = _shown(person.language)
    line = Consent(subscriber_id=person.id, kind=ConsentKind.CONFIRMED, wording=wording, how=HOW, at=now)
    line.network, line.agent = truncated(visit.network) or None, visit.agent or None
    session.add(line)
    chosen.note(session, person.id, Chose.ADDRESS, now)


def _shown(language: str) -> str:
    """What the page of the new address asked, and its button, as they were read."""
    asked = Said(
        "One tap, and the mails of %(practice)s come to the address at which you got this link.",
        practice=settings().practice_name,
    )
    return " ".join(languages.say(said, language) for said in (asked, Said("Yes, send them here")))
