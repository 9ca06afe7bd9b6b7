"""Visits that come at the same moment, noted by a few statements for all of them.

Most are alone: nobody followed another link of their mail just before. Which are not is found under the locks of their
mails, and `clicks.visit` judges those one by one.
"""

from collections import Counter
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
# What accompanies a visit is found by its mail alone, as in machine.company; for an EXISTS in place of the limit
# PostgreSQL would gather everybody's clicks.
_PLACES = text("""
SELECT asked.place, link.kind, message.id AS message_id, message.state, message.sent_at, person.id AS subscriber_id,
    person.state AS standing, EXISTS (SELECT FROM newsletter
        WHERE newsletter.state IN ('sending', 'paused') AND ended_at IS NULL AND part = 'resend') AS resends,
    (SELECT true FROM event WHERE event.message_id = message.id
        AND event.kind || '' = 'click' AND event.at + interval '0' >= :since LIMIT 1) AS accompanied
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
    """Notes those that are alone and plain, and returns the others for `clicks.visit`. Lost in a crash at worst."""
    marks = sorted({visit.message_id % 2**31 for visit in visits if visit.message_id})
    session.execute(_LOCK, {"mails": marks or [0]})
    asked = {
        "links": [visit.link_id for visit in visits],
        "messages": [visit.message_id for visit in visits],
        "since": min(visit.at for visit in visits) - machine.ROUND_CANARY,
    }
    places = {row.place - 1: row for row in session.execute(_PLACES, asked)}
    often = _often(visits)
    plain = {at: row for at, row in places.items() if visits[at].message_id not in often and _is_plain(row)}
    if plain:
        session.execute(_NOTE, _columns([_row(visits[at], row) for at, row in plain.items()]))
    return [visits[at] for at in sorted(places) if at not in plain]


def _often(visits: list[Visit]) -> set[int]:
    """The mails of which several links, or one twice, are among the visits."""
    times = Counter(visit.message_id for visit in visits if visit.message_id)
    return {message_id for message_id, count in times.items() if count > 1}


def _is_plain(row: Any) -> bool:
    """Whether nothing but its own row follows from the visit."""
    if row.message_id is None:
        return True
    is_open = row.state in doubts.OPEN or row.standing == SubscriberState.ERASED
    return not (is_open or row.accompanied or row.resends or row.kind == LinkKind.CANARY)


def _row(visit: Visit, row: Any) -> tuple[Any, ...]:
    delivery = machine.Delivery(row.state, row.sent_at) if row.message_id else None
    why = machine.reason(head=visit.head, agent=visit.agent, delivery=delivery, now=visit.at)
    key = clicks.key(row.message_id, visit.link_id, why, visit.at)
    return key, visit.at, row.subscriber_id, row.message_id, visit.link_id, why


def _columns(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    names = ("keys", "ats", "people", "messages", "links", "reasons")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
