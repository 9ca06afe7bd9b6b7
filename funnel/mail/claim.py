"""Claiming: which mails leave next, taken so that no other worker takes them, and gated in the same statement.

The caller commits before a socket is opened (sending.md). What is claimed leaves the queue, and one row holds it: the
mails' own rows are not touched. Two workers never wait for each other here: an entry that another holds is passed by.
"""

import functools
from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    CTE,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from funnel.db import words
from funnel.mail import claimed, gate
from funnel.mail.claimed import Claimed
from funnel.mail.gate import Verdict
from funnel.mail.lease import LEASE
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.sending import Claim, MarketingStamp, QueueEntry
from funnel.programme import settling
from funnel.programme.history import among

MOST_EXPLAINED = 1000

CLOSED = {Verdict.SKIP: MessageState.SKIPPED, Verdict.EXPIRE: MessageState.EXPIRED}
# As tables, since the ORM has nothing to add to one statement over all of them.
_MESSAGE, _ENTRY = cast(Table, Message.__table__), cast(Table, QueueEntry.__table__)
_CLAIM, _STAMP = cast(Table, Claim.__table__), cast(Table, MarketingStamp.__table__)
# Durable before a socket opens; and by the indexes, also when PostgreSQL has not yet counted a queue just filled.
_SURELY = text("SET LOCAL synchronous_commit = on; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off")
_OF_QUEUE = bindparam("of_queue", type_=words(Queue))


def waits(session: Session, queue: Queue, now: datetime) -> bool:
    """Whether anything in `queue` is due."""
    return bool(session.scalar(select(exists().where(QueueEntry.queue == queue, QueueEntry.due_at <= now))))


def new_id(session: Session) -> int:
    """The number of a claim to be made: known before, for whoever must know it even when a commit is never answered."""
    return int(session.scalars(select(func.nextval("claim_id_seq"))).one())


def claim(
    session: Session,
    queue: Queue,
    now: datetime,
    limit: int,
    claim_id: int,
    worker: str = "",
    resting: Collection[str] = (),
) -> list[Claimed] | None:
    """Claims up to `limit` mails that are due, the longest due first. Those the gate turns back are closed or held.

    `resting`: domains that take no mail for now. Empty: all were turned back, and there may be more. None: nothing is
    due that nobody else holds.
    """
    session.execute(_SURELY)
    ours = {"claim": claim_id, "by": worker, "lease_end": now + LEASE}
    values = gate.times(now) | ours | {"of_queue": queue, "most": limit, "resting": list(resting)}
    count, *columns = session.execute(_statement(), values).one()
    return claimed.read(columns, claim_id, now + LEASE) if count else None


def explain(session: Session, queue: Queue, reason: str, now: datetime) -> None:
    """Says on the mails that are due why none of them leaves, and closes those that came too late meanwhile."""
    due = (QueueEntry.queue == queue, QueueEntry.due_at <= now)
    late = _some(session, *due, QueueEntry.expires_at <= now)
    session.execute(delete(_ENTRY).where(among(_ENTRY.c.message_id, late)))
    session.execute(
        update(_MESSAGE)
        .where(among(_MESSAGE.c.id, late))
        .values(state=MessageState.EXPIRED, reason=gate.TOO_LATE, ended_at=now, to_address=None)
    )
    silent = _some(session, *due, QueueEntry.reason != reason)
    session.execute(update(_ENTRY).where(among(_ENTRY.c.message_id, silent)).values(reason=reason))
    session.execute(update(_MESSAGE).where(among(_MESSAGE.c.id, silent)).values(reason=reason))


def _some(session: Session, *which: Any) -> list[int]:
    found = select(QueueEntry.message_id).where(*which).limit(MOST_EXPLAINED).with_for_update(skip_locked=True)
    return list(session.scalars(found))


@functools.cache
def _statement() -> Select[*tuple[Any, ...]]:
    due = _due().cte("due").prefix_with("MATERIALIZED")
    judged = gate.judged(due)
    stamped = _stamped(judged)
    # A person whom another worker stamped a moment ago gets the other mail.
    lost = (judged.c.verdict == Verdict.GO) & judged.c.marketing & stamped.c.message_id.is_(None)
    final = (
        select(judged, case((lost, literal(Verdict.LATER.value)), else_=judged.c.verdict).label("final"))
        .select_from(judged.outerjoin(stamped, stamped.c.message_id == judged.c.id))
        .cte("final")
        .prefix_with("MATERIALIZED")
    )
    goes = final.c.final == Verdict.GO
    message = _written(final)
    told = (
        select(
            goes.label("goes"),
            *(final.c[name] for name in ("id", "kind", "attempts", "expires_at", "email", "first_name", "language")),
            *(final.c[name] for name in ("subscriber_id", "sign_up_id", "enrolment_id")),
            *message.c,
        )
        .select_from(final.outerjoin(message, goes))
        .order_by(final.c.due_at, final.c.id)
        .subquery("told")
    )
    return select(func.count(), *claimed.columns(told.c, told.c.goes)).add_cte(
        _removed(final), _held(final), _held_message(final), _closed(final), _taken(final)
    )


