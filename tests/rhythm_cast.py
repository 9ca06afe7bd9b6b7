"""A regular newsletter, its notes, and the clock that works on it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from funnel.models.house import Owner
from funnel.models.rhythms import Every, Note, Rhythm
from funnel.programme import notes, rhythms
from tests.conftest import NOW
from tests.factories import add

NO_DAYS = {"nth": 1, "weekday": 1, "day": 1, "weeks": 2, "first_on": date(2026, 3, 3)}


def bare(every: Every, **changes: Any) -> Rhythm:
    """One that is kept nowhere."""
    values = {"name": "Monthly tips", "subject": "Tips for {{ month }}", "minute": 540, "lead_days": 3, "reminds": True}
    return Rhythm(every=every, **(values | NO_DAYS | changes))


def a_rhythm(session: Session, now: datetime = NOW, **changes: Any) -> Rhythm:
    """On the first Tuesday of each month at nine, unless said otherwise."""
    values = {"name": "Monthly tips", "subject": "Tips for {{ month }}", "minute": 540, "lead_days": 3}
    return rhythms.keep(session, values | {"every": Every.WEEKDAY} | NO_DAYS | changes, now)


def some_notes(session: Session, *bodies: str) -> list[Note]:
    return [notes.write(session, body, NOW) for body in bodies]


def an_owner(session: Session, email: str = "alessandro@example.org", **changes: Any) -> Owner:
    values = {"email": email, "password_hash": "-", "session_key": "-", "created_at": NOW}
    owner: Owner = add(session, Owner(**(values | changes)))
    return owner
