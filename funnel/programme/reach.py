"""Whom an edit of a mail reaches: who is still to get it, who had it. Counted up to MOST: a page stays quick."""

from dataclasses import dataclass

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, EnrolmentState, Sequence, Step
from funnel.models.mail import WAITING, Message, MessageKind
from funnel.models.sending import QueueEntry
from funnel.programme.counted import MOST, Counted, Sample, count
from funnel.programme.history import HAD
from funnel.programme.reopening import finished


@dataclass(frozen=True)
class Words:
    """Whom new words of a mail reach."""

    to_come: Counted  # people on the course who have not come to it
    under_way: Counted  # mails planned and not yet taken to be sent: they take the words of the moment they leave
    had: Counted  # got it, or may have


def waiting(session: Session, sequence: Sequence) -> dict[int, Counted]:
    """How many people wait for each of the course's mails."""
    return {step.id: count(session, _on(step.id)) for step in sequence.steps}


def words(session: Session, step: Step) -> Words:
    """Whom the words of this mail reach when they change now."""
    before = [other.id for other in step.sequence.steps if (other.day, other.id) <= (step.day, step.id)]
    to_come = sum((count(session, _on(step_id)) for step_id in before), Counted(0))
    # Of all mails of a step few wait, and those are found by their entries.
    entries = select(literal(1)).select_from(QueueEntry).join(Message, Message.id == QueueEntry.message_id)
    under_way = entries.where(QueueEntry.kind == MessageKind.STEP, Message.step_id == step.id)
    planned = select(literal(1)).where(Message.step_id == step.id, Message.kind == MessageKind.STEP)
    gone = [state for state in HAD if state not in WAITING]
    return Words(
        to_come,
        count(session, under_way),
        count(session, planned.where(Message.state.in_(gone))),
    )


def past(session: Session, sequence_id: int, step_id: int, most: int = MOST) -> Sample:
    """Who finished the course without this mail, and may be mailed: of the `most` who joined it last."""
    over = select(Enrolment.id).where(Enrolment.sequence_id == sequence_id)
    over = over.where(Enrolment.state == EnrolmentState.FINISHED).order_by(Enrolment.id.desc()).limit(most + 1)
    ids = list(session.scalars(over))
    looked, more = ids[:most], len(ids) > most
    people = select(func.count()).select_from(finished(sequence_id, step_id, looked).subquery())
    return Sample(session.scalars(people).one(), len(looked), more)


def _on(step_id: int) -> Select[int]:
    return select(literal(1)).where(Enrolment.step_id == step_id, Enrolment.state == EnrolmentState.ACTIVE)
