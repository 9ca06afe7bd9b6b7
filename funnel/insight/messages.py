"""The mails, newest first, with where each of them is and why; how many there are is read from the tallies."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, true
from sqlalchemy.orm import Session

from funnel.insight import subjects, whereabouts
from funnel.insight.paging import PAGE_ROWS, Page, at_most, paged
from funnel.insight.whereabouts import Where
from funnel.models.content import Newsletter, Step
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import Subscriber
from funnel.models.sending import QueueEntry
from funnel.models.tallies import BLOCK, MailTally
from funnel.programme.history import among

UNCOUNTED = {Where.SENDING, *whereabouts.IN_QUEUE}  # where mails are for moments: no tally says how many


@dataclass(frozen=True)
class Mail:
    id: int
    kind: MessageKind
    state: Where
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


def listed(session: Session, states: Collection[Where] = (), page: int = 1) -> Page[Mail]:
    """The mails in any of `states`; in all of them when none is given."""
    query = _query()
    if states:
        query = query.where(or_(*(whereabouts.is_at(state) for state in states)))
    if not set(states).isdisjoint(UNCOUNTED):
        return paged(session, query, Mail, page, sum(_count(session, state) for state in set(states)), Message.id)
    total = counted(session, *_in_states(states))
    asked, page = page, at_most(page, total)
    where, offset = _place(session, states, (page - 1) * PAGE_ROWS)
    ids = query.with_only_columns(Message.id).where(where).limit(PAGE_ROWS).offset(offset)
    rows = session.execute(_query().where(among(Message.id, session.scalars(ids).all())))
    return Page([Mail(*row) for row in rows], total, page, asked)


def older(
    session: Session, state: Where | None, before: int | None, limit: int, *which: ColumnElement[bool]
) -> list[Mail]:
    """The newest `limit` mails in `state` (None: in any), of those before the mail `before` when it is given.

    `which`: conditions on Message that must hold too.
    """
    state_and_place = [whereabouts.is_at(state)] if state else []
    if before is not None:
        state_and_place.append(Message.id < before)
    return [Mail(*row) for row in session.execute(_query().where(*state_and_place, *which).limit(limit))]


def of_newsletters(
    session: Session, ids: Collection[int], state: Where | None, before: int | None, limit: int
) -> list[Mail]:
    """The same of the mails of these newsletters."""
    mine = (among(Message.newsletter_id, ids), Message.kind == MessageKind.NEWSLETTER)
    return older(session, state, before, limit, *mine, *_between(session, ids))


def _between(session: Session, ids: Collection[int]) -> list[ColumnElement[bool]]:
    """Where among all mails those of newsletters are that have ended, so that millions of others are not passed by."""
    under_way = select(Newsletter.id).where(among(Newsletter.id, ids), Newsletter.ended_at.is_(None))
    blocks = select(func.min(MailTally.block), func.max(MailTally.block)).where(among(MailTally.newsletter_id, ids))
    first, last = session.execute(blocks).one()
    if first is None or session.scalar(under_way.limit(1)):
        return []
    return [Message.id >= first * BLOCK, Message.id < (last + 1) * BLOCK]


def _place(session: Session, states: Collection[Where], skipped: int) -> tuple[ColumnElement[bool], int]:
    """Where among all mails the page begins before which `skipped` stand, and how many to pass by there.

    By the tallies, which know how many mails of a block are in a state: a far page, or one of few mails among millions,
    reads some blocks. On the first page stands also what is newer than they are.
    """
    last = session.scalar(select(func.max(MailTally.block)))
    if last is None:
        return true(), skipped
    places = [] if skipped else [Message.id >= last * BLOCK]
    newer, here = 0, 0
    sums = select(MailTally.block, func.sum(MailTally.mails)).where(*_in_states(states))
    for block, mails in session.execute(sums.group_by(MailTally.block).order_by(MailTally.block.desc())):
        if not here and newer + mails <= skipped:
            newer += int(mails)
            continue
        places.append(Message.id.between(block * BLOCK, (block + 1) * BLOCK - 1))
        here += int(mails)
        if newer + here >= skipped + PAGE_ROWS:
            break
    return or_(*places), skipped - newer


def _in_states(states: Collection[Where]) -> list[ColumnElement[bool]]:
    return [MailTally.state.in_([MessageState(state) for state in states])] if states else []


def _query() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Message.id,
            Message.kind,
            whereabouts.FOUND,
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
        .outerjoin(QueueEntry, whereabouts.ENTERED)
        .outerjoin(Step, Step.id == Message.step_id)
        .outerjoin(Subscriber, Subscriber.id == Message.subscriber_id)
        .order_by(Message.id.desc())
    )


def sent(session: Session) -> dict[int, int]:
    """How many mails of each step of a course were sent."""
    them = select(MailTally.step_id, func.sum(MailTally.mails)).where(
        MailTally.kind == MessageKind.STEP, MailTally.state == MessageState.SENT
    )
    return {step_id: int(count) for step_id, count in session.execute(them.group_by(MailTally.step_id))}


def counted(session: Session, *which: ColumnElement[bool]) -> int:
    """How many mails there are for which `which` holds, conditions on MailTally."""
    return int(session.scalars(select(func.coalesce(func.sum(MailTally.mails), 0)).where(*which)).one())


def _count(session: Session, state: Where) -> int:
    if state == Where.SENDING:
        return whereabouts.sending(session)[0]
    if state in whereabouts.IN_QUEUE:
        return sum(line.count for line in whereabouts.waiting(session) if line.state == state)
    return counted(session, MailTally.state == MessageState(state))
