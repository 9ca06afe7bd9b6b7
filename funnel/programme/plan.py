"""The one place that mints a Message, whoever asks; and the count that every one of them must end up in."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.models.mail import LAST_STATES, MARKETING, WAITING, Message, MessageKind, MessageState, Queue

MESSAGE_ID_BYTES = 16


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
    """One row for `plan_all`, with its Message-ID (RFC 5322 §3.6.4). Raises ValueError as `plan` does."""
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
        "message_id": f"<{secrets.token_hex(MESSAGE_ID_BYTES)}@{_domain()}>",
        "due_at": due_at,
        "expires_at": expires_at,
        "created_at": now,
        **whose,
    }


def plan_all(session: Session, drafts: list[dict[str, Any]]) -> list[int]:
    """Plans many mails of one shape in one statement. Returns the ids of those that were not planned before."""
    if not drafts:
        return []
    statement = insert(Message).on_conflict_do_nothing(index_elements=["kind", "key"]).returning(Message.id)
    return list(session.scalars(statement, drafts))


def skip_waiting(
    session: Session,
    subscriber_id: int,
    reason: str,
    now: datetime,
    *,
    kinds: Iterable[MessageKind] = MARKETING,
) -> int:
    """Skips this person's tips and newsletters that still wait, saying why. Returns how many.

    One that is claimed is on its way: who claimed it has the last word.
    """
    skipped = session.execute(
        update(Message)
        .where(Message.subscriber_id == subscriber_id, Message.kind.in_(kinds), Message.state.in_(WAITING))
        .values(state=MessageState.SKIPPED, reason=reason, ended_at=now)
        .returning(Message.id)
    )
    return len(skipped.all())


@dataclass(frozen=True)
class Balance:
    """How many mails were planned, and where each of them is."""

    planned: int
    states: dict[MessageState, int]
    unexplained: int  # ended without a time or, unless sent, without a reason

    @property
    def waiting(self) -> int:
        """How many may still leave, or are leaving now."""
        return sum(count for state, count in self.states.items() if state not in LAST_STATES)

    @property
    def holds(self) -> bool:
        """planned = sent + skipped + failed + unknown + expired + waiting, each of them explained."""
        return self.planned == sum(self.states.values()) and not self.unexplained

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
    planned, unexplained, *found = session.execute(
        select(func.count(Message.id), func.count().filter(or_(silent, untimely)), *counts)
    ).one()
    return Balance(planned, dict(zip(MessageState, found, strict=True)), unexplained)


def _domain() -> str:
    return settings().mail_from.rpartition("@")[2].encode("idna").decode()
