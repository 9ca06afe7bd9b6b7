"""What the owner decided about unknown mails, as the audit keeps it, and what became of those since."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from funnel.insight import whereabouts
from funnel.insight.whereabouts import IN_QUEUE, Where
from funnel.mail import unknown
from funnel.models.house import AuditEntry
from funnel.models.mail import Message
from funnel.models.sending import QueueEntry
from funnel.programme.history import among

# How they stand in the audit. Its detail says about which mails: `which` as it was chosen, `known` by their reasons.
RESENT = "had unknown mails sent again"
ACCEPTED = "took unknown mails as arrived"
TAKEN_BACK = "took back a decision about unknown mails"
LATEST = 5

_MADE: Select[AuditEntry] = select(AuditEntry).where(AuditEntry.action.in_((RESENT, ACCEPTED)))


@dataclass(frozen=True)
class Decision:
    """One of them, as it was made."""

    entry: AuditEntry

    @property
    def sends(self) -> bool:
        return self.entry.action == RESENT

    @property
    def known(self) -> unknown.Known:
        """About which mails it was, for `unknown.take_back`."""
        return dict(self.entry.detail["known"])

    @property
    def count(self) -> int:
        return sum(map(len, self.known.values()))


@dataclass(frozen=True)
class Standing:
    """Where the mails of a decision are now, and of how many it can be taken back."""

    now: dict[Where, int]
    revocable: int


def latest(session: Session) -> list[Decision]:
    """The newest decisions, the last one first."""
    return [Decision(entry) for entry in session.scalars(_MADE.order_by(AuditEntry.id.desc()).limit(LATEST))]


def made(session: Session, number: int) -> Decision | None:
    """The decision of this number in the audit, if there is one."""
    entry = session.scalars(_MADE.where(AuditEntry.id == number)).one_or_none()
    return Decision(entry) if entry else None


def standing(session: Session, decision: Decision) -> Standing:
    ids = [number for numbers in decision.known.values() for number in numbers]
    where = whereabouts.FOUND.label("where")
    query: Select[*tuple[Any, ...]] = (
        select(where, func.count(), func.count().filter(unknown.is_taken()))
        .outerjoin(QueueEntry, whereabouts.ENTERED)
        .where(among(Message.id, ids))
        .group_by(where)
    )
    found = sorted(session.execute(query), key=lambda row: list(Where).index(row[0]))
    revocable = sum(count if state in IN_QUEUE else taken for state, count, taken in found)
    return Standing({state: count for state, count, _ in found}, revocable)
