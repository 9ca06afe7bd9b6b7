"""Outcomes: what came of each mail of a course, person by person, and how many people that are (models/tallies.py).

Of a mail that was sent to them somebody *clicked* a link (a machine did not, and the hidden link is none), *left* by
it, it *bounced* (one that is only late did not), they *complained* of it, or *booked*: have a booking that is not
cancelled, and this mail led to it (response/origin.py). Once each, however often. A mail is a step of a course here,
whoever got which copy of it.
"""

from collections import Counter
from collections.abc import Collection

from sqlalchemy import TextClause, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.insight import journeys
from funnel.models.tallies import Outcome, OutcomeKind, OutcomeTally
from funnel.programme.history import among

_Came = tuple[int, OutcomeKind, int]  # of which step, what, with whom

_OF_EVENTS = """
SELECT link.step_id, 'clicked' AS which, event.subscriber_id
FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
JOIN event ON event.{by} = wanted.id
JOIN link ON link.id = event.link_id
WHERE event.kind = 'click' AND NOT event.machine AND event.subscriber_id IS NOT NULL
    AND link.step_id IS NOT NULL AND link.kind <> 'canary'
UNION
SELECT mail.step_id, CASE event.kind WHEN 'unsubscribe' THEN 'left' WHEN 'bounce' THEN 'bounced' ELSE 'complained' END,
    event.subscriber_id
FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
JOIN event ON event.{by} = wanted.id
JOIN message mail ON mail.id = event.message_id
WHERE event.kind IN ('unsubscribe', 'bounce', 'complaint') AND event.subscriber_id IS NOT NULL
    AND mail.kind = 'step' AND mail.step_id IS NOT NULL
    AND NOT (event.kind = 'bounce' AND jsonb_exists(event.detail, 'delayed'))
"""
_OF_BOOKINGS = """
UNION
SELECT mail.step_id, 'booked', booking.subscriber_id
FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
JOIN booking ON booking.subscriber_id = wanted.id
JOIN message mail ON mail.id = booking.message_id
WHERE booking.state <> 'cancelled' AND mail.kind = 'step' AND mail.step_id IS NOT NULL
"""
_OF_NEW_EVENTS = text(_OF_EVENTS.format(by="id"))
_OF_PEOPLE = text(_OF_EVENTS.format(by="subscriber_id") + _OF_BOOKINGS)
_GONE = text(
    """
DELETE FROM outcome
USING unnest(CAST(:steps AS bigint[]), CAST(:which AS text[]), CAST(:people AS bigint[])) AS gone (step, which, person)
WHERE outcome.step_id = gone.step AND outcome.which = gone.which AND outcome.subscriber_id = gone.person
"""
)
_ADD = text(
    """
INSERT INTO outcome (step_id, which, subscriber_id)
SELECT * FROM unnest(CAST(:steps AS bigint[]), CAST(:which AS text[]), CAST(:people AS bigint[]))
ON CONFLICT DO NOTHING RETURNING step_id, which
"""
)
_COUNT = text("INSERT INTO outcome_tally SELECT step_id, which, count(*) FROM outcome GROUP BY step_id, which")


def count(session: Session, people: Collection[int], events: Collection[int]) -> None:
    """Counts what came of the mails with these people, whatever was counted before, and what these events tell anew."""
    if not people and not events:
        return
    session.execute(journeys.ROW_BY_ROW)
    had = _kept(session, people) if people else set()
    now = _found(session, _OF_PEOPLE, people) if people else set()
    told = _found(session, _OF_NEW_EVENTS, events) if events else set()
    changes = Counter({place: -number for place, number in Counter(came[:2] for came in had - now).items()})
    if had - now:
        session.execute(_GONE, _values(had - now))
    if fresh := now - had | told:
        changes.update((step_id, OutcomeKind(which)) for step_id, which in session.execute(_ADD, _values(fresh)))
    session.execute(journeys.AS_EVER)
    _sum_up(session, changes)


def count_all(session: Session) -> None:
    """Counts all outcomes anew."""
    session.execute(delete(OutcomeTally))
    session.execute(_COUNT)


def counted(session: Session, steps: Collection[int]) -> dict[OutcomeKind, dict[int, int]]:
    """How many people there are of each outcome, by step. Read it after `tallies.freshen`."""
    found: dict[OutcomeKind, dict[int, int]] = {which: {} for which in OutcomeKind}
    columns = select(OutcomeTally.which, OutcomeTally.step_id, OutcomeTally.people)
    for which, step_id, people in session.execute(columns.where(among(OutcomeTally.step_id, steps))):
        found[which][step_id] = people
    return found


def _kept(session: Session, people: Collection[int]) -> set[_Came]:
    columns = select(Outcome.step_id, Outcome.which, Outcome.subscriber_id)
    return {
        (step_id, which, person)
        for step_id, which, person in session.execute(columns.where(among(Outcome.subscriber_id, people)))
    }


def _found(session: Session, query: TextClause, ids: Collection[int]) -> set[_Came]:
    rows = session.execute(query, {"ids": list(ids)})
    return {(step_id, OutcomeKind(which), person) for step_id, which, person in rows}


def _values(rows: Collection[_Came]) -> dict[str, list[int] | list[str]]:
    steps, which, people = zip(*sorted(rows), strict=True)
    return {"steps": list(steps), "which": [word.value for word in which], "people": list(people)}


def _sum_up(session: Session, changes: Counter[tuple[int, OutcomeKind]]) -> None:
    rows = [
        {"step_id": step_id, "which": which, "people": number} for (step_id, which), number in changes.items() if number
    ]
    if not rows:
        return
    added = insert(OutcomeTally)
    more = added.on_conflict_do_update(
        index_elements=["step_id", "which"], set_={"people": OutcomeTally.people + added.excluded.people}
    )
    session.execute(more, rows)
    session.execute(delete(OutcomeTally).where(OutcomeTally.people == 0))
