"""The mails, newest first, with where each of them is and why."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.insight import subjects
from funnel.insight.paging import Page, paged
from funnel.models.content import Step
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import Subscriber


@dataclass(frozen=True)
class Mail:
    id: int
    kind: MessageKind
    state: MessageState
    reason: str
    reply: str
    attempts: int
    template: str
    subject: str | None  # of a step's mail
    subscriber_id: int | None
    address: str | None  # None once it is blanked
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None

    @property
    def name(self) -> str:
        return subjects.called(self.template, self.subject)


def listed(session: Session, states: Collection[MessageState] = (), page: int = 1) -> Page[Mail]:
    """The mails in any of `states`; in all of them when none is given."""
    query = (
        select(
            Message.id,
            Message.kind,
            Message.state,
            Message.reason,
            Message.reply,
            Message.attempts,
            Message.template,
            Step.subject,
            Message.subscriber_id,
            func.coalesce(Message.to_address, Subscriber.email),
            Message.created_at,
            Message.due_at,
            Message.sent_at,
            Message.ended_at,
        )
        .outerjoin(Step, Step.id == Message.step_id)
        .outerjoin(Subscriber, Subscriber.id == Message.subscriber_id)
        .order_by(Message.id.desc())
    )
    return paged(session, query.where(Message.state.in_(states)) if states else query, Mail, page)
