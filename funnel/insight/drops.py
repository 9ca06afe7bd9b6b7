"""Who got a mail of a course and not the next one, and whether they ever will.

How many is read from the tallies, why from the journeys, which hold for each person the mails that a relay took.
"""

import itertools
import json
from dataclasses import dataclass, field

from sqlalchemy import BigInteger, TextualSelect, column, func, select, text
from sqlalchemy.orm import Session

from funnel.insight.wilson import Rate
from funnel.models.tallies import Tally, Way
from funnel.programme.enrolment import WHY_SKIPPED

TO_COME = "to come"

# Those who were sent one mail and not the next, and why. A mail is looked up only for who stands past it.
_FOUND = """
SELECT missing.subscriber_id,
    CASE WHEN place.state = 'active' AND NOT missing.past THEN :to_come
        WHEN mail.state IN ('queued', 'deferred') THEN :to_come
        WHEN mail.state = 'unknown' THEN 'nobody knows whether it arrived'
        WHEN mail.state IN ('failed', 'expired') THEN coalesce(nullif(mail.reason, ''), mail.state)
        WHEN place.state = 'stopped' THEN coalesce(CAST(:why AS jsonb) ->> place.reason, place.reason)
        WHEN mail.state = 'skipped' THEN coalesce(nullif(mail.reason, ''), mail.state)
        WHEN place.state = 'active' THEN 'they were past it when it came'
        ELSE 'they had finished before it came'
    END AS reason
FROM (
    SELECT journey.subscriber_id, enrolment.id AS place_id,
        coalesce((waits_for.day, waits_for.id) > (this.day, this.id), true) AS past
    FROM journey
    JOIN step this ON this.id = :step
    LEFT JOIN enrolment ON enrolment.subscriber_id = journey.subscriber_id
        AND enrolment.sequence_id = this.sequence_id
    LEFT JOIN step waits_for ON waits_for.id = enrolment.step_id
    WHERE CAST(:before AS bigint) = ANY(journey.steps) AND NOT CAST(:step AS bigint) = ANY(journey.steps)
) missing
LEFT JOIN enrolment place ON place.id = missing.place_id
LEFT JOIN LATERAL (
    SELECT state, reason FROM message
    WHERE missing.past AND subscriber_id = missing.subscriber_id AND step_id = :step AND kind = 'step'
    ORDER BY message.id DESC LIMIT 1
) mail ON true
"""
_REASONS = text(f"SELECT reason, count(*) FROM ({_FOUND}) AS found GROUP BY 1 ORDER BY 2 DESC, 1")  # noqa: S608
_NEVER = f"SELECT CAST(:step AS bigint) AS step_id, subscriber_id FROM ({_FOUND}) AS found WHERE reason <> :to_come"  # noqa: S608


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


def followed(session: Session, steps: list[int]) -> dict[int, Rate]:
    """For all but the first of `steps`, in order: of those who were sent the mail before, who were sent this too."""
    people = func.sum(Tally.people)
    ways = session.execute(select(Way.steps, people).join(Tally, Tally.way_id == Way.id).group_by(Way.id)).all()
    found = {}
    for before, step_id in itertools.pairwise(steps):
        had = [(sent, int(count)) for sent, count in ways if before in sent]
        found[step_id] = Rate(sum(count for sent, count in had if step_id in sent), sum(count for _, count in had))
    return found


def of_step(session: Session, before: int, step_id: int) -> Drop:
    """Of those who were sent `before`, what became of the mail `step_id`, which follows it."""
    got = followed(session, [before, step_id])[step_id]
    reasons = {row[0]: row[1] for row in session.execute(_REASONS, _values(before, step_id))}
    return Drop(got.of, got.count, reasons.pop(TO_COME, 0), reasons)


def never(before: int, step_id: int) -> TextualSelect:
    """The relation (as in `behind`) of those who were sent `before` and never will be sent the mail after it."""
    pairs = text(_NEVER).bindparams(**_values(before, step_id))
    return pairs.columns(column("step_id", BigInteger), column("subscriber_id", BigInteger))


def _values(before: int, step_id: int) -> dict[str, int | str]:
    why = json.dumps({reason.value: words for reason, words in WHY_SKIPPED.items()})
    return {"before": before, "step": step_id, "to_come": TO_COME, "why": why}
