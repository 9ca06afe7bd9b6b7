"""The lease of a claim: its row is the fence. While it is there, its mails are its maker's to record, nobody else's."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, delete, text, update
from sqlalchemy.orm import Session

from funnel.models.sending import Claim
from funnel.programme.history import among

LEASE = timedelta(minutes=5)  # by the database's clock

_CLAIM = cast(Table, Claim.__table__)
_LESS = text(
    """
UPDATE claim SET ids = ARRAY(SELECT unnest(ids) EXCEPT SELECT unnest(CAST(:done AS bigint[]))) WHERE id = :claim
RETURNING cardinality(ids)
"""
)


def give_up(session: Session, claim_id: int, ids: Collection[int]) -> bool:
    """Takes `ids` out of a claim, which goes with the last of them. False: it was taken from us, or never made."""
    done = f"{{{','.join(map(str, ids))}}}"  # as a text: the driver would take ten times as long over its members
    left = session.scalars(_LESS, {"claim": claim_id, "done": done}).one_or_none()
    if left == 0:
        session.execute(delete(_CLAIM).where(_CLAIM.c.id == claim_id))
    return left is not None


def renew(session: Session, claim_ids: Collection[int], now: datetime) -> list[int]:
    """Lets these claims last a whole lease from `now` on. Returns those that are still ours."""
    renewed = update(Claim).where(among(Claim.id, claim_ids)).values(lease_until=now + LEASE).returning(Claim.id)
    return list(session.scalars(renewed.execution_options(synchronize_session=False)))
