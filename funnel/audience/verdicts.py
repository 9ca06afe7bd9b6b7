"""The dry run: what would become of each line of a file, said by a few statements whatever their number."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from funnel.models.imports import ImportRow, Verdict

CHUNK = 5_000
# Whoever left where they come from is left in peace, also where another line of the file forgot it.
_LEFT_ON_ANOTHER_LINE = """
UPDATE import_row row SET verdict = 'elsewhere', reason = 'another line of the file: ' || other.reason
FROM import_row other
WHERE other.import_id = :id AND other.verdict = 'elsewhere' AND row.import_id = :id AND row.verdict = 'new'
    AND row.address_hash = other.address_hash
"""
_TWICE = """
UPDATE import_row row SET verdict = 'twice', reason = 'also on line ' || first.line
FROM (
    SELECT address_hash, min(line) AS line FROM import_row WHERE import_id = :id AND verdict = 'new'
    GROUP BY address_hash HAVING count(*) > 1
) first
WHERE row.import_id = :id AND row.verdict = 'new' AND row.address_hash = first.address_hash AND row.line > first.line
"""
_SUPPRESSED = """
UPDATE import_row row SET verdict = 'left', reason = CASE suppression.reason
    WHEN 'bounce' THEN 'mails to this address came back' WHEN 'complaint' THEN 'called a mail spam'
    WHEN 'erasure' THEN 'had everything about them deleted' ELSE 'is not to be written to, as you said' END
FROM suppression
WHERE row.import_id = :id AND row.verdict = 'new' AND row.address_hash = suppression.address_hash
"""
_KNOWN = """
UPDATE import_row row SET
    verdict = CASE WHEN person.state IN ('pending', 'active') THEN 'here' ELSE 'left' END,
    reason = CASE person.state WHEN 'active' THEN 'is in already' WHEN 'pending' THEN 'has not confirmed yet'
        WHEN 'bounced' THEN 'mails to this address came back' WHEN 'complained' THEN 'called a mail spam'
        ELSE 'has left' END
FROM subscriber person
WHERE row.import_id = :id AND row.verdict = 'new' AND row.address_hash = person.address_hash
"""
_JUDGE = (_LEFT_ON_ANOTHER_LINE, _TWICE, _SUPPRESSED, _KNOWN)


@dataclass(frozen=True)
class Line:
    line: int
    email: str
    reason: str
    cells: list[str]


def judge(session: Session, import_id: int) -> dict[Verdict, int]:
    """Says of every line what becomes of it, and how many there are of each kind."""
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    session.execute(text("ANALYZE import_row"))  # just filled: nobody counted it yet
    for statement in _JUDGE:
        session.execute(text(statement), {"id": import_id})
    counted = select(ImportRow.verdict, func.count()).where(ImportRow.import_id == import_id)
    found = dict(iter(session.execute(counted.group_by(ImportRow.verdict))))
    return {verdict: found.get(verdict, 0) for verdict in Verdict}


def spoken(session: Session, import_id: int) -> dict[str, int]:
    """How many new people the file says each language of; '' for whom it says none that we write in."""
    counted = select(ImportRow.language, func.count()).where(
        ImportRow.import_id == import_id, ImportRow.verdict == Verdict.NEW
    )
    return dict(iter(session.execute(counted.group_by(ImportRow.language))))


def noted(session: Session, import_id: int, after: int = 0, most: int = CHUNK) -> list[Line]:
    """The lines of new people of which something could not be taken, behind the line `after`."""
    return _lines(session, import_id, after, most, ImportRow.verdict == Verdict.NEW, ImportRow.reason != "")


def listed(session: Session, import_id: int, verdict: Verdict, after: int = 0, most: int = CHUNK) -> list[Line]:
    """The lines of this verdict behind the line `after`, in their order."""
    return _lines(session, import_id, after, most, ImportRow.verdict == verdict)


def _lines(session: Session, import_id: int, after: int, most: int, *which: ColumnElement[bool]) -> list[Line]:
    rows = session.execute(
        select(ImportRow.line, ImportRow.email, ImportRow.reason, ImportRow.cells)
        .where(ImportRow.import_id == import_id, ImportRow.line > after, *which)
        .order_by(ImportRow.line)
        .limit(most)
    )
    return [Line(row.line, row.email, row.reason, row.cells or []) for row in rows]


def people(session: Session, import_id: int, most: int) -> Iterator[str]:
    """The first addresses that would come in."""
    wanted = select(ImportRow.email).where(ImportRow.import_id == import_id, ImportRow.verdict == Verdict.NEW)
    yield from session.scalars(wanted.order_by(ImportRow.line).limit(most))
