"""Why somebody is in a segment or not: each line of its rule asked of this one person."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.audience import rule as rules
from funnel.audience import segments
from funnel.audience.line import Line
from funnel.audience.lines_of_person import InSegment
from funnel.audience.rule import AllOf, Not, Plain, Rule, each
from funnel.models.people import Subscriber
from funnel.models.segments import SavedSegment


@dataclass(frozen=True)
class Judged:
    """A part of a rule, whether it holds of the person, and the parts within. A segment's one part is its rule."""

    rule: Rule
    holds: bool
    parts: tuple["Judged", ...] = ()


def judged(session: Session, plain: Plain, subscriber_id: int, now: datetime) -> Judged:
    """The rule and each part of it, judged by one look at the person. Raises RuleError as `segments.unfolded` does."""
    lines = list(dict.fromkeys(line for _, line in each(segments.read(session, plain))))
    asked = (line.holds(now).label(f"line_{at}") for at, line in enumerate(lines))
    row = session.execute(select(*asked).where(Subscriber.id == subscriber_id)).one()
    return _judged(session, rules.read(plain), dict(zip(lines, row, strict=True)))


def _judged(session: Session, rule: Rule, known: dict[Line, bool]) -> Judged:
    if isinstance(rule, InSegment):
        inside = _judged(session, rules.read(session.get_one(SavedSegment, rule.segment).rule), known)
        return Judged(rule, inside.holds, (inside,))
    if isinstance(rule, Line):
        return Judged(rule, known[rule])
    if isinstance(rule, Not):
        part = _judged(session, rule.part, known)
        return Judged(rule, not part.holds, (part,))
    parts = tuple(_judged(session, part, known) for part in rule.parts)
    joined = all if isinstance(rule, AllOf) else any
    return Judged(rule, joined(part.holds for part in parts), parts)
