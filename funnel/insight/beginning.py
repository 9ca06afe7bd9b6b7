"""The beginning: what a new practice does first, and how much of it is done. It is over with the first reader."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from funnel.models.house import Owner
from funnel.models.mail import Message, MessageKind
from funnel.models.people import Form, Subscriber, SubscriberState


@dataclass(frozen=True)
class Beginning:
    """What was done. A `reader` is somebody who confirmed and is none of the owners."""

    form: bool
    test: bool  # a mail sent to oneself
    sign_up: bool
    confirmed: bool
    reader: bool

    @property
    def over(self) -> bool:
        return self.reader

    @property
    def done(self) -> int:
        return sum((self.form, self.test, self.sign_up, self.confirmed, self.reader))


def beginning(session: Session) -> Beginning:
    """How far it has come. Each question ends with the first row it finds."""
    confirmed = Subscriber.state != SubscriberState.PENDING, Subscriber.confirmed_at.is_not(None)
    an_owners = exists().where(Owner.email == func.lower(Subscriber.email))
    return Beginning(
        form=_any(session, Form.id),
        test=_any(session, Message.id, Message.kind == MessageKind.TEST),
        sign_up=_any(session, Subscriber.id),
        confirmed=_any(session, Subscriber.id, *confirmed),
        reader=_any(session, Subscriber.id, *confirmed, ~an_owners),
    )


def _any(session: Session, column: InstrumentedAttribute[int], *which: ColumnElement[bool]) -> bool:
    return session.scalar(select(column).where(*which).limit(1)) is not None
