"""Outstanding: mails that wait or have failed, which the owner may still do something about."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from funnel.insight import groups, subjects
from funnel.mail import wishes
from funnel.mail.replies import Meaning
from funnel.models.mail import Message, MessageState


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
    query = groups.named(Message.state, Message.due_at).where(*which).order_by(Message.due_at, Message.id)
    rows: Any = session.execute(query.limit(limit))
    return [Mail(number, subjects.called(template, subject), *rest) for number, template, subject, *rest in rows]
