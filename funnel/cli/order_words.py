"""What `newsletter send` is told, as the order that its page would give. It refuses what that page refuses."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.audience.rule import Plain
from funnel.cli.plainly import refuse
from funnel.mail import unready
from funnel.models.content import Newsletter, NewsletterState, Part, ZoneMode
from funnel.models.segments import SavedSegment
from funnel.programme import outgoing
from funnel.programme.outgoing import Order
from funnel.programme.subject_trial import Trial

EVERYBODY = "everybody"
TO_WHOM = "To whom? Say --segment NAME, or --segment everybody."
LATE = "It is late, and goes to whom it was scheduled: `newsletter cancel` takes it back, and then it is sent anew."
SET = "It is scheduled already: give another time with --at, or take it back with `newsletter cancel` first."


def order(
    session: Session,
    issue: Newsletter,
    at: datetime | None,
    mode: ZoneMode,
    with_course: bool,
    segment: str | None,
    now: datetime,
) -> Order:
    """The order, with the trial it had. Ends the command, in words, where it is not to be given."""
    if issue.state is NewsletterState.SCHEDULED and at is None:
        refuse(SET)
    if issue.doubted_at:
        refuse(f"{outgoing.IN_DOUBT} With --not-sent it is sent.")
    if words := unready.why(session, issue, now):
        refuse(words)
    rule, segment_id = _whom(session, issue, segment)
    trial = None
    if issue.subject_b is not None:
        trial = Trial(issue.subject_b, issue.trial_percent or 0, issue.trial_hours or 0)
    return Order(at, mode, rule, with_course or issue.with_course, segment_id, trial, issue.topic_id)


def late(session: Session, issue: Newsletter, with_course: bool, segment: str | None, now: datetime) -> None:
    """Ends the command, in words, where one that is late cannot leave now, or is asked to go to others."""
    if segment is not None or with_course:
        refuse(LATE)
    if words := unready.why(session, issue, now):
        refuse(words)


def _whom(session: Session, issue: Newsletter, name: str | None) -> tuple[Plain | None, int | None]:
    if name == EVERYBODY or issue.part is Part.RESEND:
        return None, None
    if name is not None:
        found = session.scalar(select(SavedSegment.id).where(SavedSegment.name == name))
        if found is None:
            refuse(f"There is no segment “{name}”.")
        return {"is": "segment", "segment": found}, found
    if issue.rule is None and issue.segment_id is not None:  # of a regular one, which was never scheduled
        return {"is": "segment", "segment": issue.segment_id}, issue.segment_id
    if issue.rule is None and issue.scheduled_at is None:
        refuse(TO_WHOM)
    return issue.rule, issue.segment_id
