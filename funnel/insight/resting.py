"""What is left alone for now, why, and until when, in plain words: for `/ready`, the owner's pages and the commands."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.mail import pace, rests
from funnel.models.mail import Queue
from funnel.models.sending import Rest

STREAMS = {
    rests.STREAM + Queue.BULK: "Tips and newsletters are paused",
    rests.STREAM + Queue.URGENT: "Confirmations and notices are paused",
}
GUARDED = "Nothing is sent"


@dataclass(frozen=True)
class Resting:
    """`name`: by which it can be ended; empty when it ends by itself only. `until` None: when it is told to go on."""

    name: str
    what: str
    why: str
    since: datetime | None
    until: datetime | None

    @property
    def said(self) -> str:
        """All of it in one line."""
        since = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        until = f"until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else "until told to go on"
        return f"{self.what}{since} {until}: {self.why}"

    @property
    def guarded(self) -> bool:
        """The database was set back: whoever restored it says when to go on."""
        return self.name == rests.GUARD

    @property
    def is_domain(self) -> bool:
        return self.name.startswith(rests.DOMAIN)


def resting(session: Session, now: datetime) -> list[Resting]:
    """Everything that rests: what stops most comes first."""
    rows = rests.resting(session, now)
    found = [Resting(row.name, _what(row), row.why, row.since, row.until) for row in rows]
    return sorted([*found, *_spent(session, now)], key=_reach)


def _what(row: Rest) -> str:
    if row.name.startswith(rests.RELAY):
        return f"The mail server {row.name.removeprefix(rests.RELAY)} is left alone"
    if row.name.startswith(rests.DOMAIN):
        return f"Mails to {row.name.removeprefix(rests.DOMAIN)} wait"
    return STREAMS.get(row.name, GUARDED)


def _spent(session: Session, now: datetime) -> list[Resting]:
    midnight = (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    found = pace.spent(session, settings().relays, Queue.BULK, now)
    return [
        Resting("", f"The mail server {name} gets no more tips and newsletters today", why, None, midnight)
        for name, why in found.items()
    ]


def _reach(one: Resting) -> int:
    kinds = (rests.GUARD, rests.STREAM, rests.RELAY)
    return next((place for place, kind in enumerate(kinds) if one.name.startswith(kind)), len(kinds) + one.is_domain)
