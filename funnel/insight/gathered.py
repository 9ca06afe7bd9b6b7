"""Whom a rule gathers, for a page that follows while it is made: how many, some of them, and of when that is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from funnel.audience import counting, remembered, segments
from funnel.audience.counting import IN_COURSE, MAILABLE
from funnel.audience.rule import Plain
from funnel.insight import people
from funnel.insight.people import Person

SHOWN = 10


@dataclass(frozen=True)
class Gathered:
    """`count`: who may be written to; `in_course` of them are in a course now. `at`: before now for a large crowd.

    `wanted`: so long before that a worker is to count them anew.
    """

    count: int
    in_course: int
    at: datetime
    newest: list[Person]
    wanted: bool


def gathered(session: Session, rule: Plain | None, now: datetime, shown: int = SHOWN) -> Gathered:
    """The people of the rule (None: everybody) who may be written to. Raises RuleError where it cannot be asked."""
    chosen = None if rule is None else segments.read(session, rule)
    crowds, at = counting.read(session, [MAILABLE, IN_COURSE, *counting.leaves(chosen)], now)
    found = counting.meeting(chosen, crowds, crowds[MAILABLE])
    newest = [number for number, _ in zip(found, range(shown), strict=False)]
    known, wanted = people.named(session, newest), remembered.is_old(at, now)
    return Gathered(len(found), len(found & crowds[IN_COURSE]), at, known, wanted)
