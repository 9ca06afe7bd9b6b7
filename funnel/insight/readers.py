"""Somebody to show a mail as: a person of ours, found by the beginning of an address or name, quickly at any size."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from funnel.models.people import Subscriber, SubscriberState

MOST = 8
NEWEST = 20_000  # people whose names are read: there is no index on names, and a page waits


@dataclass(frozen=True)
class Reader:
    id: int
    email: str
    first_name: str

    @property
    def named(self) -> str:
        """Name and address, as they are offered and found again."""
        return f"{self.first_name} · {self.email}" if self.first_name else self.email


def matching(session: Session, words: str) -> list[Reader]:
    """People whose address begins with `words`, then those among the newest 20,000 whose name does; at most 8.

    What `Reader.named` said finds that person.
    """
    wanted = words.rpartition("·")[2].replace("\x00", "").strip().lower()
    if not wanted:
        return []
    columns = (Subscriber.id, Subscriber.email, Subscriber.first_name)
    here = (Subscriber.state != SubscriberState.ERASED, Subscriber.email.is_not(None))
    by_address = select(*columns).where(func.lower(Subscriber.email).startswith(wanted, autoescape=True), *here)
    newest = select(*columns).where(*here).order_by(Subscriber.id.desc()).limit(NEWEST).subquery()
    name, address = func.lower(newest.c.first_name), func.lower(newest.c.email)
    by_name = select(newest).where(or_(name.startswith(wanted, autoescape=True), address == wanted))
    found = list(session.execute(by_address.order_by(func.lower(Subscriber.email)).limit(MOST)))
    found += list(session.execute(by_name.limit(MOST))) if len(found) < MOST else []
    return list(dict.fromkeys(Reader(row[0], row[1] or "", row[2]) for row in found))[:MOST]
