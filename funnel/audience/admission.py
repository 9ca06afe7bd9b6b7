"""Letting people in: chunk after chunk of a checked file, each in a transaction that also says how far it has come.

Told again, after a worker that was killed, it goes on behind the last chunk that was committed. Who signed up or left
since the dry run is found here: nobody we know is changed, and nobody who is suppressed comes in.
"""

from datetime import datetime, time
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from funnel.audience.headings import Column
from funnel.audience.intake import Known, Plan
from funnel.config import settings
from funnel.models.imports import Import, Verdict
from funnel.programme import crowd

CHUNK = 10_000
_REACH = """
SELECT max(line), count(*) FROM (
    SELECT line FROM import_row WHERE import_id = :id AND line > :after AND verdict = 'new' ORDER BY line LIMIT :most
) following
"""
# Numbered as they stand in the file, but written by the hash of their address, as those are who sign up meanwhile: or
# the two would wait for each other.
_ADMIT = """
WITH numbered AS MATERIALIZED (
    SELECT nextval('subscriber_id_seq') AS id, row.* FROM (
        SELECT * FROM import_row
        WHERE import_id = :id AND line > :after AND line <= :last AND verdict = 'new'
            AND NOT EXISTS (SELECT FROM suppression WHERE suppression.address_hash = import_row.address_hash)
        ORDER BY line
    ) row
), made AS (
    INSERT INTO subscriber (id, email, address_hash, first_name, time_zone, language, state, pace, source, utm,
        created_at, confirmed_at, import_id)
    SELECT id, email, address_hash, first_name, time_zone, coalesce(nullif(language, ''), :language), 'active', 'all',
        source, '{}', :now, :now, :id
    FROM numbered
    ORDER BY address_hash
    ON CONFLICT (address_hash) DO NOTHING
    RETURNING id, address_hash
)
INSERT INTO consent (subscriber_id, kind, wording, how, at)
SELECT made.id, 'imported', :wording, :how, coalesce(row.agreed_at, :agreed_at)
FROM made JOIN import_row row ON row.address_hash = made.address_hash
WHERE row.import_id = :id AND row.line > :after AND row.line <= :last AND row.verdict = 'new'
ORDER BY made.id
RETURNING subscriber_id
"""
_NAME_TAGS = """
INSERT INTO tag (name, created_at)
SELECT DISTINCT name, CAST(:now AS timestamptz) FROM import_row row, unnest(row.tags) AS name
WHERE row.import_id = :id AND row.line > :after AND row.line <= :last AND row.verdict IN ('new', 'here')
ON CONFLICT (name) DO NOTHING
"""
_TAG = """
INSERT INTO tagged (tag_id, subscriber_id, at)
SELECT tag.id, person.id, :now
FROM import_row row
JOIN subscriber person ON person.address_hash = row.address_hash AND (person.import_id = :id OR row.verdict = 'here')
CROSS JOIN unnest(row.tags) AS named (tag)
JOIN tag ON tag.name = named.tag
WHERE row.import_id = :id AND row.line > :after AND row.line <= :last AND row.verdict = :verdict
ON CONFLICT DO NOTHING
"""
# Who is pending has no name yet: nothing is kept of a stranger before they confirm.
_NAME = """
UPDATE subscriber person SET first_name = row.first_name
FROM import_row row
WHERE row.import_id = :id AND row.verdict = 'here' AND row.first_name <> '' AND person.address_hash = row.address_hash
    AND person.state = 'active' AND person.first_name = ''
"""


def admit(session: Session, found: Import, now: datetime, most: int = CHUNK) -> int:
    """Lets the next chunk in, and moves the import on; how many lines that was. 0: all are in.

    The caller holds the import.
    """
    about: dict[str, Any] = {"id": found.id, "after": found.line, "most": most}
    last, lines = session.execute(text(_REACH), about).one()
    if not lines:
        return 0
    plan = Plan.read(found.plan)
    told = about | {
        "last": last,
        "now": now,
        "language": plan.spoken,
        "wording": plan.how,
        "how": f"imported from {found.name}",
        "agreed_at": _midday(plan) or now,
    }
    session.execute(text("SET LOCAL enable_mergejoin = off"))
    people = list(session.scalars(text(_ADMIT), told))
    if plan.tags or Column.TAGS in plan.columns:
        _tag(session, Verdict.NEW, told)
    came: dict[str, int] = {"added": len(people)}
    if plan.sequence_id and people:
        came["on a course"] = len(crowd.enrol(session, people, plan.sequence_id, now))
    found.line, found.reached = last, found.reached + lines
    count(found, **came)
    session.flush()
    return int(lines)


def count(found: Import, **came: int) -> None:
    """Adds to what came of the import."""
    found.done = {**found.done, **{what: found.done.get(what, 0) + number for what, number in came.items()}}


def complete(session: Session, found: Import, now: datetime) -> None:
    """What is done once for the whole file, at its end: names that were missing, tags of those who are here."""
    known = Plan.read(found.plan).known
    if known is not Known.NOTHING:
        count(found, named=session.execute(text(_NAME), {"id": found.id}).rowcount)  # type: ignore[attr-defined]
    if known is Known.TAGS:
        everyone = {"id": found.id, "after": 0, "last": (1 << 63) - 1, "now": now}
        count(found, tagged=_tag(session, Verdict.HERE, everyone))
    session.flush()


def _tag(session: Session, verdict: Verdict, about: dict[str, Any]) -> int:
    session.execute(text(_NAME_TAGS), about)
    return int(session.execute(text(_TAG), about | {"verdict": verdict.value}).rowcount)  # type: ignore[attr-defined]


def _midday(plan: Plan) -> datetime | None:
    return datetime.combine(plan.agreed_on, time(12), settings().zone) if plan.agreed_on else None
