"""The one place that mints a Message, whoever asks; and the count that every one of them must end up in."""

import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, CTE, ColumnElement, Select, String, cast, column, func, literal, or_, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from funnel.config import settings
from funnel.models.mail import LAST_STATES, MARKETING, Message, MessageKind, MessageState, Queue
from funnel.models.sending import Claim, QueueEntry
from funnel.programme import waiting
from funnel.programme.history import among

MESSAGE_ID_BYTES = 16
_MESSAGE_ID = re.compile(r"<(\d{1,18})\.[^<>@]+@[^<>@]+>")

_NEXT_ID = func.nextval("message_id_seq")  # known before the row is made, for the Message-ID to name it


def plan(
    session: Session,
    kind: MessageKind,
    key: str,
    *,
    template: str,
    queue: Queue,
    due_at: datetime,
    expires_at: datetime,
    now: datetime,
    subscriber_id: int | None = None,
    to_address: str | None = None,
    sign_up_id: int | None = None,
    step_id: int | None = None,
    enrolment_id: int | None = None,
    booking_id: int | None = None,
) -> int | None:
    """Plans one mail and returns its id, or None when (kind, key) was planned before: then nothing changes.

    Raises ValueError for a time without a zone, for a mail that expires before it is due, and for one to nobody.
    """
    row = draft(
        kind,
        key,
        template=template,
        queue=queue,
        due_at=due_at,
        expires_at=expires_at,
        now=now,
        subscriber_id=subscriber_id,
        to_address=to_address,
        sign_up_id=sign_up_id,
        step_id=step_id,
        enrolment_id=enrolment_id,
        booking_id=booking_id,
    )
    planned = plan_all(session, [row])
    return planned[0] if planned else None


def draft(
    kind: MessageKind,
    key: str,
    *,
    template: str,
    queue: Queue,
    due_at: datetime,
    expires_at: datetime,
    now: datetime,
    **whose: int | str | None,
) -> dict[str, Any]:
    """One row for `plan_all`. Raises ValueError as `plan` does."""
    for name, time in (("due_at", due_at), ("expires_at", expires_at), ("now", now)):
        if time.utcoffset() is None:
            raise ValueError(f"{name} has no time zone")
    if expires_at <= due_at:
        raise ValueError("the mail would expire before it is due")
    if not any(whose.get(name) for name in ("subscriber_id", "to_address", "sign_up_id")):
        raise ValueError("the mail has nobody to go to")
    return {
        "kind": kind,
        "key": key,
        "template": template,
        "queue": queue,
        "due_at": due_at,
        "expires_at": expires_at,
        "created_at": now,
        **whose,
    }


def plan_all(session: Session, drafts: list[dict[str, Any]]) -> list[int]:
    """Plans many mails of one shape, in one statement. Returns the ids of those that were not planned before."""
    if not drafts:
        return []
    first = drafts[0]
    # Most columns say the same of all, and are told once.
    own = ["key", *(name for name in first if name != "key" and any(draft[name] != first[name] for draft in drafts))]
    rows = (
        func.unnest(*(literal([draft[name] for draft in drafts], ARRAY(_type(name))) for name in own))
        .table_valued(*(column(name, _type(name)) for name in own), name="draft")
        .render_derived()
    )
    numbered = select(_NEXT_ID.label("id"), rows).cte("numbered")
    values = {name: numbered.c[name] if name in own else literal(first[name], _type(name)) for name in first}
    made = _made(numbered, values, insert(Message).on_conflict_do_nothing(index_elements=["kind", "key"]))
    return list(session.scalars(select(made.c.id).order_by(made.c.id).add_cte(_entries(made))))


def plan_people(
    session: Session,
    people: Select[Any],
    *,
    kind: MessageKind,
    key: str,
    template: str,
    newsletter_id: int,
    due_at: datetime,
    expires_at: datetime,
    now: datetime,
) -> int:
    """Plans one bulk mail to each of `people` (a select of subscriber ids), in one statement; returns how many.

    A column `due_at` of the select says when each of them is due; what expires then lasts as long as from `due_at`.
    The key of each is `key` and the subscriber's id. Raises IntegrityError, planning none, when one was planned before.
    """
    whom = people.subquery().c
    own = [whom.due_at] if "due_at" in whom else []
    numbered = select(_NEXT_ID.label("id"), whom[0].label("person"), *own).cte("numbered")
    values = {
        "kind": literal(kind, Message.kind.type),
        "key": literal(f"{key}:") + cast(numbered.c.person, String),
        "template": literal(template),
        "queue": literal(Queue.BULK, Message.queue.type),
        "subscriber_id": numbered.c.person,
        "newsletter_id": literal(newsletter_id),
        "due_at": numbered.c.due_at if own else literal(due_at),
        "expires_at": numbered.c.due_at + literal(expires_at - due_at) if own else literal(expires_at),
        "created_at": literal(now),
    }
    made = _made(numbered, values, insert(Message))  # asking for conflicts first costs a fifth more
    return session.scalars(select(func.count()).select_from(made).add_cte(_entries(made))).one()


