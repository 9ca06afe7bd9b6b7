"""What was kept out at the forms: the sign-ups that were refused, newest first, and how often robots were stopped."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from funnel.audience import risk, typo
from funnel.config import settings
from funnel.insight import refused
from funnel.models.door import DoorDay, Stop
from funnel.models.mail import MessageKind, Queue
from funnel.models.people import Form, SignUp, Subscriber, SubscriberState
from funnel.models.sending import QueueEntry

DAYS = 7
HOUR = timedelta(hours=1)
MOST_AT_FORM = 1_000  # counted one by one
MOST = 10_000  # waiting confirmations that are counted one by one


@dataclass(frozen=True)
class Refused:
    """One of them, with why it was refused and what made it risky, in words; `meant`: the address, if it was a slip.

    `person` is who has the address, if somebody does, and `is_in` whether they have confirmed and stayed.
    """

    id: int
    email: str
    first_name: str
    form: str
    source: str
    network: str
    agent: str
    reason: str
    risk: int
    reasons: list[str]
    meant: str
    person: int | None
    is_in: bool
    created_at: datetime


@dataclass(frozen=True)
class Rush:
    """More want in than the limits let out: confirmations that `waiting` wait, the last of them until `until`."""

    waiting: int
    until: datetime | None
    stopped: bool  # some were asked for one step more within the hour


def page(
    session: Session, name: str, before: tuple[datetime, int] | None, most: int, form_id: int | None = None
) -> tuple[list[Refused], tuple[datetime, int] | None]:
    """The newest `most` refused for the reason called `name` ('' for all), before a place; and where to go on.

    `form_id`: only those of this form.
    """
    newest = (
        select(SignUp, Form.title, Subscriber.id, Subscriber.state)
        .join(Form, Form.id == SignUp.form_id)
        .outerjoin(Subscriber, Subscriber.address_hash == SignUp.address_hash)
        .where(*refused.are_refused(None))
        .order_by(SignUp.created_at.desc(), SignUp.id.desc())
        .limit(most + 1)
    )
    if form_id is not None:
        newest = newest.where(SignUp.form_id == form_id)
    if name:
        newest = newest.where(refused.is_called(name))
    if before:
        newest = newest.where(tuple_(SignUp.created_at, SignUp.id) < tuple_(*before))
    rows = session.execute(newest).all()
    found = [_told(*row) for row in rows[:most]]
    return found, (found[-1].created_at, found[-1].id) if len(rows) > most else None


def at_form(session: Session, form_id: int) -> int:
    """How many of that form are on the page, up to MOST_AT_FORM + 1."""
    found = select(SignUp.id).where(*refused.are_refused(None), SignUp.form_id == form_id)
    return session.scalar(select(func.count()).select_from(found.limit(MOST_AT_FORM + 1).subquery())) or 0


def _told(one: SignUp, title: str, person: int | None, state: SubscriberState | None) -> Refused:
    return Refused(
        id=one.id,
        email=one.email,
        first_name=one.first_name,
        form=title,
        source=one.source,
        network=one.network or "",
        agent=one.agent or "",
        reason=one.reason,
        risk=one.risk,
        reasons=risk.reasons(one.signs),
        meant=typo.suggestion(one.email) or "",
        person=person,
        is_in=state == SubscriberState.ACTIVE,
        created_at=one.created_at,
    )


def stopped(session: Session, now: datetime) -> dict[Stop, int]:
    """How often each thing stopped somebody at a form in the last DAYS days, today among them."""
    since = now.astimezone(settings().zone).date() - timedelta(days=DAYS - 1)
    found = select(DoorDay.what, func.sum(DoorDay.times)).where(DoorDay.day >= since).group_by(DoorDay.what)
    return {what: int(times) for what, times in session.execute(found)}


def rush(session: Session, now: datetime) -> Rush | None:
    """Whether the limits hold something back just now, or did a moment ago; None when they do not."""
    later = select(QueueEntry.due_at).where(
        QueueEntry.queue == Queue.URGENT,
        QueueEntry.due_at > now,
        QueueEntry.kind == MessageKind.CONFIRMATION,
        QueueEntry.attempts == 0,  # not put off by a server
    )
    some = later.order_by(QueueEntry.due_at).limit(MOST).subquery()
    count, until = session.execute(select(func.count(), func.max(some.c.due_at))).one()
    lately = select(DoorDay.form_id).where(DoorDay.what == Stop.RUSH, DoorDay.last_at > now - HOUR).limit(1)
    stopped_some = session.scalar(lately) is not None
    return Rush(count, until, stopped_some) if count or stopped_some else None
