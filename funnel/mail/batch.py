"""A batch: the mails one claim took, each made ready to be composed the moment its turn comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from funnel import logs
from funnel.mail import edition, render, replies
from funnel.mail.claimed import Claimed
from funnel.mail.edition import Edition
from funnel.mail.encoding import Unsendable
from funnel.mail.render import NEWSLETTER, STEP, Outgoing
from funnel.mail.replies import Outcome
from funnel.models.mail import Message, MessageKind
from funnel.models.people import Form, SignUp, Subscriber
from funnel.programme.history import among

GONE = replies.unsendable("what it says was deleted")
# What is said to many and counted: whose words they are, and for readers of which language; how those are made ready.
TO_MANY = {
    STEP: (attrgetter("step_id", "language"), edition.of_steps),
    NEWSLETTER: (attrgetter("newsletter_id", "language"), edition.of_newsletters),
}

TEST = MessageKind.TEST.value

Row = TypeVar("Row", Message, Subscriber, SignUp)


class Wording(NamedTuple):
    """Whose words a mail says, and to readers of which language: by this those of a batch are told apart."""

    template: str
    kind: str
    step_id: int | None
    newsletter_id: int | None
    language: str | None


wording_of = attrgetter(*Wording._fields)


@dataclass(slots=True)
class Draft:
    """A claimed mail: its edition; or the whole mail, where it is nobody else's; or its outcome without leaving."""

    claimed: Claimed
    made: Edition | Outgoing | Outcome

    @property
    def outcome(self) -> Outcome | None:
        """What became of a mail that cannot be written; None for one that is to be composed."""
        return self.made if isinstance(self.made, Outcome) else None

    def compose(self) -> Outgoing:
        """The mail as it leaves. Raises Unsendable, in words for the owner, when it cannot be written after all."""
        if isinstance(self.made, Edition):
            return self.made.compose(self.claimed)
        if isinstance(self.made, Outcome):
            raise Unsendable(self.made.reason)
        return self.made


def prepared(session: Session, claims: Sequence[Claimed], now: datetime) -> list[Draft]:
    """Every claimed mail, in the order of `claims`. One that cannot be written stops no other.

    `now` is what their Date will say. Missing rows of links are made: commit before any of the mails leaves.
    """
    made: dict[tuple[object, ...], Edition | Outcome] = {}
    wordings: list[tuple[object, ...]] = [wording_of(claimed) for claimed in claims]
    for template, (number_of, editions_of) in TO_MANY.items():
        mine = [one for one in map(Wording._make, set(wordings)) if one.template == template and one.kind != TEST]
        editions = editions_of(session, {number_of(one) for one in mine if number_of(one)[0]}, now)
        made |= {one: editions.get(number_of(one), GONE) for one in mine}
    both = list(zip(claims, wordings, strict=True))
    alone = _rendered(session, [claimed.id for claimed, wording in both if wording not in made], now)
    return [Draft(claimed, made.get(wording) or alone[claimed.id]) for claimed, wording in both]


def _rendered(session: Session, ids: list[int], now: datetime) -> dict[int, Outgoing | Outcome]:
    if not ids:
        return {}
    messages = session.scalars(_rows(Message, ids)).all()
    # Held until all are rendered: the session then finds each of them without asking again.
    held = [
        session.scalars(_rows(Subscriber, [message.subscriber_id for message in messages])).all(),
        session.execute(_asked([message.sign_up_id for message in messages])).all(),
    ]
    made: dict[int, Outgoing | Outcome] = {}
    for message in messages:
        logs.ref.set(f"message {message.id}")
        made[message.id] = edition.attempted(render.rendered, session, message, now)
    del held
    return made


def _asked(ids: Sequence[int | None]) -> Select[SignUp, Form]:
    return _rows(SignUp, ids).add_columns(Form).join(Form, Form.id == SignUp.form_id)


def _rows(kind: type[Row], ids: Sequence[int | None]) -> Select[Row]:
    return select(kind).where(among(kind.id, {known for known in ids if known is not None}))
