"""Settling: what follows from a filled-in form is decided here, behind it, where no stranger can watch."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from funnel.audience import allowance, answer, domains, door, mailbox, risk, suppression
from funnel.audience.confirmation import VALID
from funnel.audience.risk import Sign
from funnel.models.door import Proof
from funnel.models.people import SignUp, SignUpState, Subscriber, SubscriberState, SuppressionReason
from funnel.programme.history import among

# Why it was refused, as the owner reads it. The reader never does.
ADDRESS_LIMIT = "address limit"
NETWORK_LIMIT = "network limit"
WIDE_LIMIT = "wider network limit"
NO_MAIL = "no mail server"
TOO_OLD = "it waited longer than a confirmation is valid"
SUPPRESSED = "suppressed: {}"


def waiting(session: Session, limit: int = 200) -> list[int]:
    """The ids of sign-ups nobody has settled yet, oldest first."""
    new = select(SignUp.id).where(SignUp.state == SignUpState.NEW).order_by(SignUp.id).limit(limit)
    return list(session.scalars(new))


def settle(session: Session, sign_up_id: int, now: datetime) -> bool:
    """Decides what follows from one sign-up. False when it is settled already, or being settled by another worker."""
    sign_up = session.scalar(
        select(SignUp)
        .where(SignUp.id == sign_up_id, SignUp.state == SignUpState.NEW)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if sign_up is None:
        return False
    allowance.lock_address(session, mailbox.of(sign_up))
    mailed = allowance.mailed(session, mailbox.of(sign_up), now)
    if refusal := _refusal(session, sign_up, mailed, now):
        sign_up.state, sign_up.reason = SignUpState.REFUSED, refusal
    else:
        sign_up.reason = answer.answer(session, sign_up, mailed, now)
        sign_up.state = SignUpState.SETTLED
    sign_up.settled_at = now
    _weigh(session, sign_up, now)
    session.flush()
    return True


def _weigh(session: Session, sign_up: SignUp, now: datetime) -> None:
    """Adds to what was seen at the door what only shows behind it."""
    signs = list(sign_up.signs)
    signs += [Sign.NO_MAIL] * (sign_up.reason == NO_MAIL)
    signs += [Sign.REFUSED_BEFORE] * door.was_refused_before(session, sign_up, now)
    found = risk.of(signs)
    sign_up.risk, sign_up.signs = found.score, list(found.signs)


def _refusal(session: Session, sign_up: SignUp, mailed: allowance.Mailed, now: datetime) -> str:
    reason = suppression.reason(session, sign_up.address_hash)
    if reason not in {None, SuppressionReason.ERASURE}:
        return SUPPRESSED.format(reason)
    if now >= sign_up.created_at + VALID:
        return TOO_OLD
    if mailed.rests() or mailed.has_had_enough():
        return _refuse_others_too(session, mailbox.leads_to(mailbox.of(sign_up)), ADDRESS_LIMIT, now)
    if domains.takes_no_mail(session, sign_up.email, now):
        return NO_MAIL
    return _refusal_of_network(session, sign_up, now)


def _refusal_of_network(session: Session, sign_up: SignUp, now: datetime) -> str:
    if not sign_up.network or not allowance.is_limited(sign_up.network):
        return ""
    allowance.lock_network(session, sign_up.network)
    if allowance.network_has_had_enough(session, sign_up, now):
        if sign_up.proof is Proof.TAP:  # others may be let through who are not
            return NETWORK_LIMIT
        return _refuse_others_too(session, SignUp.network == sign_up.network, NETWORK_LIMIT, now)
    if not sign_up.wide:
        return ""
    allowance.lock_network(session, sign_up.wide)
    if allowance.surroundings_have_had_enough(session, sign_up, now):
        return _refuse_others_too(session, SignUp.wide == sign_up.wide, WIDE_LIMIT, now)
    return ""


def _refuse_others_too(session: Session, whose: ColumnElement[bool], reason: str, now: datetime) -> str:
    # The others that wait would be refused one by one: a flood of ten thousand must not hold up everybody else.
    others = select(SignUp.id).where(whose, SignUp.state == SignUpState.NEW).with_for_update(skip_locked=True)
    # Two statements: as one, a plan made while there were few looked for the others again for each sign-up there is.
    ids = session.scalars(others).all()
    session.execute(
        update(SignUp)
        .where(among(SignUp.id, ids))
        .values(state=SignUpState.REFUSED, reason=reason, settled_at=now)
        .execution_options(synchronize_session=False)
    )
    return reason


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
