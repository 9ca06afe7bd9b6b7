"""Who is signed in, a row a browser: so that an owner sees them all, and ends one or every one."""

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience.visit import Visit, truncated
from funnel.models.house import Owner, OwnerSession

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=14)
NOTED_EVERY = timedelta(minutes=10)  # a writing a page would be waste
PROVED = timedelta(minutes=15)  # for which a password typed is enough for what matters most
COOKIE_BYTES = 24

BROWSERS = (  # in this order: most say that they are the next ones too
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)
SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("Mac", r"Macintosh|Mac OS X"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def begin(session: Session, owner: Owner, visit: Visit, now: datetime) -> str:
    """Signs a browser in. Returns what its cookie holds; only the hash of that is kept."""
    session.execute(delete(OwnerSession).where(OwnerSession.owner_id == owner.id, _is_over(now)))
    cookie = secrets.token_urlsafe(COOKIE_BYTES)
    network = truncated(visit.network)
    times = {"created_at": now, "seen_at": now, "proved_at": now}
    session.add(
        OwnerSession(hash=tokens.fingerprint(cookie), owner_id=owner.id, agent=visit.agent, network=network, **times)
    )
    session.flush()
    return cookie


def found(session: Session, cookie: str, now: datetime) -> tuple[OwnerSession, Owner] | None:
    """The session that this cookie is of, and whose it is, unless it has ended. One look-up by an index."""
    query = (
        select(OwnerSession, Owner)
        .join(Owner, Owner.id == OwnerSession.owner_id)
        .where(OwnerSession.hash == tokens.fingerprint(cookie), ~_is_over(now), Owner.removed_at.is_(None))
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    if now - row[0].seen_at >= NOTED_EVERY:
        row[0].seen_at = now
    return row[0], row[1]


def of(session: Session, owner_id: int, now: datetime) -> list[OwnerSession]:
    """This owner's sessions, the one last seen first."""
    mine = select(OwnerSession).where(OwnerSession.owner_id == owner_id, ~_is_over(now))
    return list(session.scalars(mine.order_by(OwnerSession.seen_at.desc(), OwnerSession.id.desc())))


def prove(session: Session, session_id: int, now: datetime) -> None:
    """Notes that the password was just typed again."""
    session.execute(update(OwnerSession).where(OwnerSession.id == session_id).values(proved_at=now))


def end(session: Session, owner_id: int, session_id: int) -> bool:
    """Ends one session of this owner. False when there is none any more."""
    one = delete(OwnerSession).where(OwnerSession.id == session_id, OwnerSession.owner_id == owner_id)
    return session.scalar(one.returning(OwnerSession.id)) is not None


def end_all(session: Session, owner_id: int, but: int | None = None) -> int:
    """Ends every session of this owner, all `but` one if that is given. Returns how many."""
    mine = delete(OwnerSession).where(OwnerSession.owner_id == owner_id, OwnerSession.id.is_distinct_from(but))
    return len(session.scalars(mine.returning(OwnerSession.id)).all())


def device(agent: str) -> str:
    """What the browser calls itself, in words: “Firefox on Android”. It may say what it likes."""
    browser = next((name for name, sign in BROWSERS if re.search(sign, agent)), "A browser")
    system = next((name for name, sign in SYSTEMS if re.search(sign, agent)), "")
    return f"{browser} on {system}" if system else browser


def _is_over(now: datetime) -> ColumnElement[bool]:
    return or_(OwnerSession.seen_at <= now - IDLE, OwnerSession.created_at <= now - LONGEST)
