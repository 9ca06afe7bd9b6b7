"""Who is behind each number of a mail: one relation a number, of which the number is the count.

Each gives rows of (step_id, subscriber_id), a person once. What the mail was sent, clicked and booked means is said in
insight/funnel.py; what led to a booking in response/origin.py, kept with the booking.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, any_, func, literal, select, union, union_all
from sqlalchemy.orm import Session

from funnel.insight import drops, messages
from funnel.insight.paging import Page, paged
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.mail import WAITING, Link, LinkKind, Message, MessageKind
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.responses import Booking, BookingState, Event, EventKind
from funnel.models.sending import Claim, QueueEntry
from funnel.models.tallies import Journey
from funnel.programme.history import among

SENT = "sent"
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
    step_id = func.unnest(literal(steps, ARRAY(BigInteger))).column_valued("step_id")
    return select(step_id, Journey.subscriber_id).where(step_id == any_(Journey.steps))


def clicked(steps: list[int]) -> Pairs:
    """Followed a link in it; machines did not."""
    return (
        select(Link.step_id, Event.subscriber_id)
        .join(Event, Event.link_id == Link.id)
        .where(
            among(Link.step_id, steps),
            Link.kind != LinkKind.CANARY,
            Event.kind == EventKind.CLICK,
            Event.machine.is_(False),
            Event.subscriber_id.is_not(None),
        )
        .distinct()
    )


def left(steps: list[int]) -> Pairs:
    """Left by a link in it."""
    return _of_events(steps, EventKind.UNSUBSCRIBE)


def bounced(steps: list[int]) -> Pairs:
    """It came back; one that is only late did not."""
    return _of_events(steps, EventKind.BOUNCE).where(~Event.detail.has_key("delayed"))


def complained(steps: list[int]) -> Pairs:
    """Called it spam."""
    return _of_events(steps, EventKind.COMPLAINT)


def booked(steps: list[int]) -> Pairs:
    """Have a booking that is not cancelled, and this mail led to it."""
    return (
        select(Message.step_id, Booking.subscriber_id)
        .join(Message, Message.id == Booking.message_id)
        .where(
            among(Message.step_id, steps),
            Message.kind == MessageKind.STEP,
            Booking.state != BookingState.CANCELLED,
            Booking.subscriber_id.is_not(None),
        )
        .distinct()
    )


def waiting(steps: list[int]) -> Pairs:
    """It is the next they get: due on their course, or planned and not sent yet."""
    due = select(Enrolment.step_id, Enrolment.subscriber_id).where(
        among(Enrolment.step_id, steps), Enrolment.state == EnrolmentState.ACTIVE
    )
    # What waits is in the queue, or in the hands of a worker: few, beside all that was ever planned.
    queued = select(QueueEntry.message_id).where(QueueEntry.kind == MessageKind.STEP)
    in_hand = select(func.unnest(Claim.ids))
    planned = _of_mails(steps).where(Message.state.in_(WAITING), Message.id.in_(union_all(queued, in_hand)))
    either = union(due, planned).subquery()
    return select(either.c.step_id, either.c.subscriber_id)


RELATIONS: dict[str, Relation] = {
    SENT: sent,
    "clicked": clicked,
    "left": left,
    "bounced": bounced,
    "complained": complained,
    "booked": booked,
    "waiting": waiting,
}


def people(session: Session, step_id: int, which: str, page: int = 1, before: int = 0) -> Page[Person]:
    """The people behind the number called `which`, the newest first.

    `which`: one of RELATIONS, or NEVER with `before`, the mail before this one. Raises KeyError for anything else.
    """
    pairs = drops.never(before, step_id) if which == NEVER and before else RELATIONS[which]([step_id])
    found = pairs.subquery()
    columns = (Subscriber.id, Subscriber.email, Subscriber.first_name, Subscriber.state)
    query = select(*columns).join(found, list(found.c)[1] == Subscriber.id).order_by(Subscriber.id.desc())
    return paged(session, query, Person, page, total=messages.sent(session).get(step_id, 0) if which == SENT else None)


def _of_mails(steps: list[int]) -> Pairs:
    return select(Message.step_id, Message.subscriber_id).where(
        # A mail of a course has a step, which says so to the planner: the index on it is a partial one.
        Message.step_id == any_(literal(steps, ARRAY(BigInteger))),
        Message.step_id.is_not(None),
        Message.kind == MessageKind.STEP,
        Message.subscriber_id.is_not(None),
    )


def _of_events(steps: list[int], kind: EventKind) -> Pairs:
    return (
        select(Message.step_id, Event.subscriber_id)
        .join(Message, Message.id == Event.message_id)
        .where(
            Event.kind == kind,
            among(Message.step_id, steps),
            Message.kind == MessageKind.STEP,
            Event.subscriber_id.is_not(None),
        )
        .distinct()
    )
