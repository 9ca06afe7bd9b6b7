"""Who is behind each number of a mail: one relation a number, of which the number is the count.

Each gives rows of (step_id, subscriber_id), a person once. What the mail was sent means is said in insight/funnel.py,
what came of it in insight/outcomes.py. Read them after `tallies.freshen`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, any_, func, literal, select, union, union_all
from sqlalchemy.orm import Session

from funnel.insight import drops, messages, outcomes
from funnel.insight.paging import Page, paged
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.mail import WAITING as UNSENT
from funnel.models.mail import Message, MessageKind
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.sending import Claim, QueueEntry
from funnel.models.tallies import Journey, Outcome, OutcomeKind
from funnel.programme.history import among

SENT = "sent"
WAITING = "waiting"
NEVER = "never"  # were sent the mail before, and never will be sent this one (drops)

Pairs = Select[*tuple[Any, ...]]
Relation = Callable[[list[int]], Pairs]


@dataclass(frozen=True)
class Person:
    id: int
    email: str | None
    first_name: str
    state: SubscriberState


def sent(steps: list[int]) -> Pairs:
    """A relay took it: so say the journeys."""
    if len(steps) == 1:
        step = literal(steps[0], BigInteger)
        return select(step.label("step_id"), Journey.subscriber_id).where(step == any_(Journey.steps))
    step_id = func.unnest(literal(steps, ARRAY(BigInteger))).column_valued("step_id")
    return select(step_id, Journey.subscriber_id).where(step_id == any_(Journey.steps))


def outcome(which: OutcomeKind) -> Relation:
    """With whom that came of it."""

    def pairs(steps: list[int]) -> Pairs:
        # Of one mail they stand in the key by their ids, if only it is named as one.
        mails = Outcome.step_id == steps[0] if len(steps) == 1 else among(Outcome.step_id, steps)
        return select(Outcome.step_id, Outcome.subscriber_id).where(mails, Outcome.which == which)

    return pairs


def waiting(steps: list[int]) -> Pairs:
    """It is the next they get: due on their course, or planned and not sent yet."""
    due = select(Enrolment.step_id, Enrolment.subscriber_id).where(
        among(Enrolment.step_id, steps), Enrolment.state == EnrolmentState.ACTIVE
    )
    # What waits is in the queue, or in the hands of a worker: few, beside all that was ever planned.
    queued = select(QueueEntry.message_id).where(QueueEntry.kind == MessageKind.STEP)
    in_hand = select(func.unnest(Claim.ids))
    planned = _of_mails(steps).where(Message.state.in_(UNSENT), Message.id.in_(union_all(queued, in_hand)))
    either = union(due, planned).subquery()
    return select(either.c.step_id, either.c.subscriber_id)


RELATIONS: dict[str, Relation] = {
    SENT: sent,
    **{which.value: outcome(which) for which in OutcomeKind},
    WAITING: waiting,
}


def people(
    session: Session, step_id: int, which: str, page: int = 1, before: int = 0, count: int | None = None
) -> Page[Person]:
    """The people behind the number called `which`, the newest first.

    `which`: one of RELATIONS, or NEVER with `before`, the mail before this one, and `count`, how many these are, where
    that is known. Raises KeyError for anything else.
    """
    pairs = drops.never(before, step_id) if which == NEVER and before else RELATIONS[which]([step_id])
    found = pairs.subquery()
    person = list(found.c)[1]
    columns = (Subscriber.id, Subscriber.email, Subscriber.first_name, Subscriber.state)
    query = select(*columns).order_by(Subscriber.id.desc())
    ids = select(person).order_by(person.desc())
    return paged(session, query, Person, page, _total(session, step_id, which, count), Subscriber.id, ids)


def _total(session: Session, step_id: int, which: str, count: int | None) -> int | None:
    """How many there are, where that is counted already."""
    if which == SENT:
        return messages.sent(session).get(step_id, 0)
    if which in list(OutcomeKind):
        return outcomes.counted(session, [step_id])[OutcomeKind(which)].get(step_id, 0)
    return count


def _of_mails(steps: list[int]) -> Pairs:
    return select(Message.step_id, Message.subscriber_id).where(
        # A mail of a course has a step, which says so to the planner: the index on it is a partial one.
        Message.step_id == any_(literal(steps, ARRAY(BigInteger))),
        Message.step_id.is_not(None),
        Message.kind == MessageKind.STEP,
        Message.subscriber_id.is_not(None),
    )
