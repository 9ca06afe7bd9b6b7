"""Visits that come at the same moment, noted by a few statements for all of them.

From most follows nothing but their own row, since few other links of their mail were followed just before. Which others
there are is found under the locks of their mails, and `clicks.visit` judges those one by one.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from funnel.models.mail import LinkKind
from funnel.models.people import SubscriberState
from funnel.response import clicks, doubts, machine

# The visits of a mail wait for each other, as in machine.lock; in one order, so that no two crowds do. A crash of
# PostgreSQL may lose the visits of its last moment: a click waits for no disk.
_LOCK = text("""
SELECT set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(hashtext('clicks'), mail)
FROM unnest(CAST(:mails AS int[])) AS mail
""")
# The clicks beside a visit are found by its mail alone, as in machine.company. One of the hidden link counts as many.
_PLACES = text("""
SELECT asked.place, link.kind, message.id AS message_id, message.state, message.sent_at, person.id AS subscriber_id,
    person.state AS standing, EXISTS (SELECT FROM newsletter
        WHERE newsletter.state IN ('sending', 'paused') AND ended_at IS NULL AND part = 'resend') AS resends,
    (SELECT sum(CASE other.kind WHEN 'canary' THEN 9 ELSE 1 END) FROM event JOIN link other ON other.id = event.link_id
        WHERE event.message_id = message.id AND event.kind || '' = 'click' AND event.at + interval '0' >= :since
        AND other.id <> link.id) AS beside
FROM unnest(CAST(:links AS bigint[]), CAST(:messages AS bigint[])) WITH ORDINALITY AS asked (link_id, message_id, place)
JOIN link ON link.id = asked.link_id
LEFT JOIN message ON message.id = asked.message_id
LEFT JOIN subscriber person ON person.id = message.subscriber_id AND message.kind <> 'test'
""")
_NOTE = text("""
INSERT INTO event (kind, key, at, subscriber_id, message_id, link_id, machine, reason, detail)
SELECT 'click', key, at, subscriber_id, message_id, link_id, reason <> '', reason, '{}'
FROM unnest(CAST(:keys AS text[]), CAST(:ats AS timestamptz[]), CAST(:people AS bigint[]), CAST(:messages AS bigint[]),
    CAST(:links AS bigint[]), CAST(:reasons AS text[]))
    AS visit (key, at, subscriber_id, message_id, link_id, reason)
ON CONFLICT (key) DO NOTHING
""")


@dataclass(frozen=True)
class Visit:
    token: str
    link_id: int
    message_id: int  # 0: of a page
    head: bool
    agent: str
    at: datetime


def note(session: Session, visits: list[Visit]) -> list[Visit]:
    """Notes those from which nothing follows, and returns the others for `clicks.visit`. Lost in a crash at worst."""
    marks = sorted({visit.message_id % 2**31 for visit in visits if visit.message_id})
    session.execute(_LOCK, {"mails": _array(marks or [0])})
    asked = {
        "links": _array(visit.link_id for visit in visits),
        "messages": _array(visit.message_id for visit in visits),
        "since": min(visit.at for visit in visits) - machine.ROUND_CANARY,
    }
    found = session.execute(_PLACES, asked).all()
    # In the order they came: the first of two that are one row is the one that is kept.
    places = {row.place - 1: row for row in sorted(found, key=lambda row: row.place)}
    rounds = _rounds(visits, places)
    plain = {at: row for at, row in places.items() if visits[at].message_id not in rounds and _is_plain(row)}
    if plain:
        session.execute(_NOTE, _columns([_row(visits[at], row) for at, row in plain.items()]))
    return [visits[at] for at in sorted(places) if at not in plain]


def _rounds(visits: list[Visit], places: dict[int, Any]) -> set[int]:
    """The mails of which so much is followed at once, or the hidden link, that it may be a machine's round."""
    links = Counter(mail for mail, _ in {(visits[at].message_id, visits[at].link_id) for at in places})
    found = set()
    for at, row in places.items():
        mail = visits[at].message_id
        if row.kind == LinkKind.CANARY or links[mail] + (row.beside or 0) >= machine.LINKS_AT_ONCE:
            found.add(mail)
    return found - {0}


def _is_plain(row: Any) -> bool:
    """Whether nothing but its own row follows from the visit."""
    if row.message_id is None:
        return True
    is_open = row.state in doubts.OPEN or row.standing == SubscriberState.ERASED
    return not (is_open or row.resends)


def _row(visit: Visit, row: Any) -> tuple[Any, ...]:
    delivery = machine.Delivery(row.state, row.sent_at) if row.message_id else None
    why = machine.reason(head=visit.head, agent=visit.agent, delivery=delivery, now=visit.at)
    key = clicks.key(row.message_id, visit.link_id, why, visit.at)
    return key, visit.at, row.subscriber_id, row.message_id, visit.link_id, why


def _columns(rows: list[tuple[Any, ...]]) -> dict[str, str]:
    names = ("keys", "ats", "people", "messages", "links", "reasons")
    return dict(zip(names, map(_array, zip(*rows, strict=True)), strict=True))


def _array(values: Iterable[Any]) -> str:
    """As PostgreSQL writes one. Nothing in ours needs more than the quotes, and psycopg takes longer over hundreds."""
    return "{" + ",".join(["NULL" if value is None else f'"{value}"' for value in values]) + "}"
