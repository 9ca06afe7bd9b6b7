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
# Texts instead of arrays: the driver would take ten times as long over their members.
_LESS = text(
    """
UPDATE claim SET ids = ARRAY(SELECT unnest(claim.ids) EXCEPT SELECT unnest(CAST(:done AS bigint[])))
FROM (SELECT id, ids FROM claim WHERE id = :claim FOR UPDATE) AS held WHERE claim.id = held.id
RETURNING cardinality(claim.ids) AS left,
    CASE WHEN cardinality(held.ids) - cardinality(claim.ids) <> :count THEN CAST(held.ids AS text) END AS held
"""
)


def give_up(session: Session, claim_id: int, ids: Collection[int]) -> frozenset[int]:
    """Takes `ids` out of a claim, which goes with the last of them. Returns those that were in it.

    The others were taken from us meanwhile, and are somebody else's to decide; all of them when the claim is gone.
    """
    done = frozenset(ids)
    told = {"claim": claim_id, "done": f"{{{','.join(map(str, done))}}}", "count": len(done)}
    found = session.execute(_LESS, told).one_or_none()
    if found is None:
        return frozenset()
    if found.left == 0:
        session.execute(delete(_CLAIM).where(_CLAIM.c.id == claim_id))
    return done if found.held is None else done & {int(number) for number in found.held[1:-1].split(",") if number}


def renew(session: Session, claim_ids: Collection[int], now: datetime) -> list[int]:
    """Lets these claims last a whole lease from `now` on. Returns those that are still ours."""
    renewed = update(Claim).where(among(Claim.id, claim_ids)).values(lease_until=now + LEASE).returning(Claim.id)
    return list(session.scalars(renewed.execution_options(synchronize_session=False)))
