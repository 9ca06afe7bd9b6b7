"""Who got a mail of a course and not the next one, and whether they ever will.

Read from the journeys (models/tallies), which hold for each person the mails that a relay took.
"""

import json
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, TextualSelect, column, text
from sqlalchemy.orm import Session

from funnel.insight.wilson import Rate
from funnel.programme.enrolment import WHY_SKIPPED

TO_COME = "to come"

# One row for each mail and person who was sent the mail before: whether they got it, and if not, why.
_FOUND = """
SELECT pair.step_id, journey.subscriber_id, pair.step_id = ANY(journey.steps) AS got,
    CASE WHEN pair.step_id = ANY(journey.steps) THEN ''
        WHEN mail.state IN ('queued', 'deferred') THEN :to_come
        WHEN place.state = 'active' AND (waits_for.day, waits_for.id) <= (this.day, this.id) THEN :to_come
        WHEN mail.state = 'unknown' THEN 'nobody knows whether it arrived'
        WHEN mail.state IN ('failed', 'expired') THEN coalesce(nullif(mail.reason, ''), mail.state)
        WHEN place.state = 'stopped' THEN coalesce(CAST(:why AS jsonb) ->> place.reason, place.reason)
        WHEN mail.state = 'skipped' THEN coalesce(nullif(mail.reason, ''), mail.state)
        WHEN place.state = 'active' THEN 'they were past it when it came'
        ELSE 'they had finished before it came'
    END AS reason
FROM unnest(CAST(:steps AS bigint[]), CAST(:before AS bigint[])) AS pair (step_id, before_id)
JOIN step this ON this.id = pair.step_id
JOIN journey ON pair.before_id = ANY(journey.steps)
LEFT JOIN enrolment place ON place.subscriber_id = journey.subscriber_id AND place.sequence_id = this.sequence_id
    AND NOT pair.step_id = ANY(journey.steps)
LEFT JOIN step waits_for ON waits_for.id = place.step_id
LEFT JOIN LATERAL (
    SELECT state, reason FROM message
    WHERE NOT pair.step_id = ANY(journey.steps) AND subscriber_id = journey.subscriber_id AND step_id = pair.step_id
        AND kind = 'step'
    ORDER BY message.id DESC LIMIT 1
) mail ON true
"""
_COUNTED = text(f"SELECT step_id, got, reason, count(*) FROM ({_FOUND}) AS found GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3")  # noqa: S608
_NEVER = f"SELECT step_id, subscriber_id FROM ({_FOUND}) AS found WHERE NOT got AND reason <> :to_come"  # noqa: S608


@dataclass(frozen=True)
class Drop:
    """Of those who got the mail before. `reasons`: of the people who never will get this one, by the words for why."""

    before: int = 0
    got: int = 0
    to_come: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def never(self) -> Rate:
        return Rate(sum(self.reasons.values()), self.before)


def of_course(session: Session, steps: list[int]) -> dict[int, Drop]:
    """By mail, for all but the first of `steps`, which stand in their order: one statement, whatever their number."""
    found = {step_id: Drop() for step_id in steps[1:]}
    for step_id, got, reason, count in session.execute(_COUNTED, _values(steps)) if found else ():
        drop = found[step_id]
        waits = not got and reason == TO_COME
        found[step_id] = Drop(
            drop.before + count,
            drop.got + count * got,
            drop.to_come + count * waits,
            drop.reasons if got or waits else drop.reasons | {reason: count},
        )
    return found


def never(before: int, step_id: int) -> TextualSelect:
    """The relation (as in `behind`) of those who were sent `before` and never will be sent the mail after it."""
    pairs = text(_NEVER).bindparams(**_values([before, step_id]))
    return pairs.columns(column("step_id", BigInteger), column("subscriber_id", BigInteger))


def _values(steps: list[int]) -> dict[str, object]:
    why = json.dumps({reason.value: words for reason, words in WHY_SKIPPED.items()})
    return {"steps": steps[1:], "before": steps[:-1], "to_come": TO_COME, "why": why}
