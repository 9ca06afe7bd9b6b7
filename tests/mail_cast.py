"""Mails that are due, and one turn of delivery for them."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from funnel.audience import suppression
from funnel.db import Session as Opened
from funnel.mail import claim, delivery
from funnel.mail.claimed import Claimed
from funnel.models.mail import WAITING, Message, MessageKind, MessageState, Queue
from funnel.models.people import SignUp, Subscriber, SuppressionReason
from funnel.programme import waiting
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_sign_up, a_subscriber


def a_tip(session: Session, subscriber: Subscriber | None = None, **changes: Any) -> Message:
    """A step's mail that is due to a person of its own."""
    if "step_id" not in changes:
        changes["step_id"] = a_sequence(session, window_start=0, window_end=24 * 60, weekends=True).steps[1].id
    return a_message(session, subscriber or a_subscriber(session), **changes)


def a_confirmation(session: Session, **changes: Any) -> Message:
    """The mail that asks a pending subscriber to confirm."""
    sign_up = a_sign_up(session)
    person = a_subscriber(session, email=sign_up.email, state="pending", confirmed_at=None, first_name="")
    sign_up.subscriber_id = person.id
    values = {
        "kind": MessageKind.CONFIRMATION,
        "template": "confirmation",
        "queue": Queue.URGENT,
        "sign_up_id": sign_up.id,
    }
    return a_message(session, person, **(values | changes))


def send(session: Session, now: Any = NOW, queue: Queue = Queue.BULK) -> int:
    """Commits, sends what is due in `queue`, and shows the test what came of it."""
    in_step(session)
    handled = delivery.deliver_now(queue, now)
    session.expire_all()
    return handled


def in_step(session: Session) -> None:
    """Brings the queue in step with messages that a test changed after it made them, and commits."""
    session.flush()
    ids = waiting.take(session, Message.state.in_(WAITING))
    waiting.put(session, ids)
    session.commit()


def a_newsletter(session: Session, subscriber: Subscriber, **changes: Any) -> Message:
    return a_message(session, subscriber, kind=MessageKind.NEWSLETTER, **changes)


def claimed(session: Session, now: Any = NOW, queue: Queue = Queue.BULK, limit: int = 100) -> list[Claimed]:
    """What one claim takes, committed."""
    in_step(session)
    while (found := claim.claim(session, queue, now, limit, claim.new_id(session))) == []:
        session.commit()
    session.commit()
    session.expire_all()
    return found or []


def states(session: Session) -> list[MessageState]:
    """Of all mails, in the order they were made."""
    session.expire_all()
    return list(session.scalars(select(Message.state).order_by(Message.id)))


def wait_for(found: Callable[[], Any]) -> None:
    """Waits until `found` finds something; for as long as a machine may need that has much else to do."""
    ends = time.monotonic() + 50
    while not found():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.02)


def somebody_waits() -> bool:
    """Whether a transaction waits for a lock that another one holds."""
    with Opened.begin() as own:
        return bool(own.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")))


class Asked:
    """Somebody who was asked to confirm: the mail, the sign-up and the person behind it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.mail = a_confirmation(session)
        self.person = session.get_one(Subscriber, self.mail.subscriber_id)
        self.sign_up = session.get_one(SignUp, self.mail.sign_up_id)

    def suppress(self, reason: SuppressionReason) -> None:
        assert self.person.address_hash
        suppression.suppress(self.session, self.person.address_hash, reason, NOW)
