"""A message as a claim hands it over, and the mail that becomes of it, without a queue or a worker."""

from datetime import timedelta

from sqlalchemy.orm import Session

from funnel.mail import batch
from funnel.mail.batch import Draft
from funnel.mail.claimed import Claimed
from funnel.mail.render import Outgoing
from funnel.models.mail import Message, MessageKind
from funnel.models.people import Subscriber
from tests.conftest import NOW

OF_THE_MESSAGE = (
    "id", "subscriber_id", "sign_up_id", "enrolment_id", "template", "message_id", "to_address", "step_id",
    "newsletter_id", "booking_id", "created_at", "expires_at",
)  # fmt: skip


def as_claimed(session: Session, message: Message) -> Claimed:
    person = session.get(Subscriber, message.subscriber_id) if message.subscriber_id else None
    return Claimed(
        kind=MessageKind(message.kind).value,
        attempts=message.attempts + 1,
        claim_id=1,
        lease_until=NOW + timedelta(minutes=5),
        email=person.email if person else None,
        first_name=person.first_name if person else None,
        language=person.language if person else None,
        **{name: getattr(message, name) for name in OF_THE_MESSAGE},
    )


def drafts(session: Session, *messages: Message) -> list[Draft]:
    session.flush()
    return batch.prepared(session, [as_claimed(session, message) for message in messages], NOW)


def composed(session: Session, message: Message) -> Outgoing:
    return drafts(session, message)[0].compose()