def _made(numbered: CTE, values: Mapping[str, ColumnElement[Any]], into: Insert) -> CTE:
    """The messages with these `values`, one a row of `numbered`, whose `id` is known before it is made."""
    values = {
        **values,
        "id": numbered.c.id,
        "message_id": func.concat("<", numbered.c.id, ".", _unguessable(numbered.c.id), f"@{message_domain()}>"),
        "state": literal(MessageState.QUEUED, Message.state.type),
        **dict.fromkeys(("reason", "reply", "relay"), literal("")),
        "attempts": literal(0),
    }
    rows = into.from_select(list(values), select(*values.values()))
    return rows.returning(Message.id, *(getattr(Message, name) for name in waiting.COPIED)).cte("made")


def _entries(made: CTE) -> CTE:
    """Their entries in the queue."""
    return insert(QueueEntry).from_select(["message_id", *waiting.COPIED], select(made)).cte("entries")


def _type(name: str) -> TypeEngine[Any]:
    found: TypeEngine[Any] = getattr(Message, name).type
    return found


def _unguessable(number: ColumnElement[int]) -> ColumnElement[str]:
    """128 bits that nobody can tell from random, as 32 letters: cheaper than asking for random ones a row."""
    secret = func.sha256(literal(secrets.token_bytes(MESSAGE_ID_BYTES)).op("||")(func.int8send(number)))
    return func.left(func.encode(secret, "hex"), 2 * MESSAGE_ID_BYTES)


def message_domain() -> str:
    """The right side of our Message-IDs (RFC 5322 §3.6.4): the domain we send from, in ASCII."""
    return settings().mail_from.rpartition("@")[2].encode("idna").decode()


def id_in(message_id: str) -> int | None:
    """The id of the message that a Message-ID says to be of: compare the whole of it, since anybody can write one."""
    found = _MESSAGE_ID.fullmatch(message_id)
    return int(found[1]) if found else None


def skip_waiting(
    session: Session,
    subscriber_id: int,
    reason: str,
    now: datetime,
    *,
    kinds: Iterable[MessageKind] = MARKETING,
    but: Collection[int] = (),
) -> int:
    """Skips this person's tips and newsletters that wait, `but` of these enrolments, saying why. Returns how many.

    One that is being sent is on its way: its worker has the last word.
    """
    theirs = Message.subscriber_id == subscriber_id, Message.kind.in_(kinds)
    spared = among(func.coalesce(Message.enrolment_id, 0), but)
    return waiting.skip(session, reason, now, *theirs, ~spared)


@dataclass(frozen=True)
class Balance:
    """How many mails were planned, and where each of them is."""

    planned: int
    states: dict[MessageState, int]
    unexplained: int  # ended without a time or, unless sent, without a reason
    queued: int  # entries in the queue
    claimed: int  # in the hands of workers

    @property
    def waiting(self) -> int:
        """How many may still leave, or are leaving now."""
        return sum(count for state, count in self.states.items() if state not in LAST_STATES)

    @property
    def holds(self) -> bool:
        """planned = sent + skipped + failed + unknown + expired + waiting, each explained, and somebody's to decide."""
        accounted = self.planned == sum(self.states.values()) and not self.unexplained
        return accounted and self.waiting == self.queued + self.claimed

    @property
    def settled(self) -> bool:
        """The balance holds and nothing waits."""
        return self.holds and not self.waiting


def balance(session: Session) -> Balance:
    """The account of all mails ever planned (law 2). It reads every row: for a check, not for a page."""
    ended = Message.state.in_(LAST_STATES)
    silent = ended & (Message.state != MessageState.SENT) & (Message.reason == "")
    untimely = ended.is_distinct_from(Message.ended_at.is_not(None))
    counts = [func.count().filter(Message.state == state) for state in MessageState]
    queued = select(func.count()).select_from(QueueEntry).scalar_subquery()
    claimed = select(func.coalesce(func.sum(func.cardinality(Claim.ids)), 0)).scalar_subquery()
    planned, unexplained, queued_now, claimed_now, *found = session.execute(
        select(func.count(Message.id), func.count().filter(or_(silent, untimely)), queued, claimed, *counts)
    ).one()
    states = dict(zip(MessageState, found, strict=True))
    return Balance(planned, states, unexplained, queued_now, int(claimed_now))
