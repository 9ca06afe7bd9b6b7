"""The pulse: beat, broker and worker together leave a row, so that /ready can tell when one of them is gone."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.models.house import Heartbeat

CLOCK = "clock"
STALE_AFTER_TICKS = 6
STALE_AT_LEAST = timedelta(seconds=60)


def strike(session: Session, now: datetime) -> None:
    """Notes that the clock runs."""
    session.execute(
        insert(Heartbeat).values(name=CLOCK, at=now).on_conflict_do_update(index_elements=["name"], set_={"at": now})
    )


def last_strike(session: Session) -> datetime | None:
    return session.scalar(select(Heartbeat.at).where(Heartbeat.name == CLOCK))


def runs(session: Session, now: datetime) -> bool:
    """Whether the clock struck lately: within six ticks, and a minute at least."""
    last = last_strike(session)
    return last is not None and now - last < max(
        STALE_AT_LEAST, timedelta(seconds=STALE_AFTER_TICKS * settings().tick_seconds)
    )
