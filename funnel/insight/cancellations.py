"""What the owner cancelled, as the audit keeps it: which mails, and whether that was taken back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Select, cast, func, select
from sqlalchemy.orm import Session

from funnel.models.house import AuditEntry

# How they stand in the audit.
CANCELLED = "cancelled mails"  # with `which` as it was chosen, and the `ids`
TAKEN_BACK = "took back that mails were cancelled"  # with `decision`, the number of the other
TRIED = "had mails tried now"  # with `which` and the `ids`
LATEST = 5

_COUNT = func.jsonb_array_length(AuditEntry.detail["ids"])


@dataclass(frozen=True)
class Cancellation:
    number: int
    at: datetime
    count: int


def latest(session: Session) -> list[Cancellation]:
    """The newest ones, the last one first."""
    found = _all().order_by(AuditEntry.id.desc()).limit(LATEST)
    return [Cancellation(*row) for row in session.execute(found)]


def made(session: Session, number: int) -> Cancellation | None:
    """The one of this number in the audit, if there is one."""
    row = session.execute(_all().where(AuditEntry.id == number)).one_or_none()
    return Cancellation(*row) if row else None


def mails(session: Session, number: int) -> list[int]:
    """The ids of its mails that it still has a say about: none once it was taken back."""
    decision = cast(AuditEntry.detail["decision"].astext, BigInteger)
    spent = select(AuditEntry.id).where(AuditEntry.action == TAKEN_BACK, decision == number)
    entry = session.get(AuditEntry, number)
    return [] if entry is None or session.scalars(spent.limit(1)).first() else list(entry.detail["ids"])


def _all() -> Select[int, datetime, int]:
    return select(AuditEntry.id, AuditEntry.at, _COUNT).where(AuditEntry.action == CANCELLED)
