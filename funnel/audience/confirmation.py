"""Confirming: the link in the mail shows a page, the button on that page subscribes (law 3).

The token is recomputed from the sign-up's row whenever it is needed, and kept nowhere.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import addressees, suppression, withdrawals
from funnel.audience.visit import Visit, truncated
from funnel.audience.withdrawals import Kind
from funnel.models.content import Enrolment
from funnel.models.people import (
    Consent,
    ConsentKind,
    Form,
    Pace,
    SignUp,
    Subscriber,
    SubscriberState,
    SuppressionReason,
)
from funnel.programme import enrolment
from funnel.tokens import BadToken, Purpose

VALID = timedelta(days=7)  # real days, also in a rehearsal
HOW = "button below these words, on the confirmation page"


class State(StrEnum):
    OPEN = "open"  # there is a button to press
    DONE = "done"  # they are in
    MOVED = "moved"  # they are in, and their mails go to another address by now
    EXPIRED = "expired"  # only a fresh sign-up helps


@dataclass(frozen=True)
class Confirmation:
    state: State
    sign_up: SignUp
    form: Form


def token(sign_up: SignUp) -> str:
    """The token of the link in this sign-up's confirmation mail."""
    return tokens.sign(Purpose.CONFIRM, sign_up.id, salt=sign_up.nonce)


def look(session: Session, token: str, now: datetime) -> Confirmation:
    """What the page behind `token` shows. Changes nothing. Raises BadToken."""
    sign_up = _sign_up(session, token, lock=False)
    return _confirmation(session, sign_up, _subscriber(session, sign_up, lock=False), now)


def confirm(session: Session, token: str, visit: Visit, now: datetime) -> Confirmation:
    """Subscribes the person whose mail held `token`, once; told again it says done. Raises BadToken."""
    sign_up = _sign_up(session, token, lock=True)
    subscriber = _subscriber(session, sign_up, lock=True)
    found = _confirmation(session, sign_up, subscriber, now)
    if found.state is not State.OPEN or subscriber is None:
        return found
    sign_up.confirmed_at, sign_up.remind_at = now, None
    if subscriber.state != SubscriberState.ACTIVE:
        _activate(session, subscriber, sign_up, now)
        first = True
    else:
        first = not _has_met(session, subscriber.id, found.form.sequence_id)
    _witness(session, subscriber, sign_up, visit, now)
    session.flush()
    if first:
        enrolment.enrol(session, subscriber.id, found.form.sequence_id, now)
        addressees.look_again(session, subscriber.id, now)
    return Confirmation(State.DONE, sign_up, found.form)


def _sign_up(session: Session, token: str, lock: bool) -> SignUp:
    numbers = tokens.peek(token)
    if len(numbers) != 1:
        raise BadToken
    sign_up = session.get(SignUp, numbers[0], with_for_update=lock or None, populate_existing=True)
    if sign_up is None:
        raise BadToken
    tokens.read(Purpose.CONFIRM, token, salt=sign_up.nonce)
    return sign_up


def _subscriber(session: Session, sign_up: SignUp, lock: bool) -> Subscriber | None:
    if sign_up.subscriber_id is None:
        return None
    return session.get(Subscriber, sign_up.subscriber_id, with_for_update=lock or None, populate_existing=True)


def _confirmation(session: Session, sign_up: SignUp, subscriber: Subscriber | None, now: datetime) -> Confirmation:
    form = session.get_one(Form, sign_up.form_id)
    return Confirmation(_state(session, sign_up, subscriber, now), sign_up, form)


def _state(session: Session, sign_up: SignUp, subscriber: Subscriber | None, now: datetime) -> State:
    if subscriber is None or subscriber.address_hash is None:  # never settled, or erased since
        return State.EXPIRED
    if sign_up.address_hash != subscriber.address_hash:  # moved, or mistyped and corrected since
        return State.MOVED if subscriber.state is SubscriberState.ACTIVE else State.EXPIRED
    if sign_up.confirmed_at is not None:
        return State.DONE if subscriber.state == SubscriberState.ACTIVE else State.EXPIRED
    if now >= sign_up.asked_at + VALID:
        return State.EXPIRED
    if subscriber.ended_at is not None and sign_up.created_at < subscriber.ended_at:
        return State.EXPIRED  # an old mail must not undo a leaving that came after it
    if suppression.reason(session, subscriber.address_hash) not in {None, SuppressionReason.ERASURE}:
        return State.EXPIRED
    return State.OPEN


def _activate(session: Session, subscriber: Subscriber, sign_up: SignUp, now: datetime) -> None:
    if subscriber.confirmed_at is None:  # the first touch is the one that led to the first confirming
        subscriber.form_id = sign_up.form_id
        subscriber.source = sign_up.source
        subscriber.utm = sign_up.utm
        subscriber.email = sign_up.email
        subscriber.first_name = subscriber.time_zone = ""
    subscriber.first_name = sign_up.first_name or subscriber.first_name
    subscriber.time_zone = sign_up.time_zone or subscriber.time_zone
    subscriber.language = sign_up.language  # of the form they have just used, also when they come back by another
    if subscriber.ended_at is not None:
        withdrawals.note(session, Kind.RETURNED, subscriber.address_hash, now)
    subscriber.state = SubscriberState.ACTIVE
    subscriber.pace = Pace.ALL
    subscriber.paused_until = None
    subscriber.confirmed_at = now
    subscriber.ended_at = None
    suppression.lift(session, sign_up.address_hash, now, only=SuppressionReason.ERASURE)


def _has_met(session: Session, subscriber_id: int, sequence_id: int) -> bool:
    # A second sign-up of somebody who is in must not restart a course that a booking has stopped.
    met = select(Enrolment.id).where(Enrolment.subscriber_id == subscriber_id, Enrolment.sequence_id == sequence_id)
    return session.scalar(met) is not None


def _witness(session: Session, subscriber: Subscriber, sign_up: SignUp, visit: Visit, now: datetime) -> None:
    session.add(
        Consent(
            subscriber_id=subscriber.id,
            sign_up_id=sign_up.id,
            form_id=sign_up.form_id,
            kind=ConsentKind.CONFIRMED,
            wording=sign_up.wording,
            how=HOW,
            network=truncated(visit.network) or None,
            agent=visit.agent or None,
            at=now,
        )
    )
