"""Journeys: how far each person has come, read from the rows that say so (models/tallies.py).

What is said here and in insight/funnel.py must be the same; `insight recount` and a test hold them together.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.models.people import SubscriberState

# Looked up person by person: a thousand of a million are no reason to read the whole of a table.
ROW_BY_ROW = text("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off")
AS_EVER = text("SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_seqscan = on")

_FIND = text(
    """
INSERT INTO journey (subscriber_id, day, source, form_id, state, signed_up_at, confirmed_at, steps, clicked_at,
    booking_clicked_at, booked_at)
SELECT person.id, CAST(timezone(:zone, person.created_at) AS date), person.source, person.form_id, person.state,
    person.created_at, person.confirmed_at, coalesce(sent.steps, '{}'), click.first_at, click.first_booking_at,
    booked.first_at
FROM unnest(CAST(:people AS bigint[])) AS wanted (id)
JOIN subscriber person ON person.id = wanted.id AND NOT person.taken_back
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT step_id ORDER BY step_id) AS steps FROM message
    WHERE subscriber_id = person.id AND state = 'sent' AND step_id IS NOT NULL
) sent
CROSS JOIN LATERAL (
    SELECT min(event.at) AS first_at, min(event.at) FILTER (WHERE link.kind = 'booking') AS first_booking_at
    FROM event JOIN link ON link.id = event.link_id
    WHERE event.subscriber_id = person.id AND event.kind = 'click' AND NOT event.machine
) click
CROSS JOIN LATERAL (
    SELECT min(created_at) AS first_at FROM booking WHERE subscriber_id = person.id AND state <> 'cancelled'
) booked
ON CONFLICT (subscriber_id) DO UPDATE SET
    day = excluded.day, source = excluded.source, form_id = excluded.form_id, state = excluded.state,
    signed_up_at = excluded.signed_up_at, confirmed_at = excluded.confirmed_at, steps = excluded.steps,
    clicked_at = excluded.clicked_at, booking_clicked_at = excluded.booking_clicked_at, booked_at = excluded.booked_at
"""
)
# Who came by a file that was taken back has come no way at all.
_TAKEN_BACK = text(
    """
DELETE FROM journey USING unnest(CAST(:people AS bigint[])) AS wanted (id), subscriber person
WHERE person.id = wanted.id AND person.taken_back AND journey.subscriber_id = person.id
"""
)
# Of mails: whose journey says otherwise, in what, and whether the mail was sent. Who has no journey yet is found later.
_MAILED = text(
    """
SELECT DISTINCT mail.subscriber_id, mail.step_id, mail.state = 'sent' AS sent
FROM unnest(CAST(:mails AS bigint[])) AS wanted (id)
JOIN message mail ON mail.id = wanted.id
JOIN journey ON journey.subscriber_id = mail.subscriber_id
WHERE mail.step_id IS NOT NULL AND (mail.state = 'sent') <> (mail.step_id = ANY(journey.steps))
"""
)
_CLICKED = text(
    """
SELECT DISTINCT event.subscriber_id
FROM unnest(CAST(:events AS bigint[])) AS wanted (id)
JOIN event ON event.id = wanted.id
JOIN link ON link.id = event.link_id
JOIN journey ON journey.subscriber_id = event.subscriber_id
WHERE event.kind = 'click' AND NOT event.machine AND (
    journey.clicked_at IS NULL OR journey.clicked_at > event.at OR (
        link.kind = 'booking' AND (journey.booking_clicked_at IS NULL OR journey.booking_clicked_at > event.at)))
"""
)
_ADD_STEPS = text(
    """
UPDATE journey SET steps = ARRAY(SELECT DISTINCT step FROM unnest(journey.steps || sent.steps) AS step ORDER BY step)
FROM (
    SELECT person, array_agg(step) AS steps
    FROM unnest(CAST(:people AS bigint[]), CAST(:steps AS bigint[])) AS one (person, step) GROUP BY person
) sent
WHERE journey.subscriber_id = sent.person
"""
)
_WAYS = text(
    """
SELECT day, source, coalesce(form_id, 0), state, confirmed_at IS NOT NULL, steps, clicked_at IS NOT NULL,
    booking_clicked_at IS NOT NULL, booked_at IS NOT NULL, count(*)
FROM unnest(CAST(:people AS bigint[])) AS wanted (id) JOIN journey ON journey.subscriber_id = wanted.id
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
)


class Way(NamedTuple):
    """What some people have in common, as far as it is counted."""

    day: date
    source: str
    form_id: int  # 0: none
    state: SubscriberState
    confirmed: bool
    steps: tuple[int, ...]
    clicked: bool
    booking_clicked: bool
    booked: bool


class Moved(NamedTuple):
    """Whose journeys are to be written: found anew from all rows, or with a mail more."""

    anew: set[int]
    mailed: dict[int, list[int]]  # steps, by person

    @property
    def people(self) -> list[int]:
        return sorted(self.anew | self.mailed.keys())


def moved(session: Session, people: Collection[int], mails: Collection[int], events: Collection[int]) -> Moved:
    """Which journeys are no longer true, when these people, mails and events may have changed or are new."""
    session.execute(ROW_BY_ROW)
    anew, mailed = set(people), defaultdict(list)
    if events:
        anew.update(session.scalars(_CLICKED, {"events": list(events)}))
    for person, step, sent in session.execute(_MAILED, {"mails": list(mails)}) if mails else ():
        if sent:
            mailed[person].append(step)
        else:
            anew.add(person)
    session.execute(AS_EVER)
    return Moved(anew, {person: steps for person, steps in mailed.items() if person not in anew})


def write(session: Session, changed: Moved) -> Counter[Way]:
    """Writes these journeys; returns by how much the number of people of each way has changed."""
    if not changed.people:
        return Counter()
    session.execute(ROW_BY_ROW)
    before = _ways(session, changed.people)
    if changed.mailed:
        pairs = [(person, step) for person, steps in changed.mailed.items() for step in steps]
        session.execute(_ADD_STEPS, {"people": [pair[0] for pair in pairs], "steps": [pair[1] for pair in pairs]})
    if changed.anew:
        session.execute(_FIND, {"people": sorted(changed.anew), "zone": settings().zone.key})
        session.execute(_TAKEN_BACK, {"people": sorted(changed.anew)})
    after = _ways(session, changed.people)
    session.execute(AS_EVER)
    after.subtract(before)
    return after


def _ways(session: Session, people: Collection[int]) -> Counter[Way]:
    found: Counter[Way] = Counter()
    for day, source, form_id, state, confirmed, steps, *rest, count in session.execute(_WAYS, {"people": list(people)}):
        found[Way(day, source, form_id, SubscriberState(state), confirmed, tuple(steps), *rest)] += count
    return found
