"""Claiming: which mails leave next, taken so that no other worker takes them, and gated in the same statement.

The caller commits before a socket is opened (sending.md). Two workers never wait for each other here: a row or person
that another holds is passed by.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import CTE, Integer, Select, Table, bindparam, case, exists, func, literal, null, select, text, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from funnel.mail import gate
from funnel.mail.gate import Verdict
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.people import Subscriber

LEASE = timedelta(minutes=5)
MOST_EXPLAINED = 1000

STATES = {
    Verdict.GO: MessageState.CLAIMED,
    Verdict.SKIP: MessageState.SKIPPED,
    Verdict.EXPIRE: MessageState.EXPIRED,
}
# As tables, since the ORM has nothing to add to one statement over both.
_MESSAGE, _SUBSCRIBER = cast(Table, Message.__table__), cast(Table, Subscriber.__table__)
# Written out, so that even a generic plan may use the partial index ix_message_waiting.
_WAITS = text("message.state IN ('queued', 'deferred')")


@dataclass(frozen=True)
class Claimed:
    """A mail that is ours to send until `lease_until` on the database's clock, and ours to record by `claim_id`."""

    id: int
    claim_id: UUID
    lease_until: datetime
    kind: MessageKind
    subscriber_id: int | None
    sign_up_id: int | None
    attempts: int
    expires_at: datetime


def waits(session: Session, queue: Queue, now: datetime) -> bool:
    """Whether anything in `queue` is due."""
    due = exists().where(Message.queue == queue, Message.due_at <= now, _WAITS)
    return bool(session.scalar(select(due)))


def claim(
    session: Session, queue: Queue, now: datetime, limit: int, claim_id: UUID | None = None
) -> list[Claimed] | None:
    """Claims up to `limit` mails that are due. Those the gate turns back are skipped, held or expired at once.

    Empty: all of them were turned back, and there may be more. None: nothing is due that nobody else holds.
    `claim_id` is for whoever must know it even when the commit is never answered.
    """
    session.execute(text("SET LOCAL synchronous_commit = on"))
    values = gate.times(now) | {"of_queue": queue, "most": limit, "lease_end": now + LEASE}
    rows = session.execute(_statement(), values | {"by_claim": claim_id or uuid4()}).mappings().all()
    return [_claimed(row) for row in rows if row["state"] == MessageState.CLAIMED] if rows else None


def explain(session: Session, queue: Queue, reason: str, now: datetime) -> None:
    """Says on the mails that are due why none of them leaves, and closes those that came too late meanwhile."""
    late = select(Message.id).where(Message.queue == queue, Message.due_at <= now, Message.expires_at <= now, _WAITS)
    session.execute(
        update(Message)
        .where(Message.id.in_(late.limit(MOST_EXPLAINED).with_for_update(skip_locked=True)))
        .values(state=MessageState.EXPIRED, reason=gate.TOO_LATE, ended_at=now, to_address=None)
        .execution_options(synchronize_session=False)
    )
    due = select(Message.id).where(Message.queue == queue, Message.due_at <= now, _WAITS, Message.reason != reason)
    some = due.limit(MOST_EXPLAINED).with_for_update(skip_locked=True)
    session.execute(
        update(Message).where(Message.id.in_(some)).values(reason=reason).execution_options(synchronize_session=False)
    )


def _claimed(row: Mapping[Any, Any]) -> Claimed:
    return Claimed(**{name: row[name] for name in Claimed.__dataclass_fields__})


@functools.cache
def _statement() -> ReturningUpdate[Any]:
    due = _due().cte("due").prefix_with("MATERIALIZED")
    person = _person(due).cte("person").prefix_with("MATERIALIZED")
    judged = gate.judged(due, person)
    verdict = judged.c.verdict
    ends = verdict.in_((Verdict.SKIP, Verdict.EXPIRE))
    goes, holds = verdict == Verdict.GO, verdict == Verdict.HOLD
    state = case(
        *((verdict == given, literal(state, Message.state.type)) for given, state in STATES.items()),
        else_=Message.state,
    )
    # What is held for a pause lives on by as much; what is held for a day does not.
    longer = func.greatest(Message.expires_at, judged.c.until + (Message.expires_at - Message.due_at))
    return (
        update(_MESSAGE)
        .where(Message.id == judged.c.id, verdict != Verdict.LATER)
        .values(
            state=state,
            reason=judged.c.reason,
            claim_id=case((goes, bindparam("by_claim", type_=Message.claim_id.type)), else_=null()),
            lease_until=case((goes, bindparam("lease_end", type_=Message.lease_until.type)), else_=null()),
            attempts=Message.attempts + case((goes, 1), else_=0),
            due_at=case((holds, judged.c.until), else_=Message.due_at),
            expires_at=case((judged.c.reason == gate.PAUSED_COURSE, longer), else_=Message.expires_at),
            ended_at=case((ends, gate.NOW), else_=null()),
            to_address=case((ends, null()), else_=Message.to_address),
        )
        .returning(*(getattr(Message, name) for name in (*Claimed.__dataclass_fields__, "state")))
        .add_cte(_stamped(judged))
    )


def _due() -> Select[Any]:
    wanted = ("id", "kind", "queue", "subscriber_id", "sign_up_id", "enrolment_id", "due_at", "expires_at")
    return (
        select(*(getattr(Message, name) for name in wanted))
        .where(Message.queue == bindparam("of_queue"), Message.due_at <= gate.NOW, _WAITS)
        .order_by(Message.due_at)  # and by nothing else: a newsletter's hundred thousand are all due at once
        # Written out too: a plan made for any number of rows would read the whole table.
        .limit(bindparam("most", type_=Integer, literal_execute=True))
        .with_for_update(skip_locked=True)
    )


def _person(due: CTE) -> Select[Any]:
    """The subscribers behind `due`, locked, as they are now and not as they were when the statement began."""
    wanted = ("id", "email", "address_hash", "state", "pace", "paused_until", "last_marketing_at")
    return (
        select(
            *(getattr(Subscriber, name) for name in wanted),
            Subscriber.last_marketing_message_id,
            Subscriber.last_newsletter_at,
            Subscriber.mailable.label("mailable"),
        )
        .where(Subscriber.id.in_(select(due.c.subscriber_id)))
        .with_for_update(key_share=True, skip_locked=True)
    )


def _stamped(judged: CTE) -> CTE:
    """The 20-hour rule's stamp, set while the person is locked, so that no two workers can break it."""
    newsletter = judged.c.kind == MessageKind.NEWSLETTER
    return (
        update(_SUBSCRIBER)
        .where(Subscriber.id == judged.c.subscriber_id, judged.c.marketing, judged.c.verdict == Verdict.GO)
        .values(
            last_marketing_at=gate.NOW,
            last_marketing_message_id=judged.c.id,
            last_newsletter_at=case((newsletter, gate.NOW), else_=Subscriber.last_newsletter_at),
        )
        .cte("stamped")
    )
