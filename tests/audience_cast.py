"""What the tests of the audience share: a visitor, and a sign-up on its way to its mail and its confirming."""

from datetime import datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from funnel.audience import allowance, confirmation, settle, signup
from funnel.audience.signup import Looks, Typed
from funnel.audience.visit import Visit
from funnel.models.door import Proof
from funnel.models.mail import Message
from funnel.models.people import Form, SignUp, Subscriber
from tests.conftest import NOW

VISIT = Visit("192.0.2.7", "A browser")


@pytest.fixture
def slow_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several locks one is taken some time after the other, so that those who take the same ones meet halfway."""
    for name in ("_LOCK_MARKS", "_LOCK_NAMES"):
        asked = str(getattr(allowance, name)).replace(" FROM ", ", pg_sleep(0.002) FROM ", 1)
        monkeypatch.setattr(allowance, name, text(asked))


def signs_up(
    session: Session,
    form: Form,
    email: str = "ada@example.org",
    now: datetime = NOW,
    proof: Proof = Proof.NONE,
    **typed: str,
) -> SignUp:
    """The web's part and the worker's part of one sign-up, each from another network unless told otherwise."""
    visit = Visit(typed.pop("network", ""), "A browser")
    source = typed.pop("source", "")
    row = signup.sign_up(session, form, Typed(email, **typed), source, {}, visit, now, Looks(proof=proof))
    settle.settle(session, row.id, now)
    return row


def confirms(session: Session, sign_up: SignUp, now: datetime = NOW) -> Subscriber:
    """Presses the button on the page behind the confirmation mail's link."""
    found = confirmation.confirm(session, confirmation.token(sign_up), VISIT, now)
    return session.get_one(Subscriber, found.sign_up.subscriber_id)


def templates(session: Session) -> list[str]:
    """The templates of all mails ever planned, in that order."""
    return list(session.scalars(select(Message.template).order_by(Message.id)))


def count(session: Session, noun: type, *conditions: object) -> int:
    return session.scalars(select(func.count()).select_from(noun).where(*conditions)).one()
