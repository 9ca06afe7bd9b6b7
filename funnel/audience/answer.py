"""What an accepted sign-up is answered with: a mail that asks to confirm, one reminder of it, or “you are in”."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import allowance, ledger, mailbox
from funnel.audience.confirmation import VALID
from funnel.audience.visit import truncated
from funnel.models.mail import MessageKind, Queue
from funnel.models.people import Consent, ConsentKind, SignUp, Subscriber, SubscriberState
from funnel.programme import calendar, plan

ALREADY_IN_LIVES = timedelta(days=1)
REMINDED_AFTER_DAYS = 1  # of the course's clock
BY_FORM = "form"

# What the sign-up led to, as the owner reads it.
ASKED = "confirmation planned"
TOLD = "already in, told so"
TOLD_BEFORE = "already in, told so before"


def answer(session: Session, sign_up: SignUp, mailed: allowance.Mailed, now: datetime) -> str:
    """Plans the mail that answers `sign_up`, whose address the caller has locked; what it led to, in words."""
    subscriber = _subscriber(session, sign_up, now)
    sign_up.subscriber_id = subscriber.id
    if subscriber.state != SubscriberState.ACTIVE:
        ask(session, sign_up, BY_FORM, sign_up.wording, now)
        return ASKED
    return TOLD_BEFORE if mailed.was_told_today() else _tell(session, sign_up, now)


def remind(session: Session, sign_up: SignUp, now: datetime) -> bool:
    """Plans the one reminder of `sign_up`. False when it was planned before."""
    return _plan(session, sign_up, f"remind:{sign_up.id}", allowance.REMINDER, now, now)


def _subscriber(session: Session, sign_up: SignUp, now: datetime) -> Subscriber:
    """The person behind the address; pending when it is new. One we know is left as they are (law 4)."""
    session.execute(
        insert(Subscriber)
        .values(
            email=sign_up.email,
            address_hash=sign_up.address_hash,
            form_id=sign_up.form_id,
            language=sign_up.language,
            source=sign_up.source,
            utm=sign_up.utm,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["address_hash"])
    )
    return session.scalars(select(Subscriber).where(Subscriber.address_hash == sign_up.address_hash)).one()


def ask(session: Session, sign_up: SignUp, how: str, wording: str, now: datetime) -> None:
    """Plans the mail that asks a subscriber to confirm `sign_up`, and keeps as evidence `how` they asked."""
    session.add(
        Consent(
            subscriber_id=sign_up.subscriber_id,
            sign_up_id=sign_up.id,
            form_id=sign_up.form_id,
            kind=ConsentKind.ASKED,
            wording=wording,
            how=how,
            network=truncated(sign_up.network or "") or None,
            agent=sign_up.agent or None,
            at=sign_up.created_at,
        )
    )
    sign_up.remind_at = sign_up.asked_at + calendar.days(REMINDED_AFTER_DAYS)
    due_at = allowance.turn(session, sign_up, now)
    _plan(session, sign_up, _key("confirm", sign_up), allowance.CONFIRMATION, due_at, now)


def _tell(session: Session, sign_up: SignUp, now: datetime) -> str:
    ledger.write(session, mailbox.of(sign_up), allowance.ALREADY_IN, now)
    plan.plan(
        session,
        MessageKind.NOTICE,
        _key("already-in", sign_up),
        template=allowance.ALREADY_IN,
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + ALREADY_IN_LIVES,
        subscriber_id=sign_up.subscriber_id,
        sign_up_id=sign_up.id,
        now=now,
    )
    return TOLD


def _key(what: str, sign_up: SignUp) -> str:
    """One a sign-up; another when its owner let it in, since a mail taken back before it left keeps its own."""
    again = f":{sign_up.let_in_at.timestamp():.0f}" if sign_up.let_in_at else ""
    return f"{what}:{sign_up.id}{again}"


def _plan(session: Session, sign_up: SignUp, key: str, template: str, due_at: datetime, now: datetime) -> bool:
    planned = plan.plan(
        session,
        MessageKind.CONFIRMATION,
        key,
        template=template,
        queue=Queue.URGENT,
        due_at=due_at,
        # With its link; one whose turn comes later than that still waits for it, rather than failing to be planned.
        expires_at=max(sign_up.asked_at + VALID, due_at + allowance.MINUTE),
        subscriber_id=sign_up.subscriber_id,
        sign_up_id=sign_up.id,
        now=now,
    )
    if planned is not None:
        ledger.write(session, mailbox.of(sign_up), template, due_at)
    return planned is not None
