"""Endings: leaving, a bounce that is final, a complaint. Each may be told any number of times and works once."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import allowance, pointer, suppression, withdrawals
from funnel.audience.visit import Visit, truncated
from funnel.audience.withdrawals import Kind
from funnel.models.content import StopReason
from funnel.models.mail import Message
from funnel.models.people import Consent, ConsentKind, Subscriber, SubscriberState, SuppressionReason
from funnel.models.responses import Event, EventKind
from funnel.programme import enrolment, waiting

HERE = (SubscriberState.PENDING, SubscriberState.ACTIVE)
LEAVABLE = (*HERE, SubscriberState.BOUNCED)  # whose address bounced may wish that it is not corrected


def leave(
    session: Session, subscriber_id: int, how: str, visit: Visit, now: datetime, message_id: int | None = None
) -> bool:
    """Ends the subscription at the person's wish; `how` names the page, button or mail. False when they had left.

    No suppression: whoever comes back later and confirms is welcome. A link in a mail to somebody who was merged into
    another means that one.
    """
    subscriber_id = pointer.held(session, subscriber_id)
    person = _end(session, subscriber_id, LEAVABLE, SubscriberState.UNSUBSCRIBED, StopReason.LEFT, now)
    if person is None:
        return False
    withdrawals.note(session, Kind.LEFT, person.address_hash, now)
    told = Message.template.in_(allowance.TO_WHO_IS_IN)
    waiting.skip(session, enrolment.WHY_SKIPPED[StopReason.LEFT], now, Message.subscriber_id == person.id, told)
    times = withdraw(session, person.id, how, visit, now)
    _tell(session, f"leave:{person.id}:{times}", person.id, how, now, message_id)
    return True


def bounced(session: Session, subscriber_id: int, now: datetime) -> bool:
    """Ends what goes to an address that does not exist, for ever. False when it had ended; it is suppressed even so."""
    _suppress(session, subscriber_id, SuppressionReason.BOUNCE, now)
    person = _end(session, subscriber_id, HERE, SubscriberState.BOUNCED, StopReason.BOUNCED, now)
    return person is not None


def complained(session: Session, subscriber_id: int, now: datetime) -> bool:
    """Ends what goes to somebody who called it spam, for ever. False when that was known."""
    subscriber_id = pointer.held(session, subscriber_id)
    _suppress(session, subscriber_id, SuppressionReason.COMPLAINT, now)
    from_states = (*HERE, SubscriberState.UNSUBSCRIBED, SubscriberState.BOUNCED)
    person = _end(session, subscriber_id, from_states, SubscriberState.COMPLAINED, StopReason.COMPLAINED, now)
    if person is None:
        return False
    withdraw(session, person.id, "complaint", Visit("", ""), now)
    return True


def withdraw(session: Session, subscriber_id: int, how: str, visit: Visit, now: datetime) -> int:
    """Adds the line of evidence that consent was withdrawn; how many such lines there are now."""
    session.add(
        Consent(
            subscriber_id=subscriber_id,
            kind=ConsentKind.WITHDREW,
            how=how,
            network=truncated(visit.network) or None,
            agent=visit.agent or None,
            at=now,
        )
    )
    session.flush()
    withdrawn = select(func.count()).where(Consent.subscriber_id == subscriber_id, Consent.kind == ConsentKind.WITHDREW)
    return session.scalars(withdrawn).one()


def _end(
    session: Session,
    subscriber_id: int,
    from_states: tuple[SubscriberState, ...],
    state: SubscriberState,
    reason: StopReason,
    now: datetime,
) -> Subscriber | None:
    person = session.get(Subscriber, subscriber_id, with_for_update=True, populate_existing=True)
    if person is None or person.state not in from_states:
        return None
    person.state = state
    person.ended_at = now
    person.paused_until = None
    session.flush()
    enrolment.stop(session, subscriber_id, reason, now)
    return person


def hold(session: Session, subscriber_id: int) -> bytes | None:
    """Locks the person, and returns their address's hash. Whoever ends a subscription does this before all else.

    Even a new row that refers to them comes after it: its lock, shared by two, would let neither have this one.
    """
    return session.scalar(select(Subscriber.address_hash).where(Subscriber.id == subscriber_id).with_for_update())


def _suppress(session: Session, subscriber_id: int, reason: SuppressionReason, now: datetime) -> None:
    address_hash = hold(session, subscriber_id)
    if address_hash is not None:
        suppression.suppress(session, address_hash, reason, now)


def _tell(session: Session, key: str, subscriber_id: int, how: str, now: datetime, message_id: int | None) -> None:
    session.execute(
        insert(Event)
        .values(
            kind=EventKind.UNSUBSCRIBE,
            key=key,
            at=now,
            subscriber_id=subscriber_id,
            message_id=message_id or None,  # a token made outside a mail carries 0
            reason=how,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
