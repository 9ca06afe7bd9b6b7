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
    row = session.execute(
        select(
            _any(Form.id),
            _any(Message.id, Message.kind == MessageKind.TEST),
            _any(Subscriber.id),
            _any(Subscriber.id, *confirmed),
            _any(Subscriber.id, *confirmed, ~an_owners),
        )
    ).one()
    return Beginning(*row)


def _any(column: InstrumentedAttribute[int], *which: ColumnElement[bool]) -> ColumnElement[bool]:
    # A query of one row each, so that PostgreSQL begins with what it finds first and reads no more.
    return select(column).where(*which).limit(1).scalar_subquery().is_not(None)
