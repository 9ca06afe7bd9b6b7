"""Outstanding: mails that wait or have failed, which the owner may still do something about."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from funnel.insight import subjects
from funnel.mail import wishes
from funnel.mail.replies import Meaning
from funnel.models.content import Newsletter, Step
from funnel.models.mail import Message, MessageState
from funnel.models.people import Subscriber


@dataclass(frozen=True)
class Sum:
    """Some of them together: how many are in each state, why, and why some that failed cannot be sent again."""

    states: Counter[MessageState]
    reasons: Counter[tuple[MessageState, str]]
    hindrances: Counter[str]
    newest: int  # the highest id among them

    @property
    def count(self) -> int:
        return self.states.total()

    @property
    def waiting(self) -> int:
        """How many can be cancelled."""
        return self.count - self.states[MessageState.FAILED]

    @property
    def retriable(self) -> int:
        """How many can be tried now: put off, or failed and not hindered."""
        put_off = self.states[MessageState.DEFERRED] + self.reasons[MessageState.QUEUED, Meaning.LOST.value]
        return put_off + self.states[MessageState.FAILED] - self.hindrances.total()


@dataclass(frozen=True)
class Mail:
    """One of them."""

    id: int
    name: str
    subscriber_id: int | None
    address: str | None  # None once it is deleted
    state: MessageState
    due_at: datetime


def summed(session: Session, now: datetime, *which: ColumnElement[bool]) -> Sum | None:
    """What is known of the mails for which `which` holds, `wishes.waits` or `is_failed` among it; None of none."""
    hindrance = wishes.hindrance(now).label("hindrance")
    query = select(Message.state, Message.reason, hindrance, func.count(), func.max(Message.id)).where(*which)
    rows: Any = session.execute(query.group_by(Message.state, Message.reason, hindrance)).all()
    found = Sum(Counter(), Counter(), Counter(), max((row[4] for row in rows), default=0))
    for state, reason, why, count, _ in sorted(rows, key=lambda row: -row[3]):
        found.states[state] += count
        found.reasons[state, reason] += count
        if why and state == MessageState.FAILED:
            found.hindrances[why] += count
    return found if rows else None


def listed(session: Session, limit: int, *which: ColumnElement[bool]) -> list[Mail]:
    """The same one by one, those due first first."""
    query = (
        select(
            Message.id,
            Message.template,
            func.coalesce(Step.subject, Newsletter.subject),
            Message.subscriber_id,
            func.coalesce(Message.to_address, Subscriber.email),
            Message.state,
            Message.due_at,
        )
        .outerjoin(Step, Step.id == Message.step_id)
        .outerjoin(Newsletter, Newsletter.id == Message.newsletter_id)
        .outerjoin(Subscriber, Subscriber.id == Message.subscriber_id)
        .where(*which)
        .order_by(Message.due_at, Message.id)
        .limit(limit)
    )
    rows: Any = session.execute(query)
    return [Mail(number, subjects.called(template, subject), *rest) for number, template, subject, *rest in rows]
