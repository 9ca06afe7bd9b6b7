"""Addresses not to be mailed again, known only by their keyed hash, so that the list outlives what is deleted."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ARRAY, LargeBinary, any_, delete, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.audience import withdrawals
from funnel.audience.withdrawals import Kind
from funnel.models.people import Suppression, SuppressionReason

# A weightier reason replaces a lighter one and is never replaced by it: an address that complained stays so
# when its owner has the data deleted, or else a fresh sign-up would lift it.
WEIGHT = (
    SuppressionReason.ERASURE,
    SuppressionReason.BOUNCE,
    SuppressionReason.OWNER,
    SuppressionReason.COMPLAINT,
)
AS_STRONG_AS_THE_OWNERS = WEIGHT[WEIGHT.index(SuppressionReason.OWNER) :]
# Kept outside the database too. An erasure is noted by whoever erases.
NOTED = {
    SuppressionReason.BOUNCE: Kind.BOUNCED,
    SuppressionReason.OWNER: Kind.SUPPRESSED,
    SuppressionReason.COMPLAINT: Kind.COMPLAINED,
}


def suppress(session: Session, address_hash: bytes, reason: SuppressionReason, now: datetime) -> None:
    """Keeps the address from being mailed. Told twice it changes nothing; a weightier reason replaces a lighter one."""
    lighter = WEIGHT[: WEIGHT.index(reason)]
    changed = session.scalar(
        insert(Suppression)
        .values(address_hash=address_hash, reason=reason, created_at=now)
        .on_conflict_do_update(
            index_elements=["address_hash"],
            set_={"reason": reason, "created_at": now},
            where=Suppression.reason.in_(lighter),
        )
        .returning(Suppression.address_hash)
    )
    if changed and reason in NOTED:
        withdrawals.note(session, NOTED[reason], address_hash, now)


def lift(session: Session, address_hash: bytes, now: datetime, only: SuppressionReason | None = None) -> None:
    """Lets the address be mailed again; with `only`, just when that is the reason it may not be."""
    found = delete(Suppression).where(Suppression.address_hash == address_hash)
    lifted = session.scalar((found.where(Suppression.reason == only) if only else found).returning(Suppression.reason))
    if lifted in NOTED:
        withdrawals.note(session, Kind.LIFTED, address_hash, now)


def reason(session: Session, address_hash: bytes) -> SuppressionReason | None:
    """Why the address is not to be mailed; None when it may be."""
    return reasons(session, [address_hash]).get(address_hash)


def reasons(session: Session, address_hashes: Collection[bytes]) -> dict[bytes, SuppressionReason]:
    """Why each of these addresses is not to be mailed; those that may be are left out."""
    theirs = Suppression.address_hash == any_(literal(list(address_hashes), ARRAY(LargeBinary)))
    rows = session.execute(select(Suppression.address_hash, Suppression.reason).where(theirs))
    return {row.address_hash: row.reason for row in rows}
