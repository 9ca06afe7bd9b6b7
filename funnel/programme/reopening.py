"""Reopening: who finished a course gets its new last mail after all, when that is wished.

They may be a million, so the wish is written down, and they are looked at some thousands at a time. Whoever finishes
after the wish is not meant: they came by the mail.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import BigInteger, Select, delete, exists, func, insert, literal, select
from sqlalchemy.orm import Session

from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.editing import Reopening, Transfer
from funnel.models.mail import Message
from funnel.models.people import Subscriber
from funnel.programme.history import among, has_booked

CHUNK = 5000  # people looked at in one transaction

_COLUMNS = ("enrolment_id", "sequence_id", "step_id", "due_at", "to_step_id", "days")
_Transfers = Select[int, int, int | None, datetime | None, int, int]


def begin(session: Session, sequence_id: int, step_id: int, now: datetime) -> int:
    """Wishes that all who finished until now get this mail; returns how many of the first CHUNK do, written down."""
    session.add(Reopening(step_id=step_id, sequence_id=sequence_id, before=now, last_id=0))
    session.flush()
    return unfold(session)[1]


def unfold(session: Session, most: int = CHUNK) -> tuple[int, int]:
    """Looks at the next of those who finished, and writes down who gets the mail: at how many it looked, how many do.

    Nobody is looked at when no wish is left, or another transaction is at it.
    """
    open_ones = select(Reopening).order_by(Reopening.step_id).limit(1).with_for_update(skip_locked=True)
    wish = session.scalar(open_ones)
    if wish is None:
        return 0, 0
    written = 0
    ids = list(session.scalars(_to_look_at(wish).order_by(Enrolment.id).limit(most)))
    if ids:
        people = finished(wish.sequence_id, wish.step_id, ids).add_columns(
            Enrolment.sequence_id, Enrolment.step_id, Enrolment.due_at,
            literal(wish.step_id, BigInteger), literal(0, BigInteger),
        )  # fmt: skip
        written = write(session, people)
        wish.last_id = ids[-1]
    if len(ids) < most:
        session.delete(wish)
    session.flush()
    return len(ids), written


def drop(session: Session, step_id: int) -> None:
    """Nobody more is to get it."""
    session.execute(delete(Reopening).where(Reopening.step_id == step_id))


def left(session: Session, sequence_id: int) -> int:
    """How many people of this course are still to be looked at."""
    wishes = session.scalars(select(Reopening).where(Reopening.sequence_id == sequence_id)).all()
    return sum(session.scalars(select(func.count()).select_from(_to_look_at(wish).subquery())).one() for wish in wishes)


def finished(sequence_id: int, step_id: int, among_ids: Collection[int]) -> Select[int]:
    """Of these enrolments, those of people who finished the course, may be mailed, did not book, and never had this
    mail planned.
    """
    had = exists(select(literal(1)).where(Message.subscriber_id == Enrolment.subscriber_id, Message.step_id == step_id))
    return (
        select(Enrolment.id)
        .join(Subscriber, Subscriber.id == Enrolment.subscriber_id)
        .where(among(Enrolment.id, among_ids))
        .where(Enrolment.sequence_id == sequence_id, Enrolment.state == EnrolmentState.FINISHED)
        .where(Subscriber.mailable, ~had, ~has_booked(Enrolment.subscriber_id))
    )


def write(session: Session, people: _Transfers) -> int:
    """Writes down who is to be transferred; how many."""
    made = insert(Transfer).from_select(_COLUMNS, people).returning(Transfer.enrolment_id).cte("made")
    return session.scalars(select(func.count()).select_from(made)).one()


def _to_look_at(wish: Reopening) -> Select[int]:
    return select(Enrolment.id).where(
        Enrolment.sequence_id == wish.sequence_id,
        Enrolment.state == EnrolmentState.FINISHED,
        Enrolment.id > wish.last_id,
        func.coalesce(Enrolment.ended_at, wish.before) <= wish.before,
    )
