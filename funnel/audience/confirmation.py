"""Confirming: the link in the mail shows a page, the button on that page subscribes (law 3).

The token is recomputed from the sign-up's row whenever it is needed, and kept nowhere. Somebody who is in confirms
another course in the same way, and nothing else of theirs changes.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import addressees, another_course, suppression, withdrawals, witness
from funnel.audience.visit import Visit
from funnel.audience.withdrawals import Kind
from funnel.models.people import Consent, Form, Pace, SignUp, Subscriber, SubscriberState, SuppressionReason
from funnel.programme import enrolment
from funnel.tokens import BadToken, Purpose

VALID = timedelta(days=7)  # real days, also in a rehearsal
NEWS = timedelta(hours=1)


class State(StrEnum):
    OPEN = "open"  # there is a button to press
    DONE = "done"  # they are in
    MOVED = "moved"  # they are in, and their mails go to another address by now
    EXPIRED = "expired"  # only a fresh sign-up helps
    OVER = "over"  # they are in, and its course is given no more


@dataclass(frozen=True)
class Confirmation:
    """`is_in`: they were before. `is_paused`: what they confirmed just now begins after their pause."""

    state: State
    sign_up: SignUp
    form: Form
    is_in: bool = False
    is_paused: bool = False


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
    if found.is_in:
        _witness_asking(session, subscriber, sign_up)
    else:
        _activate(session, subscriber, sign_up, now)
    how = witness.FOR_ANOTHER if found.is_in else witness.BY_BUTTON
    session.add(witness.confirmed(sign_up, subscriber.id, how, visit, now))
    session.flush()
    # A course of their own wish comes, whatever pace of newsletters they chose.
    enrolment.enrol(session, subscriber.id, found.form.sequence_id, now).is_wish = True
    addressees.look_again(session, subscriber.id, now)
    return replace(found, state=State.DONE)


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
    is_in = subscriber is not None and subscriber.state == SubscriberState.ACTIVE
    # Told while it is news: the link works for years, and what somebody chose is no matter of who has it then.
    is_news = sign_up.confirmed_at is not None and now < sign_up.confirmed_at + NEWS
    paused_until = subscriber.paused_until if subscriber and is_news else None
    is_paused = paused_until is not None and paused_until > now
    state = _state(session, sign_up, subscriber, now)
    if state is State.OPEN and subscriber and is_in:
        state = _state_of_course(session, subscriber, form)
    return Confirmation(state, sign_up, form, is_in, is_paused)


def _state_of_course(session: Session, subscriber: Subscriber, form: Form) -> State:
    """For somebody who is in. A course they met is not begun anew: a booking may have stopped it."""
    if another_course.unmet(session, {(subscriber.id, form.id)}):
        return State.OPEN
    return State.DONE if another_course.is_met(session, subscriber.id, form) else State.OVER


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


def _witness_asking(session: Session, subscriber: Subscriber, sign_up: SignUp) -> None:
    """The line that they asked, where none was written: a stranger's sign-up left none with somebody who was in."""
    lines = select(Consent.id).where(Consent.subscriber_id == subscriber.id, Consent.sign_up_id == sign_up.id)
    if session.scalar(lines.limit(1)) is None:
        session.add(witness.asked(sign_up, witness.BY_FORM, sign_up.wording))
        session.flush()
