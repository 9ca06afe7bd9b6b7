"""Counts: journeys and mails, counted into the roll-ups that the pages read (models/tallies.py)."""

from collections import Counter
from collections.abc import Collection, Mapping, Set
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.insight import journeys
from funnel.models.tallies import BLOCK, Arrival, MailTally, StateTally, Tally, Way
from funnel.programme.history import among

_COMMON = ("confirmed", "steps", "clicked", "booking_clicked", "booked")  # of a Way, whoever it is
_COUNT_BLOCKS = text(
    """
INSERT INTO mail_tally (block, day, kind, template, step_id, newsletter_id, state, sent_on, mails, people)
SELECT wanted.block, CAST(timezone(:zone, mail.created_at) AS date), mail.kind, mail.template,
    coalesce(mail.step_id, 0), coalesce(mail.newsletter_id, 0), mail.state,
    CAST(timezone(:zone, coalesce(mail.sent_at, mail.created_at)) AS date), count(*),
    string_agg(int8send(mail.subscriber_id), '') FILTER (WHERE mail.newsletter_id > 0 AND mail.subscriber_id > 0)
FROM unnest(CAST(:blocks AS bigint[])) AS wanted (block)
JOIN message mail ON mail.id >= wanted.block * :size AND mail.id < (wanted.block + 1) * :size
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
)
_COUNT_WAYS = text(
    """
INSERT INTO way (confirmed, steps, clicked, booking_clicked, booked)
SELECT DISTINCT confirmed_at IS NOT NULL, steps, clicked_at IS NOT NULL, booking_clicked_at IS NOT NULL,
    booked_at IS NOT NULL
FROM journey ON CONFLICT DO NOTHING
"""
)
_COUNT_JOURNEYS = text(
    """
INSERT INTO tally (day, source, form_id, way_id, people)
SELECT journey.day, journey.source, coalesce(journey.form_id, 0), way.id, count(*)
FROM journey JOIN way ON way.steps = journey.steps AND way.confirmed = (journey.confirmed_at IS NOT NULL)
    AND way.clicked = (journey.clicked_at IS NOT NULL)
    AND way.booking_clicked = (journey.booking_clicked_at IS NOT NULL)
    AND way.booked = (journey.booked_at IS NOT NULL)
GROUP BY 1, 2, 3, 4
"""
)
_COUNT_ARRIVALS = text(
    "INSERT INTO arrival (day, source, form_id, people)"
    " SELECT day, source, form_id, sum(people) FROM tally GROUP BY 1, 2, 3"
)
_COUNT_STATES = text("INSERT INTO state_tally (state, people) SELECT state, count(*) FROM journey GROUP BY state")


def add(session: Session, changes: Mapping[journeys.Way, int]) -> None:
    """Counts people into their new ways and out of their old ones, by what `journeys.write` says."""
    changes = {way: number for way, number in changes.items() if number}
    if not changes:
        return
    numbers = _numbers(session, {_common(way) for way in changes})
    people: Counter[tuple[Any, ...]] = Counter()
    states: Counter[Any] = Counter()
    for way, number in changes.items():
        people[way.day, way.source, way.form_id, numbers[_common(way)]] += number
        states[way.state] += number
    places = ("day", "source", "form_id", "way_id")
    _sum_up(session, Tally, [dict(zip(places, place, strict=True)) | {"people": n} for place, n in people.items() if n])
    _sum_up(session, StateTally, [{"state": state, "people": number} for state, number in states.items() if number])


def count_mails(session: Session, blocks: Collection[int]) -> None:
    """Counts the mails of these blocks anew."""
    session.execute(delete(MailTally).where(among(MailTally.block, blocks)))
    told = {"blocks": list(blocks), "size": BLOCK, "zone": settings().zone.key}
    session.execute(_COUNT_BLOCKS, told)


def count_all_journeys(session: Session) -> None:
    """Counts everybody's journey anew: seconds for a million."""
    for table in (Tally, StateTally):
        session.execute(delete(table))
    for statement in (_COUNT_WAYS, _COUNT_JOURNEYS, _COUNT_STATES):
        session.execute(statement)
    session.execute(delete(Arrival))  # not before: a trigger has counted there meanwhile
    session.execute(_COUNT_ARRIVALS)


def _common(way: journeys.Way) -> tuple[Any, ...]:
    return tuple(getattr(way, name) for name in _COMMON)


def _numbers(session: Session, ways: Set[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
    """The numbers of these ways, made for those that nobody had come before."""
    columns = [getattr(Way, name) for name in _COMMON]
    found = {(row[1], tuple(row[2]), *row[3:]): row[0] for row in session.execute(select(Way.id, *columns))}
    for way in ways - found.keys():
        values = dict(zip(_COMMON, way, strict=True)) | {"steps": list(way[1])}
        found[way] = session.scalars(insert(Way).values(values).returning(Way.id)).one()
    return found


def _sum_up(session: Session, table: type[Tally] | type[StateTally], rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    added = insert(table)
    keys = [column.name for column in table.__table__.primary_key]
    more = added.on_conflict_do_update(index_elements=keys, set_={"people": table.people + added.excluded.people})
    session.execute(more, rows)
    session.execute(delete(table).where(table.people == 0))