def _due() -> Select[Any]:
    wanted = ("kind", "queue", "subscriber_id", "sign_up_id", "enrolment_id", "newsletter_id")
    times = ("due_at", "expires_at", "attempts")
    return (
        select(QueueEntry.message_id.label("id"), *(getattr(QueueEntry, name) for name in (*wanted, *times)))
        .where(QueueEntry.queue == _OF_QUEUE, QueueEntry.due_at <= gate.NOW)
        .order_by(QueueEntry.due_at)  # and by nothing else: a newsletter's hundred thousand are all due at once
        # Written out: a plan made for any number of rows would read the whole table.
        .limit(bindparam("most", type_=Integer, literal_execute=True))
        .with_for_update(skip_locked=True)
    )


def _stamped(judged: CTE) -> CTE:
    """The 20-hour rule's stamp. A row that another claim holds is waited for, in an order that knows no deadlock."""
    newsletter = judged.c.kind == MessageKind.NEWSLETTER
    rows = (
        select(judged.c.subscriber_id, gate.NOW, judged.c.id, case((newsletter, gate.NOW)))
        .where(judged.c.marketing, judged.c.verdict == Verdict.GO)
        .order_by(judged.c.subscriber_id)
    )
    stamp = postgresql.insert(_STAMP).from_select(["subscriber_id", "at", "message_id", "newsletter_at"], rows)
    new = stamp.excluded
    return (
        stamp.on_conflict_do_update(
            index_elements=["subscriber_id"],
            set_={
                "at": new.at,
                "message_id": new.message_id,
                "newsletter_at": func.coalesce(new.newsletter_at, _STAMP.c.newsletter_at),
            },
            where=or_(
                _STAMP.c.at <= gate.QUIET_SINCE, _STAMP.c.message_id == new.message_id, _OF_QUEUE == Queue.URGENT
            ),
        )
        .returning(_STAMP.c.message_id)
        .cte("stamped")
    )


def _written(final: CTE) -> Any:
    wanted = ("template", "message_id", "to_address", "step_id", "newsletter_id", "booking_id", "created_at")
    # Looked up row by row: left to itself, the planner reads whole tables for a thousand rows.
    return select(*(_MESSAGE.c[name] for name in wanted)).where(_MESSAGE.c.id == final.c.id).limit(1).lateral("written")


def _removed(final: CTE) -> CTE:
    ended = final.c.final.in_((Verdict.GO, *CLOSED))
    return delete(_ENTRY).where(_ENTRY.c.message_id == final.c.id, ended).cte("removed")


def _held(final: CTE) -> CTE:
    held = update(_ENTRY).where(_ENTRY.c.message_id == final.c.id, final.c.final == Verdict.HOLD)
    return held.values(due_at=final.c.until, expires_at=_longer(final), reason=final.c.reason).cte("held")


def _held_message(final: CTE) -> CTE:
    """Not of a paused newsletter: that says it for all its mails, and a million rows need not be written twice."""
    held = update(_MESSAGE).where(
        _MESSAGE.c.id == final.c.id, final.c.final == Verdict.HOLD, final.c.reason != settling.HELD
    )
    return held.values(due_at=final.c.until, expires_at=_longer(final), reason=final.c.reason).cte("held_message")


def _longer(final: CTE) -> Any:
    """What is held for a pause lives on by as much; what is held for a day does not."""
    longer = func.greatest(final.c.expires_at, final.c.until + (final.c.expires_at - final.c.due_at))
    return case((final.c.reason == gate.PAUSED_COURSE, longer), else_=final.c.expires_at)


def _closed(final: CTE) -> CTE:
    state = case(*((final.c.final == verdict, literal(state, Message.state.type)) for verdict, state in CLOSED.items()))
    closed = update(_MESSAGE).where(_MESSAGE.c.id == final.c.id, final.c.final.in_(CLOSED))
    return closed.values(state=state, reason=final.c.reason, ended_at=gate.NOW, to_address=null()).cte("closed")


def _taken(final: CTE) -> CTE:
    """The claim itself; none when nothing goes."""
    ids = postgresql.aggregate_order_by(final.c.id, final.c.due_at, final.c.id)
    row = (
        select(
            bindparam("claim", type_=Claim.id.type),
            _OF_QUEUE,
            bindparam("by", type_=String),
            bindparam("lease_end", type_=Claim.lease_until.type),
            func.array_agg(ids),
            gate.NOW,
        )
        .where(final.c.final == Verdict.GO)
        .having(func.count() > 0)
    )
    names = ["id", "queue", "worker", "lease_until", "ids", "made_at"]
    return insert(_CLAIM).from_select(names, row).cte("taken")
