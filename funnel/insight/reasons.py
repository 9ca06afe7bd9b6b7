"""Reasons: why people who got one mail never get the next (drops). Where people are many, a worker counts them.

That looks at everybody, which takes seconds of a million: so what was counted is kept for a day, shown with its time,
and counted anew when somebody looks at it after some minutes.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel import shelf
from funnel.insight import drops
from funnel.insight.drops import Drop
from funnel.models.tallies import StateTally

MANY = 50_000  # people, up to whom they are counted while somebody waits
GOOD_FOR = timedelta(minutes=10)
KEPT_S, ASKED_S = 86_400, 60


@dataclass(frozen=True)
class Told:
    """What is known. `drop` None: it is not counted yet. `at` None: it is of now. `wanted`: a worker is to count it."""

    drop: Drop | None
    at: datetime | None = None
    wanted: bool = False


def told(session: Session, before: int, step_id: int, now: datetime) -> Told:
    """Of those who were sent `before`, what became of the mail `step_id`. Read it after `tallies.freshen`."""
    if session.scalars(select(func.coalesce(func.sum(StateTally.people), 0))).one() <= MANY:
        return Told(drops.of_step(session, before, step_id))
    name, asked = _names(before, step_id)
    try:
        found = shelf.found([name, asked])
        kept = found.get(name)
        at = datetime.fromisoformat(kept["at"]) if kept else None
        wanted = asked not in found and (at is None or now - at > GOOD_FOR)
        if wanted:
            shelf.keep({asked: True}, ASKED_S)
    except shelf.AwayError:
        return Told(None)
    return Told(Drop(**kept["drop"]) if kept else None, at, wanted)


def keep(session: Session, before: int, step_id: int, now: datetime) -> None:
    """Counts it for the next who look. Raises shelf.AwayError."""
    name, _ = _names(before, step_id)
    shelf.keep({name: {"drop": asdict(drops.of_step(session, before, step_id)), "at": now.isoformat()}}, KEPT_S)


def _names(before: int, step_id: int) -> tuple[str, str]:
    name = f"drop:{before}:{step_id}"
    return name, f"{name}:asked"
