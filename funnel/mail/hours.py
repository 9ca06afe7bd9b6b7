"""Hours: a tip that was held up, by a relay that was away or a refusal, waits for its own morning again."""

from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from funnel.mail import lease, stamps
from funnel.mail.claimed import Claimed
from funnel.models.content import Sequence, Step
from funnel.models.mail import Message, MessageKind, Queue
from funnel.models.people import Subscriber
from funnel.programme import calendar, history, waiting
from funnel.programme.schedule import LATENESS

OUT_OF_HOURS = "waits for the hours at which tips come"
LIVES_ON = timedelta(days=1)  # after the moment it waits for, or a weekend would end what a Friday held up


def within(session: Session, claims: list[Claimed], now: datetime) -> list[Claimed]:
    """Those of `claims`, all of one claim, that may leave at this hour; the others wait for their next moment.

    Only tips keep hours, and not those that leave at once. One that comes within LATENESS of its window is in time.
    """
    if MessageKind.STEP not in {claimed.kind for claimed in claims}:
        return claims
    held = set()
    for message, zone_name, sequence in session.execute(_tips(claims)):
        zone, seed = calendar.zone(zone_name), message.enrolment_id or message.id
        if calendar.is_open(sequence, zone, now) or calendar.is_open(sequence, zone, now - LATENESS):
            continue
        held.add(message.id)
        message.reason = OUT_OF_HOURS
        message.due_at = calendar.after(sequence, zone, seed, now)
        message.expires_at = max(message.expires_at, message.due_at + LIVES_ON)
    if held:
        session.flush()
        lease.give_up(session, claims[0].claim_id, held)
        waiting.put(session, held)
        stamps.put_back(session, held)
    return [claimed for claimed in claims if claimed.id not in held]


def _tips(claims: list[Claimed]) -> Select[Message, str, Sequence]:
    return (
        select(Message, Subscriber.time_zone, Sequence)
        .join(Step, Step.id == Message.step_id)
        .join(Sequence, Sequence.id == Step.sequence_id)
        .join(Subscriber, Subscriber.id == Message.subscriber_id)
        .where(history.among(Message.id, [claimed.id for claimed in claims]))
        .where(Message.kind == MessageKind.STEP, Message.queue == Queue.BULK)
    )
