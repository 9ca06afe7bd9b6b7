"""Reminding: who was asked to confirm and did not gets one more mail a day later, and never a second one."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from funnel.audience import allowance, answer, mailbox, suppression
from funnel.audience.confirmation import VALID
from funnel.models.people import SignUp, SignUpState, Subscriber, SubscriberState, SuppressionReason


def remind(session: Session, now: datetime, limit: int = 500) -> int:
    """Reminds those who have not confirmed a day after the form; how many reminders were planned.

    Each sign-up is looked at once, so there is never a second reminder: whoever is within the limits at that moment,
    and only for the newest sign-up of an address.
    """
    due = (
        select(SignUp)
        .where(SignUp.remind_at <= now)
        .order_by(SignUp.remind_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    # In the order of their locks, so that two workers cannot wait for each other.
    found = sorted(session.scalars(due), key=mailbox.of)
    return sum([_remind(session, sign_up, now) for sign_up in found])


def _remind(session: Session, sign_up: SignUp, now: datetime) -> bool:
    sign_up.remind_at = None
    session.flush()
    allowance.lock_address(session, mailbox.of(sign_up))
    if not _is_still_asked(session, sign_up, now):
        return False
    # The rest of ten minutes is for who presses a button again; this comes from our own clock, and once.
    if allowance.mailed(session, mailbox.of(sign_up), now).has_had_enough():
        return False
    return answer.remind(session, sign_up, now)


def _is_still_asked(session: Session, sign_up: SignUp, now: datetime) -> bool:
    if sign_up.confirmed_at is not None or now >= sign_up.asked_at + VALID:
        return False
    newer = aliased(SignUp)
    is_newest = ~(
        select(newer.id)
        .where(
            func.coalesce(newer.mailbox_hash, newer.address_hash) == mailbox.of(sign_up),
            newer.state == SignUpState.SETTLED,
            newer.id > sign_up.id,
        )
        .exists()
    )
    asked = select(Subscriber.id).where(
        Subscriber.id == sign_up.subscriber_id,
        Subscriber.state.in_((SubscriberState.PENDING, SubscriberState.UNSUBSCRIBED)),
        or_(Subscriber.ended_at.is_(None), Subscriber.ended_at < sign_up.created_at),
        is_newest,
    )
    if session.scalar(asked) is None:
        return False
    return suppression.reason(session, sign_up.address_hash) in {None, SuppressionReason.ERASURE}
