"""A batch: the mails one claim took, rendered before the first of them is handed over."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, joinedload

from funnel import logs
from funnel.mail import render, replies
from funnel.mail.claim import Claimed
from funnel.mail.encoding import Unsendable
from funnel.mail.render import Outgoing
from funnel.mail.replies import Outcome
from funnel.models.content import Step
from funnel.models.mail import Message
from funnel.models.people import Subscriber
from funnel.programme import history
from funnel.programme.merge import BadTags

FIRST, LARGEST = 10, 100  # without a journal, a killed process leaves unknown whatever it had claimed
SECONDS = 2.0  # a claim holds about so much of the present pace, since what is claimed is not gated again
OUR_ERROR = "an error of ours kept it from being written: see the log"

Row = TypeVar("Row", Message, Subscriber, Step)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Page:
    """One claimed mail as it will leave, or the outcome it has without leaving."""

    claimed: Claimed
    mail: Outgoing | Outcome


class Pace:
    """How many mails to claim next, by how fast the last ones went."""

    def __init__(self) -> None:
        self.limit = FIRST
        self._began = time.monotonic()

    def begin(self) -> None:
        self._began = time.monotonic()

    def end(self, mails: int) -> None:
        taken = max(time.monotonic() - self._began, 0.001)
        self.limit = max(1, min(LARGEST, 2 * self.limit, round(mails / taken * SECONDS)))


def rendered(session: Session, claims: list[Claimed], now: datetime) -> list[Page]:
    """Every claimed mail, in the order of `claims`. One that cannot be written stops no other."""
    messages = {found.id: found for found in session.scalars(_rows(Message, {claimed.id for claimed in claims}))}
    # Held until all are rendered: the session then finds each of them without asking again.
    held = [
        session.scalars(_rows(Subscriber, {message.subscriber_id for message in messages.values()})).all(),
        session.scalars(
            _rows(Step, {message.step_id for message in messages.values()}).options(joinedload(Step.sequence))
        ).all(),
    ]
    pages = list(_pages(session, claims, messages, now))
    del held
    return pages


def _rows(kind: type[Row], ids: set[int | None]) -> Select[Row]:
    return select(kind).where(history.among(kind.id, [known for known in ids if known is not None]))


def _pages(session: Session, claims: list[Claimed], messages: dict[int, Message], now: datetime) -> Iterator[Page]:
    for claimed in claims:
        logs.ref.set(f"message {claimed.id}")
        yield Page(claimed, _mail(session, messages[claimed.id], now))


def _mail(session: Session, message: Message, now: datetime) -> Outgoing | Outcome:
    try:
        return render.rendered(session, message, now)
    except (Unsendable, BadTags) as why:
        return replies.unsendable(str(why))
    except SQLAlchemyError:
        raise  # the database's trouble, not the mail's
    except Exception:
        log.exception("a mail could not be written")
        return replies.unsendable(OUR_ERROR)
