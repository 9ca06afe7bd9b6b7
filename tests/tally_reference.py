"""What the roll-ups must say, counted from the rows themselves: slow, and without any of the code that keeps them."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from funnel.config import settings

_JOURNEYS = """
SELECT s.id, CAST(timezone(:zone, s.created_at) AS date), s.source, s.form_id, s.state, s.created_at, s.confirmed_at,
    (SELECT coalesce(array_agg(DISTINCT m.step_id ORDER BY m.step_id), '{}') FROM message m
        WHERE m.subscriber_id = s.id AND m.state = 'sent' AND m.step_id IS NOT NULL),
    (SELECT min(e.at) FROM event e JOIN link l ON l.id = e.link_id
        WHERE e.subscriber_id = s.id AND e.kind = 'click' AND NOT e.machine),
    (SELECT min(e.at) FROM event e JOIN link l ON l.id = e.link_id
        WHERE e.subscriber_id = s.id AND e.kind = 'click' AND NOT e.machine AND l.kind = 'booking'),
    (SELECT min(b.created_at) FROM booking b WHERE b.subscriber_id = s.id AND b.state <> 'cancelled')
FROM subscriber s WHERE NOT s.taken_back ORDER BY s.id
"""
_MAILS = """
SELECT CAST(timezone(:zone, created_at) AS date), kind, template, coalesce(step_id, 0), coalesce(newsletter_id, 0),
    state, CAST(timezone(:zone, coalesce(sent_at, created_at)) AS date), count(*)
FROM message GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
"""
_MAIL_TALLY = """
SELECT day, kind, template, step_id, newsletter_id, state, sent_on, sum(mails)
FROM mail_tally GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
"""
_TALLY = """
SELECT day, source, form_id, confirmed, steps, clicked, booking_clicked, booked, people
FROM tally JOIN way ON way.id = tally.way_id
"""

_OUTCOMES = """
SELECT l.step_id, 'clicked', e.subscriber_id FROM event e JOIN link l ON l.id = e.link_id
    WHERE e.kind = 'click' AND NOT e.machine AND l.kind <> 'canary'
UNION SELECT m.step_id, 'left', e.subscriber_id FROM event e JOIN message m ON m.id = e.message_id
    WHERE e.kind = 'unsubscribe' AND m.kind = 'step'
UNION SELECT m.step_id, 'bounced', e.subscriber_id FROM event e JOIN message m ON m.id = e.message_id
    WHERE e.kind = 'bounce' AND m.kind = 'step' AND e.detail -> 'delayed' IS NULL
UNION SELECT m.step_id, 'complained', e.subscriber_id FROM event e JOIN message m ON m.id = e.message_id
    WHERE e.kind = 'complaint' AND m.kind = 'step'
UNION SELECT m.step_id, 'booked', b.subscriber_id FROM booking b JOIN message m ON m.id = b.message_id
    WHERE b.state <> 'cancelled' AND m.kind = 'step'
"""

# Of newsletters: the same, of the wording and once more of its issue.
_OF_WORDINGS = (
    _OUTCOMES.replace("l.step_id", "l.newsletter_id")
    .replace("m.step_id", "m.newsletter_id")
    .replace("step", "newsletter")
)
_ISSUE_OUTCOMES = f"""
WITH came (wording, which, person) AS ({_OF_WORDINGS})
SELECT wording, which, person FROM came
UNION SELECT n.parent_id, which, person FROM came JOIN newsletter n ON n.id = wording WHERE n.part IN ('a', 'b', 'rest')
"""

_REACHED = """
SELECT count(*), count(confirmed_at),
    count(*) FILTER (WHERE EXISTS (SELECT FROM event e JOIN link l ON l.id = e.link_id
        WHERE e.subscriber_id = s.id AND e.kind = 'click' AND NOT e.machine)),
    count(*) FILTER (WHERE EXISTS (SELECT FROM event e JOIN link l ON l.id = e.link_id
        WHERE e.subscriber_id = s.id AND e.kind = 'click' AND NOT e.machine AND l.kind = 'booking')),
    count(*) FILTER (WHERE EXISTS (SELECT FROM booking b WHERE b.subscriber_id = s.id AND b.state <> 'cancelled'))
FROM subscriber s
WHERE NOT s.taken_back
    AND (CAST(:first AS date) IS NULL OR CAST(timezone(:zone, created_at) AS date) >= CAST(:first AS date))
"""
_STAGES = ("Sign-ups", "Confirmed", "Clicked", "Booking clicks", "Booked")


def reached(session: Session, since: datetime | None) -> dict[str, int]:
    """How many of those who signed up from the day of `since` on have come to each stage of the funnel."""
    zone = settings().zone
    first = since.astimezone(zone).date() if since else None
    row = session.execute(text(_REACHED), {"first": first, "zone": zone.key}).one()
    return dict(zip(_STAGES, row, strict=True))


def outcomes(session: Session) -> Counter[tuple[int, str]]:
    """How many people there are of each outcome of each step."""
    return Counter((step, which) for step, which, _ in _came(session, _OUTCOMES))


def issue_outcomes(session: Session) -> dict[tuple[int, str], set[int]]:
    """Who the people of each outcome of each newsletter are."""
    found: dict[tuple[int, str], set[int]] = defaultdict(set)
    for number, which, person in _came(session, _ISSUE_OUTCOMES):
        found[number, which].add(person)
    return found


def assert_tallies(session: Session) -> None:
    """Every roll-up says what counting the rows says."""
    people = _rows(session, _JOURNEYS)
    assert _rows(session, "SELECT * FROM journey ORDER BY subscriber_id") == people
    ways = Counter(
        (p[1], p[2], p[3] or 0, p[6] is not None, tuple(p[7]), *(at is not None for at in p[8:])) for p in people
    )
    assert {(*row[:4], tuple(row[4]), *row[5:8]): row[8] for row in _rows(session, _TALLY)} == ways
    arrived = Counter((p[1], p[2], p[3] or 0) for p in people)
    assert {tuple(row[:3]): row[3] for row in _rows(session, "TABLE arrival")} == arrived
    assert dict(_rows(session, "SELECT state, people FROM state_tally")) == Counter(p[4] for p in people)
    assert _rows(session, _MAIL_TALLY) == _rows(session, _MAILS)
    for table, statement in (("outcome", _OUTCOMES), ("issue_outcome", _ISSUE_OUTCOMES)):
        came = _came(session, statement)
        assert sorted(_rows(session, f"TABLE {table}")) == sorted(came)
        tally = {(number, which): people for number, which, people in _rows(session, f"TABLE {table}_tally")}
        assert tally == Counter(row[:2] for row in came)


def _came(session: Session, statement: str) -> list[tuple[Any, ...]]:
    return [row for row in _rows(session, statement) if row[0] is not None and row[2] is not None]


def _rows(session: Session, statement: str) -> list[tuple[Any, ...]]:
    session.flush()
    told = {"zone": settings().zone.key} if ":zone" in statement else {}
    return [tuple(row) for row in session.execute(text(statement), told)]
